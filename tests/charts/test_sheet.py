"""A printable sheet holds what it was given, in any language, and can neither run nor fetch anything."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from core.charts import Labels, gap_chart
from core.exports import Section, html_sheet


def sheet(sections: list[Section], title: str = "王芳") -> str:
    """A sheet as text."""
    return html_sheet(title, "2024-03", sections, "digest", "zh").decode("utf-8")


def test_words_of_users_are_shown_not_run() -> None:
    """Markup in names, lines, headings and cells stays text."""
    evil = "<script>alert(1)</script>"
    found = sheet([Section(evil, [evil], pd.DataFrame({evil: [evil]}))], evil)
    assert "<script" not in found
    assert found.count("&lt;script&gt;") == 6


def test_nothing_is_fetched() -> None:
    """No address in the file but those that name a format, and a policy that forbids the rest."""
    chart = gap_chart(pd.DataFrame({"slot": ["09:00"], "required": [2.0], "supplied": [1.0]}), Labels("zh", "周五人手"))
    found = sheet([Section("图", picture=chart)])
    assert "周五人手" in found
    assert {address for address in re.findall(r'https?://[^"\s<]+', found) if "w3.org" not in address} == set()
    assert "default-src 'none'" in found


def test_missing_is_a_dash_and_numbers_stand_right() -> None:
    """A missing figure is never printed as nan; numeric columns are aligned."""
    found = sheet([Section("t", table=pd.DataFrame({"KPI": ["CSAT", None], "n": [3.0, np.nan]}))])
    assert "nan" not in found.lower().replace("lang", "")
    assert '<td class="n">3.0</td>' in found
    assert found.count("–") == 2
