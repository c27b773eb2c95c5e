"""What is kept between two starts: it comes back as it was or not at all, stays within its limit, and never stands in the way."""

from __future__ import annotations

import ast
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.__main__ import main
from core.engine import Facts, SlowKnobs, build_facts
from core.errors import InputError, Issue
from core.ingest import Choices, InputFile, load
from core.ingest.choices import digest
from core.limits import Limits, limits
from core.log import FileReport, Ledger, Log
from core.scenario import Scenario
from core.store import books, origins, parcels
from core.store.shelf import AFTER_S, LEAST, Store, facts_of, log_of, opened
from core.text import LANGUAGES, Text

ROOT = Path(__file__).resolve().parent.parent
MANY = 10**10
ROWS = "Agent,Started at,First human reply at,CSAT,Channel\n" + "".join(
    f"{agent},2024-01-{day:02d} 09:00,2024-01-{day:02d} 09:{day:02d},{1 + day % 5},{'网页' if day % 2 else 'App'}\n"
    for agent in ("Ann", "Bob", "小敏")
    for day in range(1, 29)
)
needs_owners = pytest.mark.skipif(os.name == "nt", reason="this system's files have no owners and modes")


def small(number: int = 0) -> Log:
    """A log of a few rows, one of them spoilt; another number, another digest."""
    return load([InputFile(f"shop{number}.csv", (ROWS + f"Ann,2024-13-45 09:00,,9{number},App\n").encode())])


def kept(store: Store, log: Log, facts: Facts | None = None) -> None:
    """Keep a log and its facts, and wait for it."""
    store.keep_log(log)
    store.keep_facts(facts or build_facts(log))
    store.settle()


def alike(one: Log, other: Log) -> None:
    """Two logs are equal in everything: tables with their types, zone, digest, ledger and every row number in it."""
    assert (one.digest, one.zone, list(one.tables)) == (other.digest, other.zone, list(other.tables))
    for name, table in one.tables.items():
        assert isinstance(table, pa.Table)
        assert table.schema == other.tables[name].schema, name
        assert table.equals(other.tables[name]), name
        assert [len(column.chunks) for column in table.columns] == [len(column.chunks) for column in other.tables[name].columns]
    assert one.ledger == other.ledger
    for here, there in zip(one.ledger.issues, other.ledger.issues, strict=True):
        assert (here.row_numbers is None) == (there.row_numbers is None)
        assert here.row_numbers is None or np.array_equal(here.row_numbers, there.row_numbers)


def same_rows(one: Facts, other: Facts) -> list[str]:
    """The tables of two facts hold the same rows, each as often, in columns of the same types; their names."""
    named = [str(row[0]) for row in one.cursor().execute("SHOW TABLES").fetchall()]
    found = sorted(each for each in named if not each.startswith(("stage_", "raw_messages", "raw_conversations")))
    for name in found:
        types = [facts.cursor().execute(f"SELECT * FROM {name} LIMIT 0").description for facts in (one, other)]
        assert types[0] == types[1], name
        here, there = (f"SELECT * FROM {facts.base.name}.{name}" for facts in (one, other))
        for sql in (f"{here} EXCEPT ALL {there}", f"{there} EXCEPT ALL {here}"):
            assert one.cursor().execute(f"SELECT count(*) FROM ({sql}) AS more").fetchone() == (0,), name
    return found


def figures(log: Log, facts: Facts) -> Any:
    """Every figure of the shop."""
    from core.engine import observe
    from core.kpis import kpi_table

    table = kpi_table(observe(facts), Scenario(), ("shop",))
    cells = [table.cell(0, metric.key) for metric in table.metrics]
    return [(cell.value, cell.n, cell.low, cell.high, cell.median, cell.p90, cell.status) for cell in cells]


@pytest.fixture(scope="module")
def log() -> Log:
    """A small log."""
    return small()


@pytest.fixture(scope="module")
def facts(log: Log) -> Facts:
    """Its facts."""
    return build_facts(log)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path, MANY)


@pytest.fixture(scope="module")
def shop() -> tuple[Log, Facts]:
    """The sample shop and its facts."""
    found = load([InputFile.of(path) for path in sorted((ROOT / "sample_data" / "shop").glob("*.csv"))])
    return found, build_facts(found)


# --- it comes back as it was -------------------------------------------------------------------------------------------------


