"""Source files: what may stand in them, what is refused and why, and what a visitor of a shared page may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InputError
from core.ingest import explain
from core.text import LANGUAGES, Text
from core.warehouse import source

GOOD = """engine = "postgresql"
address = "env:KEFULENS_SHOP"
zone = "Asia/Shanghai"
[tables]
messages = "cs.chat"
[columns.messages]
sent_at = "created"
[values.sender]
"客户" = "customer"
"""


def refused(text: str) -> InputError:
    """Why a source file is refused; the words are whole in both languages."""
    with pytest.raises(InputError) as caught:
        source.read(text.encode(), "shop.toml")
    for language in LANGUAGES:
        assert "{" not in " ".join(explain(caught.value.issue, Text(language)))
    return caught.value


def test_a_good_file_is_read() -> None:
    """Everything the file says is there, the name is the file's where none is given."""
    found = source.read(GOOD.encode("utf-8-sig"), "shop.toml")
    assert (found.engine, found.name, found.tables["messages"]) == ("postgresql", "shop", "cs.chat")
    assert found.columns["messages"]["sent_at"] == "created"
    assert found.values["sender"]["客户"] == "customer"
    assert found.resolved({"KEFULENS_SHOP": " postgresql://h/d "}) == "postgresql://h/d"


@pytest.mark.parametrize(
    ("change", "code", "like"),
    [
        (("env:KEFULENS_SHOP", "postgresql://u:geheim@h/d"), "far_password", ""),
        (("env:KEFULENS_SHOP", "postgresql://h/d?password=geheim"), "far_password", ""),
        (('zone =', 'password = "geheim"\nzone ='), "far_password", ""),
        (("zone =", "zoen ="), "far_unknown_key", "zone"),
        (("Asia/Shanghai", "Asia/Shanghia"), "unknown_zone", ""),
        (('"postgresql"', '"postgresq"'), "engine_unknown_kind", "postgresql"),
        (("messages =", "mesages ="), "far_unknown_table", "messages"),
        (("messages =", "orders ="), "far_table_near", ""),
        (("messages =", "roster ="), "far_no_tables", ""),
        (("sent_at =", "sentat ="), "far_unknown_field", "sent_at"),
        (("[columns.messages]", "[columns.mesages]"), "far_unknown_table", "messages"),
        (('"cs.chat"', "7"), "far_bad_file", ""),
        (("[tables]", "[tables"), "far_bad_file", ""),
    ],
)
def test_what_is_wrong_is_said(change: tuple[str, str], code: str, like: str) -> None:
    """Every slip has its own words, the near word where there is one, and never the password."""
    issue = refused(GOOD.replace(*change)).issue
    assert issue.code == code
    assert like in issue.facts.get("like", "")
    assert "geheim" not in repr(issue)


def test_a_variable_that_is_not_set_is_named() -> None:
    """Secrets stand in the environment; a missing one is named."""
    with pytest.raises(InputError) as caught:
        source.read(GOOD.encode(), "shop.toml").resolved({})
    assert (caught.value.issue.code, caught.value.issue.value) == ("source_no_variable", "KEFULENS_SHOP")


@pytest.mark.parametrize(
    ("engine", "address", "code"),
    [
        ("duckdb", "/etc/passwd", "far_address_closed"), ("spark", "local[2]", "far_address_closed"),
        ("postgresql", "env:HOME", "source_variable_closed"), ("postgresql", "postgresql:///shop", "source_file_closed"),
        ("postgresql", "postgresql://u@h/shop", "source_password"),
        ("clickhouse", "sqlite:////etc/passwd", "source_file_closed"),
    ],
)  # fmt: skip
def test_a_visitor_reaches_nothing_of_the_server(engine: str, address: str, code: str) -> None:
    """No file, no other variable, nothing the server itself is trusted with, whatever engine the address claims."""
    with pytest.raises(InputError) as caught:
        source.typed_address(engine, address)
    assert caught.value.issue.code == code


def test_a_visitors_file_uses_open_variables_only() -> None:
    """A file brought along may name a variable that is meant for visitors, and no address."""
    found = source.read(GOOD.encode(), "shop.toml")
    assert source.of_a_visitor(found) is found
    for address in ("env:HOME", "postgresql://h/d", ""):
        with pytest.raises(InputError):
            source.of_a_visitor(source.read(GOOD.replace("env:KEFULENS_SHOP", address).encode(), "shop.toml"))


def test_sources_of_the_operator_are_offered(tmp_path: Path) -> None:
    """Files of the folder by name; no folder, no offer."""
    (tmp_path / "Shop.toml").write_text(GOOD, "utf-8")
    (tmp_path / "notes.txt").write_text("", "utf-8")
    assert list(source.offered({"KEFULENS_SOURCES": str(tmp_path)})) == ["Shop"]
    assert source.offered({}) == {}
