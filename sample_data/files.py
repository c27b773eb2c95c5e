"""Writes the sample shop to disk: English CSV files, one week in Chinese, Fixture T, the facts, the two READMEs."""

from __future__ import annotations

import hashlib
import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from sample_data.fixture import EXPECTED, fixture_t
from sample_data.generate import make
from sample_data.story import Story
from sample_data.truth import truth

HERE = Path(__file__).parent
TABLES = ("messages", "conversations", "orders", "reviews", "roster", "transfers")


def english(column: str) -> str:
    """The heading a canonical column gets in the English files.

    >>> english("conversation_id"), english("handle_s")
    ('Conversation ID', 'Handle time')
    """
    words = column.removesuffix("_s") + " time" if column.endswith("_s") else column
    return words.replace("_", " ").capitalize().replace(" id", " ID").replace("Csat", "CSAT")


def chinese(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows with Chinese headings and Chinese words in coded cells (the words of `zh.toml`)."""
    words = tomllib.loads((HERE / "zh.toml").read_text("utf-8"))
    out = {}
    for column in frame.columns:
        values = frame[column]
        if pd.api.types.is_bool_dtype(values) or column == "complaint_solved":
            values = values.map({True: "是", False: "否"})
        elif column in words["cells"]:
            values = values.map(lambda code, known=words["cells"][column]: known.get(code, code), na_action="ignore")
        out[words["headings"][column]] = values
    return pd.DataFrame(out)


def _cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers without a needless fraction, instants in ISO shop time, flags as yes/no."""
    out = frame.copy()
    for column in out.columns:
        values = out[column]
        if pd.api.types.is_datetime64_any_dtype(values):
            out[column] = values.dt.strftime("%Y-%m-%d %H:%M:%S")
        elif pd.api.types.is_bool_dtype(values) or column == "complaint_solved":
            out[column] = values.map({True: "yes", False: "no"})
        elif pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
            out[column] = values.astype("Int64")
    return out


def _csv(frame: pd.DataFrame, path: Path, encoding: str = "utf-8", separator: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = frame.to_csv(index=False, sep=separator, lineterminator="\n")
    # "utf-16" alone would follow the machine's byte order
    path.write_bytes(b"\xff\xfe" + text.encode("utf-16-le") if encoding == "utf-16" else text.encode(encoding))


def last_but_one_week(tables: dict[str, pd.DataFrame], story: Story) -> dict[str, pd.DataFrame]:
    """Conversations that start in the last week but one, their messages, and that week's roster."""
    low = pd.Timestamp(story.start) + pd.Timedelta(weeks=story.weeks - 2)
    high = low + pd.Timedelta(weeks=1)
    talks, shifts = tables["conversations"], tables["roster"]
    talks = talks[(talks["started_at"] >= low) & (talks["started_at"] < high)]
    messages = tables["messages"]
    messages = messages[messages["conversation_id"].isin(talks["conversation_id"])]
    shifts = shifts[(shifts["start_at"] >= low) & (shifts["start_at"] < high)]
    return {"messages": messages, "conversations": talks, "roster": shifts}


def _workbook(sheets: dict[str, pd.DataFrame], path: Path) -> None:
    """An Excel file whose bytes depend on its cells alone."""
    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
    with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs=options) as book:
        book.book.set_properties({"created": datetime(2026, 6, 1, tzinfo=UTC).replace(tzinfo=None)})
        for name, frame in sheets.items():
            frame.to_excel(book, sheet_name=name, index=False)


def _week(tables: dict[str, pd.DataFrame], story: Story, folder: Path) -> None:
    week = {name: chinese(_raw(frame)) for name, frame in last_but_one_week(tables, story).items()}
    _csv(week["messages"], folder / "消息_gbk.csv", "gb18030")
    _csv(week["roster"], folder / "班表_utf16.tsv", "utf-16", "\t")
    _workbook({"消息": week["messages"], "会话": week["conversations"]}, folder / "会话.xlsx")


def _raw(frame: pd.DataFrame) -> pd.DataFrame:
    """Instants as text and whole numbers as such; flags are left for the Chinese words."""
    flags = [c for c in frame.columns if pd.api.types.is_bool_dtype(frame[c]) or c == "complaint_solved"]
    return _cells(frame.drop(columns=flags)).join(frame[flags])[list(frame.columns)]


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every text table below the folder (an Excel file also depends on its writer's version)."""
    found = sorted(p for p in folder.rglob("*") if p.suffix in {".csv", ".tsv"})
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in found}


def write_all(folder: Path, story: Story) -> dict:
    """Write all files below `folder`; returns what `truth.json` holds."""
    from sample_data.seen import seen  # only writing needs the product; making tables does not

    tables = make(story)
    for name in TABLES:
        _csv(_cells(tables[name]).rename(columns=english), folder / "shop" / f"{name}.csv")
    (folder / "week_zh").mkdir(parents=True, exist_ok=True)
    _week(tables, story, folder / "week_zh")
    _csv(_cells(fixture_t()), folder / "fixture_t.csv")
    _json(EXPECTED, folder / "fixture_t_expected.json")
    shop = [folder / "shop" / f"{name}.csv" for name in TABLES]
    facts = truth(tables, story) | {"seen": seen(shop, story), "files": digests(folder)}
    _json(facts, folder / "truth.json")
    for name in ("README.md", "README.zh.md"):
        template = (HERE / "templates" / name).read_text("utf-8")
        (folder / name).write_text(template.format_map(_words(facts, name)), "utf-8", newline="\n")
    return facts


def _json(value: dict, path: Path) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, default=_plain) + "\n", "utf-8", newline="\n")


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value)


def _words(facts: dict, name: str) -> dict[str, object]:
    """Facts flattened to `group_key`, with the weekday in the language of the README."""
    flat = {f"{g}_{k}": v for g, part in facts.items() if isinstance(part, dict) for k, v in part.items()}
    days = "一二三四五六日" if name.endswith("zh.md") else ("Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun")
    day = days[facts["weekday"]["weekday"]]
    flat["day"] = f"星期{day}" if name.endswith("zh.md") else f"{day}day"
    for when in ("before", "after"):
        flat[f"seen_short_{when}"] = _hours(facts["seen"][f"short_{when}"], name)
    flat["equal_list"] = ("、" if name.endswith("zh.md") else ", ").join(facts["equal"]["agents"])
    return flat


def _hours(starts: list[int], name: str) -> str:
    """Hours of the day as ranges: 10–14, 20–23; a word where there are none."""
    runs: list[list[int]] = []
    for hour in starts:
        if runs and runs[-1][1] == hour:
            runs[-1][1] = hour + 1
        else:
            runs.append([hour, hour + 1])
    zh = name.endswith("zh.md")
    return ("、" if zh else ", ").join(f"{a}–{b}" for a, b in runs) or ("无" if zh else "none")