def test_the_sample_shop_comes_back_as_it_was(store: Store, shop: tuple[Log, Facts]) -> None:
    """Tables, types, ledger, facts and every figure are equal before and after."""
    kept(store, *shop)
    again = Store(store.folder, MANY)
    log = again.log(shop[0].digest)
    assert log is not None
    alike(shop[0], log)
    facts = again.facts(log)
    assert facts is not None
    assert (facts.horizon_ms, facts.first_day, facts.last_day, facts.available) == (
        shop[1].horizon_ms, shop[1].first_day, shop[1].last_day, shop[1].available,
    )  # fmt: skip
    assert {"activity", "conversations", "raw_orders", "raw_roster", "spoken", "turns"} <= set(same_rows(shop[1], facts))
    np.testing.assert_equal(figures(log, facts), figures(*shop))
    assert again.notes == ()


REAL = ("chat_cn", "olist", "pwc_call_center", "shopzilla", "twcs", "zendesk_tables")


@pytest.mark.parametrize("name", REAL)
def test_real_logs_come_back_as_they_were(shared: Path, store: Store, name: str) -> None:
    """Other people's exports with all that is odd about them: equal tables and ledgers, facts too where a log gives any."""
    paths = [path for path in sorted((shared / "data" / name).rglob("*")) if path.suffix in (".csv", ".xlsx", ".json", ".txt", ".jsonl")]
    try:
        log = load([InputFile.of(path) for path in paths])
    except InputError:
        pytest.skip("these files are no log by themselves")
    store.keep_log(log)
    store.settle()
    found = store.log(log.digest)
    assert (store.notes, found is None) == ((), False)
    alike(log, found)  # type: ignore[arg-type]


def test_a_ledger_with_every_kind_of_fact_comes_back(log: Log) -> None:
    """Tuples stay tuples, lists lists; row numbers, none or many; text of any language; figures of NumPy become plain ones."""
    numbers = np.arange(10**5)
    odd = {"t": (1, ("a",)), "l": [1.5, None], "n": np.int64(3), "d": {"k": (True,)}, "x": "\ud800 名 {n}"}
    issues = (
        Issue("a", row_numbers=np.zeros(0, dtype=np.int64)),
        Issue("b", facts=odd),
        Issue("c", "error", "t", "f", "c", 1, 2, "v", (1, 2), {}, numbers),
        Issue("d", row_numbers=np.zeros(0, dtype=np.int32)),
    )
    given = Ledger((FileReport("messages", "a", issues=issues), *log.ledger.files, FileReport("", "b")))
    data, rows = books.written(given)
    found = books.read(json.loads(json.dumps(data)), rows)
    assert found == given
    assert [None if each.row_numbers is None else len(each.row_numbers) for each in found.issues[:4]] == [0, None, 10**5, 0]
    assert isinstance(found.issues[1].facts["t"], tuple)
    with pytest.raises(TypeError):
        books.written(Ledger((FileReport("", "a", issues=(Issue("a", facts={"o": object()}),)),)))


def test_facts_of_other_slow_knobs_are_others(store: Store) -> None:
    """A log cut at silences is kept once for each of the two gaps used last; a third takes the place of the one unused longest."""
    rows = "".join(f"c{i % 3},customer,2024-01-01 {i:02d}:00,hi\nc{i % 3},agent,2024-01-01 {i:02d}:01,yes\n" for i in range(24))
    log = load([InputFile("m.csv", f"Customer ID,Sender,Sent at,Text\n{rows}".encode())])
    for gap in (2.0, 4.0, 24.0):
        store.keep_facts(build_facts(log, SlowKnobs(gap)), SlowKnobs(gap))
        store.settle()
        time.sleep(0.01)
    assert store.facts(log, SlowKnobs(2.0)) is None
    counts = [store.facts(log, SlowKnobs(gap)).frame("SELECT count(*) AS n FROM conversations")["n"][0] for gap in (4.0, 24.0)]  # type: ignore[union-attr]
    assert counts == [3, 3]
    assert [each.facts for each in store.kept()] == [2]


