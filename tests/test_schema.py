"""The declared tables are consistent in themselves."""

from __future__ import annotations

import pytest

from core.schema import DIRECTORIES, KINDS, TABLES, WORDS, Table, codes, normal, staged, table

ALL = [*TABLES, *DIRECTORIES]


@pytest.mark.parametrize("declared", ALL, ids=lambda each: each.name)
def test_columns_have_known_kinds_and_different_names(declared: Table) -> None:
    """Each column's kind is known, its name stands once, and it is its own first alias."""
    names = [column.name for column in declared.columns]
    assert len(names) == len(set(names))
    assert {column.kind for column in declared.columns} <= set(KINDS)
    assert all(column.aliases[0] == column.name for column in declared.columns)


@pytest.mark.parametrize("declared", ALL, ids=lambda each: each.name)
def test_needs_and_keys_name_columns(declared: Table) -> None:
    """Needed columns exist."""
    names = set(declared.by_name())
    assert {name for need in declared.needs for name in need} <= names
    assert set(declared.keys) <= names


@pytest.mark.parametrize("declared", ALL, ids=lambda each: each.name)
def test_no_heading_is_the_best_name_of_two_columns(declared: Table) -> None:
    """A canonical name is never the alias of another column before it is itself."""
    own = {normal(column.name): column.name for column in declared.columns}
    for column in declared.columns:
        assert own[normal(column.name)] == column.name


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("messages", "conversation_id customer_id sent_at sender agent_id automation event text content_type channel language"),
        ("conversations", "agent_id started_at conversation_id customer_id first_human_reply_at closed_at first_closed_at assigned_agent "
         "csat csat_at survey_sent resolved reopened transfers handle_s wait_s channel language category priority team shift region tenure "
         "holiday_mode needs_human complaint complaint_solved order_id text"),
        ("agent_days", "agent_id date conversations"),
        ("roster", "agent_id start_at end_at team break_minutes activity"),
        ("orders", "order_id created_at customer_id confirmed_at paid_at shipped_at completed_at amount refunded_amount refunded_at "
         "agent_id returned disputed"),
        ("reviews", "agent_id criterion score conversation_id rater rater_type min max weight critical not_applicable reviewed_at"),
        ("transfers", "conversation_id requested_at accepted_at from_agent to_agent to_team"),
    ],
)  # fmt: skip
def test_every_defined_column_is_declared(name: str, columns: str) -> None:
    """The columns of the definitions are all there."""
    assert set(columns.split()) <= {column.name for column in staged(name)}


def test_an_unknown_table_or_column_is_named() -> None:
    """A wrong name is a KeyError that says what exists."""
    with pytest.raises(KeyError, match="messages"):
        table("mesages")
    with pytest.raises(KeyError, match="sent"):
        table("messages").column("sent")


@pytest.mark.parametrize("kind", [kind for kind in WORDS if kind != "marks"])
def test_no_word_means_two_things(kind: str) -> None:
    """Within a kind each word has one code."""
    words = [word for listed in WORDS[kind].values() for word in listed]
    assert len(words) == len(set(words)) == len(codes(kind))
