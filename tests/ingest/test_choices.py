"""Decisions that are remembered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import InputError
from core.ingest import Choices, FileChoice, InputFile, load

FULL = Choices(
    zone="Europe/Berlin",
    files=(FileChoice("*.csv", "messages", {"A": "agent_id", "B": ""}, {"*": "mdy"}, {"W": "min"}),),
    sender_map={"甲": "customer"},
    value_map={"automation": {"A1": "faq"}},
    bots=("Robo",),
    greetings=False,
    csat_scale=(1, 10),
    keep_duplicates=True,
)


@pytest.mark.parametrize("choices", [Choices(), FULL], ids=["defaults", "all set"])
def test_round_trip_through_a_file(choices: Choices, tmp_path: Path) -> None:
    """What is written as JSON comes back equal."""
    path = tmp_path / "map.json"
    path.write_text(json.dumps(choices.to_dict(), ensure_ascii=False), "utf-8")
    assert Choices.read(path) == choices


@pytest.mark.parametrize(
    ("content", "code"),
    [("{", "mapping_unreadable"), ('{"version": 9}', "mapping_version"), ('{"zoen": "UTC"}', "mapping_unreadable")],
)
def test_bad_mapping_files_are_refused(content: str, code: str, tmp_path: Path) -> None:
    """Broken JSON, another version or an unknown key is an InputError."""
    path = tmp_path / "map.json"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError) as caught:
        Choices.read(path)
    assert caught.value.issue.code == code


def test_later_patterns_win() -> None:
    """Decisions are merged, the later pattern last."""
    choices = Choices(
        files=(FileChoice("*", columns={"A": "agent_id", "T": "text"}), FileChoice("b*", columns={"A": ""}))
    )
    assert choices.of("b.csv").columns == {"A": "", "T": "text"}
    assert choices.of("a.csv").columns == {"A": "agent_id", "T": "text"}


def test_bots_can_be_named_and_unnamed() -> None:
    """A named machine is one; an empty list lets a suspicious name be a person."""
    text = "会话ID,发送时间,发送方,客服\n1,2024-01-01 09:00,客服,智能客服\n1,2024-01-01 09:01,客服,Robo\n"
    file = InputFile("a.csv", text.encode())

    def senders(choices: Choices) -> list[str]:
        return load([file], choices).tables["messages"].column("sender").to_pylist()  # type: ignore[union-attr]

    assert senders(Choices()) == ["bot", "agent"]
    assert senders(Choices(bots=("Robo",))) == ["agent", "bot"]
    assert senders(Choices(bots=())) == ["agent", "agent"]


def test_an_unknown_zone_is_refused() -> None:
    """A zone that does not exist is named before anything is read."""
    with pytest.raises(InputError) as caught:
        load([InputFile("a.csv", b"Agent,Started at\nAnn,2024-01-01 09:00\n")], Choices(zone="Mars/Base"))
    assert (caught.value.issue.code, caught.value.issue.value) == ("unknown_zone", "Mars/Base")


def test_nothing_handed_in_is_an_error() -> None:
    """No files, no log."""
    with pytest.raises(InputError) as caught:
        load([])
    assert caught.value.issue.code == "no_files"


def test_a_path_that_is_gone_is_named(tmp_path: Path) -> None:
    """A missing file is an InputError with its name."""
    with pytest.raises(InputError) as caught:
        InputFile.of(tmp_path / "gone.csv").read()
    assert (caught.value.issue.code, caught.value.issue.file) == ("file_not_found", "gone.csv")