def test_a_log_that_lies_on_disk_is_linked_and_read_where_it_lies(store: Store, log: Log, tmp_path: Path) -> None:
    """A staging table that is a Parquet file is not copied, is checked all the same, and is not removed while its log is in use."""
    path = tmp_path / "part.parquet"
    pq.write_table(log.tables["conversations"], path)
    store.keep_log(replace(log, tables={"conversations": path}))
    store.settle()
    assert path.stat().st_nlink == 2
    path.unlink()
    found = store.log(log.digest)
    assert found is not None
    assert isinstance(found.tables["conversations"], Path)
    np.testing.assert_equal(figures(found, build_facts(found)), figures(log, build_facts(log)))
    assert (store.purge(), len(store.kept())) == (1, 1)
    del found
    assert (store.purge(), store.kept()) == (0, ())


# --- damaged, foreign, outdated: made anew -----------------------------------------------------------------------------------


def test_any_flipped_byte_and_any_cut_is_noticed(store: Store, log: Log, facts: Facts) -> None:
    """Whatever byte of whatever file of a parcel is changed, lost or added: it is dropped, a note says so, and it can be kept again."""
    kept(store, log, facts)
    drawn = np.random.default_rng(7)
    files = sorted(path for path in (store.folder / "kept").rglob("*") if path.is_file())
    assert len(files) >= 7
    for file in files:
        data = file.read_bytes()
        at = [0, len(data) - 1, *drawn.integers(0, len(data), 6).tolist()]
        flipped = [data[:i] + bytes([data[i] ^ (1 << int(drawn.integers(8)))]) + data[i + 1 :] for i in at]
        for spoilt in (*flipped, b"", data[:-1], data[: int(drawn.integers(len(data)))], data + b"\0"):
            file.write_bytes(spoilt)
            with pytest.raises(parcels.DamagedError):
                parcels.unpack(file.parent)
        file.write_bytes(data)
    parcels.unpack(files[0].parent).close()
    files[-1].write_bytes(files[-1].read_bytes()[:-1])
    files[0].write_bytes(b"x")
    assert (store.log(log.digest), store.facts(log)) == (None, None)
    assert [note.code for note in store.notes] == ["kept_damaged", "kept_damaged"]
    kept(store, log, facts)
    alike(log, store.log(log.digest))  # type: ignore[arg-type]


def _missing(folder: Path) -> None:
    next(folder.glob("table-*")).unlink()


def _foreign(folder: Path) -> None:
    (folder / "more.parquet").write_bytes(b"x")


def _open_to_others(folder: Path) -> None:
    next(folder.glob("table-*")).chmod(0o644)


def _open_folder(folder: Path) -> None:
    folder.chmod(0o750)


def _linked_file(folder: Path) -> None:
    file = next(folder.glob("table-*"))
    away = folder.parent.parent / "away"
    file.rename(away)
    file.symlink_to(away)


def _linked_folder(folder: Path) -> None:
    away = folder.parent.parent / "away"
    folder.rename(away)
    folder.symlink_to(away)


def _a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"")


