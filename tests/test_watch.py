"""A watched folder, look by look: what grew, what is complete, what is gone, and who may watch what."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.watch import Look, Seen, at_home, complete, look, permitted, watched_names


def known(found: Look) -> dict[str, Seen]:
    """The files of a look by name."""
    return {each.seen.name: each.seen for each in found.files}


LINES = st.lists(st.sampled_from([b"a,b\n", b'"x\ny",1\n', b'"say ""hi""",2\n', b"\xe4\xbd\xa0,3\r\n"]), max_size=12)


@settings(max_examples=40, deadline=None)
@given(data=LINES, cut=st.data())
def test_each_line_comes_once(tmp_path_factory: pytest.TempPathFactory, data: list[bytes], cut: st.DataObject) -> None:
    """A file written in arbitrary pieces: the complete lines of all looks together are the file, each look ends with a line, none tears."""
    path = tmp_path_factory.mktemp("grow") / "a.csv"
    whole = b"h,k\n" + b"".join(data)
    ends = sorted(cut.draw(st.lists(st.integers(4, len(whole)), max_size=6)))
    path.write_bytes(whole[:4])
    first = look(path.parent, {})
    seen, got = known(first), b"h,k\n"
    for end in [*ends, len(whole)]:
        with path.open("ab") as file:
            file.write(whole[path.stat().st_size : end])
        found = look(path.parent, seen)
        assert {each.kind for each in found.files} <= {"same", "grown"}
        got += found.files[0].fresh
        seen = known(found)
        assert whole.startswith(got)
        assert got.endswith(b"\n")
        assert got.count(b'"') % 2 == 0
    assert got == whole


def test_what_is_not_growth_is_read_anew(tmp_path: Path) -> None:
    """A changed heading, an edit in the middle, a shorter file and a workbook are new; the very same file is the same."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"h\n1\n2\n")
    seen = known(look(tmp_path, {}))
    assert look(tmp_path, seen).files[0].kind == "same"
    for other in (b"k\n1\n2\n3\n", b"h\n7\n2\n3\n", b"h\n1\n"):
        path.write_bytes(other)
        assert look(tmp_path, seen).files[0].kind == "new"
    (tmp_path / "b.xlsx").write_bytes(b"PK half")
    found = look(tmp_path, {})
    assert [(each.seen.name, each.kind, each.seen.used) for each in found.files] == [("a.csv", "new", 4), ("b.xlsx", "new", 7)]


def test_the_last_line_waits_for_its_end(tmp_path: Path) -> None:
    """Without an end it is left, also when nobody writes for a moment; in a file that rested ten minutes it counts."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"h\n1\n2")
    now = path.stat().st_mtime_ns // 1_000_000
    first = look(tmp_path, {}, now_ms=now + 1000)
    assert first.files[0].seen.used == 4
    again = look(tmp_path, known(first), now_ms=now + 20_000)
    assert (again.files[0].kind, again.files[0].fresh) == ("same", b"")
    later = look(tmp_path, known(again), now_ms=now + 700_000)
    assert (later.files[0].kind, later.files[0].fresh) == ("grown", b"2")


def test_a_stray_quotation_mark_holds_nothing_up(tmp_path: Path) -> None:
    """An inch sign that opens no quotes delays its line by a minute at rest, or by 64 more lines, not for ever."""
    path = tmp_path / "a.csv"
    path.write_bytes(b'h\n1\n5" screen\n2\n')
    now = path.stat().st_mtime_ns // 1_000_000
    first = look(tmp_path, {}, now_ms=now)
    assert first.files[0].seen.used == 4
    assert look(tmp_path, known(first), now_ms=now + 61_000).files[0].fresh == b'5" screen\n2\n'
    path.write_bytes(path.read_bytes() + b"3\n" * 70)
    assert len(look(tmp_path, known(first), now_ms=now).files[0].fresh) == 152


