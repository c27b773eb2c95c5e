"""Everything the import can say has its words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.errors import Issue
from core.ingest import explain
from core.ingest.answers import CAPABILITIES
from core.schema import DIRECTORIES, KINDS, TABLES
from core.text import LANGUAGES, Text

FOLDER = Path(__file__).resolve().parents[2] / "core" / "ingest"
SOURCE = "\n".join(path.read_text("utf-8") for path in sorted(FOLDER.glob("*.py")))
ENTERED = re.compile(r"""(?:Issue|note|drop|refuse)\(\s*"([a-z_0-9]+)",""")
NAMED = re.compile(r"""for code, \w+ in \(([^\n]+)\):|code = ("[^\n]+)""")
CODES = sorted(
    set(ENTERED.findall(SOURCE))
    | {code for hit in NAMED.findall(SOURCE) for code in re.findall(r'"([a-z_0-9]+)"', "".join(hit))}
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_issue_code_has_a_message_and_a_cure(language: str) -> None:
    """Each code that the import enters anywhere is explained."""
    text = Text(language)
    assert len(CODES) > 40
    assert [
        code for code in CODES if not text.has(f"issues.{code}.message") or not text.has(f"issues.{code}.cure")
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_column_and_kind_has_a_name(language: str) -> None:
    """Tables and columns have a name and a line of help, kinds a name."""
    text = Text(language)
    for table in (*TABLES, *DIRECTORIES):
        assert text(f"schema.table.{table.name}.name")
        assert text(f"schema.table.{table.name}.help")
        for column in table.columns:
            assert text(f"schema.column.{column.name}.name")
            assert text(f"schema.column.{column.name}.help")
    assert all(text(f"schema.kind.{kind}") for kind in KINDS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_capability_has_a_name(language: str) -> None:
    """What a log can answer is said in words."""
    assert all(Text(language)(f"ingest.capability.{name}") for name in CAPABILITIES)


def test_field_names_are_translated_in_an_explanation() -> None:
    """Missing fields appear under their names, not their codes."""
    facts = {"missing": "agent_id, started_at", "headings": "A, B"}
    issue = Issue("missing_columns", "error", "conversations", "a.csv", facts=facts)
    assert "客服, 开始时间" in explain(issue, Text("zh"))[0]
    assert "Agent, Started at" in explain(issue, Text("en"))[0]