def _a_pipe(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    os.mkfifo(folder / "manifest.json", 0o600)


def _no_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def _nonsense(folder: Path) -> None:
    body = b'{"format": 1}'
    (folder / "manifest.json").write_bytes(parcels.digest_of(body).encode() + b"\n" + body)


@needs_owners
@pytest.mark.parametrize(
    "harm",
    [_missing, _foreign, _open_to_others, _open_folder, _linked_file, _linked_folder, _a_file, _a_pipe, _no_manifest, _nonsense],
    ids=lambda harm: harm.__name__.strip("_"),
)
def test_whatever_is_amiss_is_dropped_and_made_anew(store: Store, log: Log, harm: Callable[[Path], None]) -> None:
    """A missing or foreign file, one open to others, a link, a pipe, a manifest that is none: not used, removed, said, replaced."""
    store.keep_log(log)
    store.settle()
    folder = next((store.folder / "kept").iterdir())
    harm(folder)
    assert store.log(log.digest) is None
    assert [note.code for note in store.notes] == ["kept_damaged"]
    assert not folder.exists()
    assert not folder.is_symlink()
    store.keep_log(log)
    store.settle()
    alike(log, store.log(log.digest))  # type: ignore[arg-type]
    if (store.folder / "away").exists():
        assert "linked" in harm.__name__  # what a link led to is not touched


def test_a_parcel_under_another_name_is_not_believed(store: Store, log: Log) -> None:
    """What was made of other files is not taken for these, though all its bytes are as they were written."""
    store.keep_log(log)
    store.settle()
    folder = next((store.folder / "kept").iterdir())
    folder.rename(folder.with_name("log-" + "0" * 64))
    assert (store.log("0" * 64), store.log(log.digest)) == (None, None)
    assert [note.code for note in store.notes] == ["kept_damaged"]


@needs_owners
def test_somebody_elses_parcel_is_not_believed(store: Store, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that another user owns is no folder to read from or write to."""
    store.keep_log(log)
    store.settle()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert store.log(log.digest) is None
    assert [note.code for note in store.notes] == ["kept_folder_unsafe"]


@needs_owners
def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path: Path, log: Log) -> None:
    """Nothing is read or written through a link that somebody put there."""
    (tmp_path / "away").mkdir()
    (tmp_path / "kept").symlink_to(tmp_path / "away")
    store = Store(tmp_path, MANY)
    store.keep_log(log)
    store.settle()
    assert store.log(log.digest) is None
    assert {note.code for note in store.notes} == {"kept_folder_unsafe"}
    assert list((tmp_path / "away").iterdir()) == []


@needs_owners
def test_only_the_owner_can_read_what_is_kept(store: Store, log: Log, facts: Facts) -> None:
    """Folders are 0700, files 0600; a folder that stands open is closed before anything is put into it."""
    (store.folder / "kept").mkdir(mode=0o755)
    kept(store, log, facts)
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in [store.folder / "kept", *(store.folder / "kept").rglob("*")]}
    assert modes == {(True, 0o700), (False, 0o600)}


def test_another_version_makes_it_anew(tmp_path: Path, log: Log, facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Definitions, libraries or time zone rules that changed since: dropped with a note, never read."""
    kept(Store(tmp_path, MANY, "old"), log, facts)
    newer = Store(tmp_path, MANY, "new")
    assert (newer.log(log.digest), newer.facts(log)) == (None, None)
    assert [note.code for note in newer.notes] == ["kept_outdated", "kept_outdated"]
    assert newer.kept() == ()
    kept(newer, log, facts)
    monkeypatch.setattr("core.store.shelf.zone_rules", lambda zone: "since 2027")
    again = Store(tmp_path, MANY, "new")
    assert again.log(log.digest) is None
    assert [note.code for note in again.notes] == ["kept_outdated"]


def test_the_fingerprint_changes_with_every_file_that_counts(tmp_path: Path) -> None:
    """A byte of the definition, of the staging or of the import changes it; line endings do not."""
    core = tmp_path / "core"
    shutil.copytree(ROOT / "core", core, ignore=shutil.ignore_patterns("__pycache__", "locales", "charts", "staffing"))
    before = origins.fingerprint(core)
    assert before == origins.fingerprint()
    for name in ("engine/facts.sql", "engine/staging.py", "ingest/stage.py", "ingest/dates.py", "schema.py", "headings.toml"):
        text = (core / name).read_bytes()
        (core / name).write_bytes(text.replace(b"\n", b"\r\n"))
        origins.fingerprint.cache_clear()
        assert origins.fingerprint(core) == before, name
        (core / name).write_bytes(text + b"\n")
        origins.fingerprint.cache_clear()
        assert origins.fingerprint(core) != before, name
        (core / name).write_bytes(text)
    origins.fingerprint.cache_clear()


def test_the_fingerprint_covers_all_that_import_and_engine_use() -> None:
    """Whatever module of core those rooms import has its part in the fingerprint, but for words and those who only ask."""
    covered = {path.relative_to(ROOT / "core").with_suffix("").parts[0] for path in origins.sources()}
    used: set[str] = set()
    for path in (each for room in ("ingest", "engine") for each in (ROOT / "core" / room).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core."):
                used.add(str(node.module).split(".")[1])
    assert used - covered == {"text"}


# --- the limit, the purge ----------------------------------------------------------------------------------------------------


def test_the_logs_unused_for_longest_go_first(tmp_path: Path, log: Log, facts: Facts) -> None:
    """Above the limit a log goes with its facts, in the order of use, not of keeping; what was read last stays."""
    logs = [replace(log, digest=f"{number:064x}") for number in range(4)]
    of = [replace(facts, log=each) for each in logs]
    sizes = Store(tmp_path / "measured", MANY)
    kept(sizes, logs[0], of[0])
    store = Store(tmp_path / "limited", int(sizes.kept()[0].bytes * 3.4))
    for number in range(3):
        kept(store, logs[number], of[number])
        time.sleep(0.01)
    assert store.log(logs[0].digest) is not None
    time.sleep(0.01)
    kept(store, logs[3], of[3])
    assert [each.digest for each in store.kept()] == [logs[3].digest, logs[0].digest, logs[2].digest]
    assert sum(each.bytes for each in store.kept()) <= store.most_bytes
    tighter = Store(store.folder, int(sizes.kept()[0].bytes * 1.5))
    tighter.tidy()
    assert [each.digest for each in tighter.kept()] == [logs[3].digest]


def test_a_log_larger_than_the_limit_is_not_kept(tmp_path: Path, log: Log) -> None:
    """It drives nothing else out, a note says why, and nothing is left half written."""
    store = Store(tmp_path, 2_000)
    kept(store, log)
    assert {note.code for note in store.notes} == {"kept_too_large"}
    assert list((tmp_path / "kept").iterdir()) == []


def test_room_is_made_before_a_large_file_is_copied(tmp_path: Path, log: Log, facts: Facts) -> None:
    """A table on disk that cannot fit is not even begun; one that fits finds its room made."""
    path = tmp_path / "part.parquet"
    pq.write_table(log.tables["conversations"], path)
    lying = replace(log, digest="f" * 64, tables={"conversations": path})
    size = path.stat().st_size
    tight = Store(tmp_path / "tight", size - 1)
    tight.keep_log(lying)
    tight.settle()
    assert [note.code for note in tight.notes] == ["kept_too_large"]
    assert path.stat().st_nlink == 1
    fitting = Store(tmp_path / "fitting", 2 * size + 20_000)
    kept(fitting, log, facts)
    fitting.keep_log(replace(lying, tables={"conversations": path, "reviews": path}))
    fitting.settle()
    assert (fitting.notes, [each.digest for each in fitting.kept()]) == ((), [lying.digest])


def test_purge_removes_one_or_all_and_nothing_else(store: Store, log: Log) -> None:
    """One log by its digest, all without; a stranger's file in the folder is left alone, what the killed left is not."""
    kept(store, log)
    kept(store, small(1))
    stranger, left = store.folder / "kept" / "notes.txt", store.folder / "kept" / "~999999999-ab-log"
    stranger.write_text("mine", encoding="utf-8")
    left.mkdir()
    assert (store.purge(log.digest), [each.files for each in store.kept()]) == (0, [("shop1.csv",)])
    assert (store.purge(), store.kept()) == (0, ())
    assert list((store.folder / "kept").iterdir()) == [stranger]


def test_kept_says_what_there_is(store: Store, log: Log, facts: Facts) -> None:
    """Names of the files, rows, bytes on disk, times, how far the data go."""
    kept(store, log, facts)
    (found,) = store.kept()
    on_disk = sum(path.stat().st_size for path in (store.folder / "kept").rglob("*") if path.is_file())
    assert (found.files, found.rows, found.bytes, found.facts, found.zone) == (("shop0.csv",), 84, on_disk, 1, "Asia/Shanghai")
    assert found.horizon_ms == facts.horizon_ms
    assert time.time() - 60 < found.since <= found.used + 1


# --- it never stands in the way ----------------------------------------------------------------------------------------------


def large() -> list[InputFile]:
    """Files just large enough to be kept."""
    return [InputFile("shop.csv", ROWS.encode() + b"Ann,2024-01-02 09:00,,5,App\n" * (LEAST // 28 + 1))]


@cache
def truth() -> tuple[Log, Facts]:
    """Their log and facts, made without anything kept."""
    log = load(large())
    return log, build_facts(log)


def _asked(store: Store | None, files: list[InputFile], log: Log, facts: Facts) -> tuple[Log, Facts, list[str]]:
    """A log and its facts as the app asks for them, and what had to be made."""
    made: list[str] = []
    found = log_of(store, files, Choices(), lambda: made.append("log") or log)  # type: ignore[func-returns-value]
    again = facts_of(store, found, SlowKnobs(), lambda: made.append("facts") or facts)  # type: ignore[func-returns-value]
    if store is not None:
        store.settle()
    return found, again, made


def test_a_second_start_makes_nothing_anew(tmp_path: Path) -> None:
    """Log and facts come from what was kept, and all figures with them; other decisions are another log."""
    first, again = (_asked(Store(tmp_path, MANY), large(), *truth()) for _ in range(2))
    assert (first[2], again[2]) == (["log", "facts"], [])
    np.testing.assert_equal(figures(*again[:2]), figures(*truth()))
    assert Store(tmp_path, MANY).log(digest(large(), Choices(zone="UTC"))) is None


def test_small_files_and_no_store_leave_nothing_on_disk(tmp_path: Path, log: Log, facts: Facts) -> None:
    """What is read as fast as it is looked up is not kept; without a store nothing ever is."""
    tiny = [InputFile("shop.csv", ROWS.encode())]
    for store in (Store(tmp_path, MANY), None):
        assert [_asked(store, tiny, log, facts)[2] for _ in range(2)] == [["log", "facts"]] * 2
    assert list(tmp_path.iterdir()) == []


def _unwritable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "kept").write_text("a file where the folder should be", encoding="utf-8")


def _full(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, left = os.write, iter(range(5))

    def failing(file: int, data: Any) -> int:
        if file > 2 and next(left, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data)

    monkeypatch.setattr("core.store.parcels.os.write", failing)


def _read_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("core.store.parcels.Path.mkdir", refuse)


def _unflushed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("core.store.parcels.os.fsync", refuse)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(_unwritable, ""), (_full, "No space left"), (_read_only, "Read-only"), (_unflushed, "Input/output")],
)
def test_what_cannot_be_kept_stops_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Callable[..., None], code: str
) -> None:
    """A full disk, a folder that cannot be written or is no folder: the figures come, a note says why, nothing half written stays."""
    with monkeypatch.context() as patched:
        trouble(tmp_path, patched)
        store = Store(tmp_path, MANY)
        assert _asked(store, large(), *truth())[:2] == truth()
        assert {note.code for note in store.notes} <= {"not_kept", "kept_folder_unsafe"}
        assert store.notes
        assert code in store.notes[0].value
    assert not (tmp_path / "kept").is_dir() or list((tmp_path / "kept").iterdir()) == []


_WRITING = """
import sys, pathlib
from core.store import parcels
root = pathlib.Path(sys.argv[1])
data = [bytes([n]) * 300_000 for n in range(4)]
print("writing", flush=True)
for number in range(int(sys.argv[2])):
    def fill(filling):
        for n, each in enumerate(data):
            filling.data(f"f{n}", each)
        return {"number": number}
    name = f"log-{number:016x}"
    parcels.place(parcels.pack(root, name, 10**9, fill), root, name)
"""


def _writing(root: Path, parcels_: int) -> subprocess.Popen[str]:
    """A process that puts parcels into a folder, and has begun."""
    root.mkdir(mode=0o700, exist_ok=True)
    process = subprocess.Popen([sys.executable, "-c", _WRITING, str(root), str(parcels_)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def _whole(root: Path) -> int:
    """How many parcels there are, every one of them whole."""
    found = [folder for folder in root.iterdir() if not folder.name.startswith("~")]
    for folder in found:
        with parcels.unpack(folder) as parcel:
            assert [parcel.data(f"f{n}") for n in range(4)] == [bytes([n]) * 300_000 for n in range(4)]
    return len(found)


def test_two_processes_keep_the_same_at_once(tmp_path: Path) -> None:
    """Whoever is first wins, the other's work is put away, and neither has anything to complain of."""
    both = [_writing(tmp_path / "kept", 12) for _ in range(2)]
    assert [(process.communicate(timeout=60)[0], process.returncode) for process in both] == [("", 0)] * 2
    assert _whole(tmp_path / "kept") == 12
    assert len(list((tmp_path / "kept").iterdir())) == 12


def test_two_stores_share_a_folder(tmp_path: Path, log: Log, facts: Facts) -> None:
    """Two programs that keep, read and purge the same logs at once: each gets what it kept or nothing, and notes nothing."""
    one, other = Store(tmp_path, MANY), Store(tmp_path, MANY)
    for turn in range(6):
        for store in (one, other):
            store.keep_log(log)
            store.keep_facts(facts)
        found = one.log(log.digest)
        assert found is None or found.ledger == log.ledger
        if turn % 2:
            other.purge()
    one.settle()
    other.settle()
    kept(one, log, facts)
    alike(log, other.log(log.digest))  # type: ignore[arg-type]
    assert (one.notes, other.notes) == ((), ())


@pytest.mark.skipif(os.name == "nt", reason="signals of this system are others")
def test_a_killed_process_leaves_nothing_that_is_read(tmp_path: Path) -> None:
    """Killed at some moment of its writing: what is there is whole, the rest is not there, and the next start sweeps it away."""
    drawn = np.random.default_rng(3)
    for _ in range(3):
        writing = _writing(tmp_path / "kept", 1000)
        time.sleep(drawn.random() * 0.1)
        writing.send_signal(signal.SIGKILL)
        writing.communicate()
        _whole(tmp_path / "kept")
    assert list((tmp_path / "kept").glob("~*")) != []
    opened(Limits(cache_folder=tmp_path))
    assert list((tmp_path / "kept").glob("~*")) == []


def test_whoever_leaves_does_not_wait_for_it(store: Store, log: Log, facts: Facts) -> None:
    """What was not begun when a command is called off is not kept, and nobody waits for the moment it was put off to."""
    began = time.monotonic()
    store.keep_log(log)
    store.keep_facts(facts)
    store.give_up()
    store.settle()
    assert time.monotonic() - began < AFTER_S
    assert (store.kept(), store.notes) == ((), ())


# --- the environment and the command line ------------------------------------------------------------------------------------


def test_the_environment_decides_whether_anything_is_kept(tmp_path: Path) -> None:
    """An empty variable keeps nothing; so do a limit of nought and a user without a home; a bad limit is told."""
    assert opened(limits({"KEFULENS_CACHE": ""})) is None
    assert opened(limits({"KEFULENS_CACHE": str(tmp_path), "KEFULENS_CACHE_LIMIT": "0"})) is None
    found = opened(limits({"KEFULENS_CACHE": str(tmp_path), "KEFULENS_CACHE_LIMIT": "5MB"}))
    assert found is not None
    assert (found.folder, found.most_bytes) == (tmp_path, 5_000_000)
    with pytest.raises(InputError):
        limits({"KEFULENS_CACHE_LIMIT": "much"})


def test_a_user_without_a_home_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose user is not in its list of users."""

    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    assert limits({}).cache_folder is None


def _never(*_: Any, **__: Any) -> None:
    raise AssertionError("made anew")


def test_commands_keep_and_show_and_purge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The second command reads nothing anew and says the same; --no-cache neither reads nor keeps; cache lists and purges."""
    monkeypatch.setenv("KEFULENS_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "shop.csv"
    file.write_bytes(large()[0].read())

    def said(*words: str) -> Any:
        assert main([*words, "--json"]) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        return json.loads(printed.out)

    said("inspect", str(file), "--no-cache")
    assert said("cache")["rows"] == []
    first = said("kpis", str(file))
    monkeypatch.setattr("core.command.load", _never)
    monkeypatch.setattr("core.engine.build_facts", _never)
    assert said("kpis", str(file)) == first
    (row,) = said("cache")["rows"]
    assert (row["files"], row["facts"], row["data_as_of"]) == (["shop.csv"], 1, "2024-01-28T09:28:00+08:00")
    assert main(["cache", "--purge", "zz"]) == 2
    assert "zz" in capsys.readouterr().err
    assert said("cache", "--purge", row["digest"])["rows"] == []


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), RuntimeError("Query interrupted")], ids=["python", "engine"])
def test_ctrl_c_ends_a_command_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stop: BaseException
) -> None:
    """Whether Python or a query of the engine meets it: exit 130, nothing printed."""

    def stopped(*_: Any, **__: Any) -> None:
        raise stop

    monkeypatch.setattr("core.command.load", stopped)
    assert main(["inspect", str(ROOT / "sample_data" / "shop" / "roster.csv")]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", ["kept_damaged", "kept_outdated", "not_kept", "kept_too_large", "kept_folder_unsafe", "not_kept_here"])
def test_every_note_has_its_words(language: str, code: str) -> None:
    """Message and cure stand in both languages with the facts filled in."""
    from core.ingest import explain

    words = explain(Issue(code, "note", file="F1", rows=2, value="V1"), Text(language))
    assert all(words)
    assert "{" not in "".join(words)
