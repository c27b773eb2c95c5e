"""Files open elsewhere as they should: letters are letters, text is text, numbers are numbers."""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib

import fastexcel
import pandas as pd
import pytest
import vl_convert
from PIL import Image, ImageChops

from core import charts, exports
from core.charts import Labels, theme
from core.charts.font import register
from core.exports import pictures
from core.exports.tables import escape_cell


def day(title: str) -> charts.Chart:
    """A one-slot chart with a title."""
    frame = pd.DataFrame({"slot": ["09:00"], "required": [2.0], "supplied": [1.0]})
    return charts.gap_chart(frame, Labels("zh", title))


def picture(title: str) -> Image.Image:
    """The PNG of a chart with a title."""
    return Image.open(io.BytesIO(exports.png(day(title)))).convert("L")


def test_a_png_is_twice_the_width_on_white() -> None:
    """Files are sharp enough for a slide and have a white ground whatever the reader's theme."""
    drawn = Image.open(io.BytesIO(exports.png(day("周五")))).convert("RGB")
    assert drawn.width == 2 * pictures.WIDTH
    assert drawn.getpixel((2, 2)) == (255, 255, 255)


def test_chinese_letters_are_drawn_and_differ() -> None:
    """Different characters give different ink; characters no font has would all give the same box."""
    inks = {title: picture(title).crop((0, 0, 500, 90)).tobytes() for title in ("客服响应", "满意度分", "缺口人数")}
    boxes = {picture(title).crop((0, 0, 500, 90)).tobytes() for title in ("\ue000\ue001", "\ue002\ue003")}
    assert len(set(inks.values())) == 3
    assert not boxes & set(inks.values())
    assert all(ImageChops.invert(picture(title).crop((0, 0, 500, 90))).getbbox() for title in inks)


def test_the_shipped_font_is_the_one_that_draws() -> None:
    """A PDF of a Chinese chart embeds Noto Sans SC, which only the project brings."""
    register()
    pdf = vl_convert.vegalite_to_pdf(pictures.complete(day("客服响应")), config=theme.EXPORT_CONFIG)
    parts = [pdf]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            parts.append(stream)
    assert b"NotoSansSC-Regular" in b"".join(parts)


def test_svg_keeps_text_as_text() -> None:
    """Words in an SVG can be searched and copied."""
    assert "客服响应" in exports.svg(day("客服响应"))


def test_nothing_is_fetched() -> None:
    """A template that asks for data from elsewhere is refused."""
    chart = day("x")
    spec = pictures.complete(chart) | {"data": {"url": "https://example.org/rows.csv"}}
    with pytest.raises(ValueError, match=r"(?i)access denied|not allowed"):
        vl_convert.vegalite_to_png(spec, allowed_base_urls=[])


@pytest.mark.parametrize("bad", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1", "＠x"])
def test_formulas_become_text(bad: str) -> None:
    """Every start a spreadsheet would run gets an apostrophe, in cells and in headings."""
    text = exports.csv_bytes(pd.DataFrame({bad: [bad]})).decode("utf-8-sig")
    frame = pd.read_csv(io.StringIO(text), dtype=str)
    assert frame.columns[0] == f"'{bad}"
    assert frame.iloc[0, 0] == f"'{bad}"


def test_numbers_and_missing_values_stay_what_they_are() -> None:
    """A negative number is not escaped, a missing value is empty, nothing is rounded."""
    frame = pd.DataFrame({"agent": ["Li", None], "gap": [-1 / 3, math.nan]})
    back = pd.read_csv(io.BytesIO(exports.csv_bytes(frame)), encoding="utf-8-sig")
    assert back["gap"].tolist()[0] == -1 / 3
    assert back.isna().to_numpy().tolist() == [[False, False], [True, True]]
    assert [escape_cell(value) for value in (-5, None, 1.5)] == [-5, None, 1.5]


def test_csv_opens_in_excel() -> None:
    """The file starts with the mark that makes Excel read Chinese."""
    assert exports.csv_bytes(pd.DataFrame({"客服": ["王芳"]})).startswith(b"\xef\xbb\xbf")


def test_a_frame_is_not_changed_by_its_export() -> None:
    """Escaping happens in the file, not in the frame of the page."""
    frame = pd.DataFrame({"note": ["=1+1"]})
    exports.csv_bytes(frame)
    exports.xlsx_bytes({"a": frame})
    assert frame["note"].tolist() == ["=1+1"]


def test_a_workbook_holds_text_and_numbers_and_no_formula() -> None:
    """Sheets come back with names, values and text as given; no cell is a formula or a link."""
    frame = pd.DataFrame({"客服": ["=1+1", "https://example.org"], "score": [89.995, 60.0]})
    raw = exports.xlsx_bytes({"得分": frame, "leer": frame.iloc[:0]})
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode("utf-8")
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    reader = fastexcel.read_excel(raw)
    assert reader.sheet_names == ["得分", "leer"]
    assert reader.load_sheet("得分").to_pandas().to_dict("list") == frame.to_dict("list")


def test_a_workbook_has_empty_cells_where_text_is_missing() -> None:
    """A person without a grade has no words in some columns of the pay table: the cell is empty, the file is written."""
    words = pd.Series(["D", None], dtype="str")
    frame = pd.DataFrame({"客服": ["Li", "Wu"], "等级": words, "总分": [51.0, float("nan")]})
    back = fastexcel.read_excel(exports.xlsx_bytes({"人事": frame})).load_sheet("人事").to_pandas()
    assert back["等级"].isna().tolist() == [False, True]
    assert back["总分"].isna().tolist() == [False, True]