def test_two_byte_characters_keep_their_lines(tmp_path: Path) -> None:
    """UTF-16 ends its lines at whole characters; such a file is read as a whole when it grows."""
    path = tmp_path / "a.csv"
    path.write_bytes("h\n\u0a0a好\n半".encode("utf-16"))
    first = look(tmp_path, {})
    assert path.read_bytes()[: first.files[0].seen.used].decode("utf-16") == "h\n\u0a0a好\n"
    path.write_bytes("h\n\u0a0a好\n半行\n".encode("utf-16"))
    assert look(tmp_path, known(first)).files[0].kind == "new"


def test_gone_locked_and_foreign_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is gone or cannot be opened is an issue; hidden files and those of programs at work are passed over."""
    for name in ("a.csv", ".b.csv", "~$c.xlsx", "d.csv.part", "notes.md"):
        (tmp_path / name).write_bytes(b"h\n1\n")
    assert watched_names(tmp_path) == ["a.csv"]
    seen = known(look(tmp_path, {}))
    plain = Path.open

    def locked(self: Path, *words: object, **more: object) -> object:
        if self.name == "a.csv":
            raise PermissionError(13, "Permission denied")
        return plain(self, *words, **more)

    (tmp_path / "a.csv").write_bytes(b"h\n1\n2\n")
    monkeypatch.setattr(Path, "open", locked)
    assert [(each.code, each.file) for each in look(tmp_path, seen).issues] == [("live_unreadable", "a.csv")]
    monkeypatch.undo()
    (tmp_path / "a.csv").unlink()
    assert [(each.code, each.file) for each in look(tmp_path, seen).issues] == [("live_file_gone", "a.csv")]
    assert [each.code for each in look(tmp_path / "nowhere", seen).issues] == ["live_folder_gone"]


def test_lines_are_found_in_the_last_part_of_a_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file is larger than what is compared whole, its head and tail tell it, and its last line end is found all the same."""
    monkeypatch.setattr("core.watch.WHOLE", 64)
    monkeypatch.setattr("core.watch._PART", 16)
    path = tmp_path / "a.csv"
    path.write_bytes(b"h\n" + b"12345678\n" * 20 + b"half")
    first = look(tmp_path, {})
    assert first.files[0].seen.used == 2 + 9 * 20 == complete(path, 0, path.stat().st_size)
    with path.open("ab") as file:
        file.write(b" done\n")
    assert look(tmp_path, known(first)).files[0].fresh == b"half done\n"


LOCAL = {"Host": "127.0.0.1:8501", "Origin": "http://127.0.0.1:8501"}


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("192.168.1.5", LOCAL), ("", LOCAL), ("127.0.0.1", {}), ("127.0.0.1", {"Host": "127.0.0.1:8501"}),
        ("127.0.0.1", LOCAL | {"X-Forwarded-For": "10.1.1.1"}), ("127.0.0.1", LOCAL | {"Via": "1.1 proxy"}),
        ("127.0.0.1", LOCAL | {"Origin": "https://shop.example"}), ("127.0.0.1", LOCAL | {"Host": "shop.example"}),
        ("127.0.0.1", LOCAL | {"Origin": "http://127.0.0.1.shop.example"}),
    ],
)  # fmt: skip
def test_only_who_sits_at_the_machine_names_folders(address: str, headers: dict[str, str], tmp_path: Path) -> None:
    """Any sign of a shared server, a proxy or another site, and any missing sign, closes the choice; the operator's folders stay open."""
    assert at_home("127.0.0.1", LOCAL)
    home = at_home(address, headers)
    assert not home
    assert permitted(str(tmp_path), (tmp_path,), home=home) == tmp_path
    for wanted in ("/etc", "", f"{tmp_path}/..", str(tmp_path) + os.sep + "sub"):
        with pytest.raises(InputError) as refused:
            permitted(wanted, (tmp_path,), home=home)
        assert refused.value.issue.code == "live_not_allowed"
