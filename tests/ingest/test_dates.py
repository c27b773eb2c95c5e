"""Stamps: spellings, the order of day and month, zones."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from core.ingest import dates

ZONE = "Asia/Shanghai"


def millis(*parts: int, zone: str = ZONE) -> int:
    """UTC milliseconds of a local wall time."""
    return round(dt.datetime(*parts, tzinfo=ZoneInfo(zone)).timestamp() * 1000)  # type: ignore[misc,arg-type]


def parsed(cell: str, order: str = "", zone: str = ZONE) -> int | None:
    """A single cell as UTC milliseconds."""
    found = dates.instants(dates.scan(pa.array([cell])), order, zone)
    return int(found.millis[0]) if found.valid[0] else None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2024-02-01 10:05:09", millis(2024, 2, 1, 10, 5, 9)),
        ("2024/2/1 10:05", millis(2024, 2, 1, 10, 5)),
        ("2024年2月1日 10时05分09秒", millis(2024, 2, 1, 10, 5, 9)),
        ("2024年2月1日", millis(2024, 2, 1)),
        ("2024-02-01 下午 3:05", millis(2024, 2, 1, 15, 5)),
        ("2024-02-01T10:05:09.250Z", millis(2024, 2, 1, 10, 5, 9, 250_000, zone="UTC")),
        ("2024-02-01 10:05:09 +0000", millis(2024, 2, 1, 10, 5, 9, zone="UTC")),
        ("2024-02-01T10:05:09-05:00", millis(2024, 2, 1, 15, 5, 9, zone="UTC")),
        ("26-Aug-23", millis(2023, 8, 26)),
        ("Aug 26, 2023 3:05 PM", millis(2023, 8, 26, 15, 5)),
        ("12 AM", None),
        ("Tue Oct 31 22:10:47 +0000 2017", millis(2017, 10, 31, 22, 10, 47, zone="UTC")),
        ("20240201", millis(2024, 2, 1)),
        ("20240201100509", millis(2024, 2, 1, 10, 5, 9)),
        ("1706753109", 1_706_753_109_000),
        ("1706753109123", 1_706_753_109_123),
        ("1706753109123456", 1_706_753_109_123),
        ("45323.5", millis(2024, 2, 1, 12)),
        ("2024-02-30", None),
        ("2024-02-01 25:00", None),
        ("soon", None),
    ],
)
def test_spellings(cell: str, expected: int | None) -> None:
    """Each spelling is read to the millisecond; what is no date stays unread."""
    assert parsed(cell) == expected


@pytest.mark.parametrize(
    ("cells", "orders"),
    [
        (["13/02/2024", "01/02/2024"], ("dmy",)),
        (["02/13/2024", "01/02/2024"], ("mdy",)),
        (["01/02/2024", "03/04/2024"], ("dmy", "mdy")),
        (["24/02/13", "24/02/14"], ("dmy", "ymd")),
        (["24/02/13", "33/02/14"], ("ymd",)),
        (["2024-01-02"], ()),
    ],
)
def test_the_whole_column_decides_the_order(cells: list[str], orders: tuple[str, ...]) -> None:
    """One value above 12 settles day and month for all; without one the order stays open."""
    assert dates.possible_orders(dates.scan(pa.array(cells))) == orders


def test_the_unit_of_epochs_is_decided_by_the_column() -> None:
    """A bogus short number in a column of milliseconds is a stamp of 1970, not another unit."""
    found = dates.instants(dates.scan(pa.array(["1500097538209", "122222", "1500097884460"])), "", ZONE)
    assert found.millis.tolist() == [1_500_097_538_209, 122_222, 1_500_097_884_460]


def test_dates_without_a_time_are_known_as_such() -> None:
    """A column of dates says that it has no time of day."""
    assert dates.instants(dates.scan(pa.array(["2024-01-02", "2024-01-03"])), "", ZONE).dated
    assert not dates.instants(dates.scan(pa.array(["2024-01-02 00:01"])), "", ZONE).dated


def test_clock_changes_are_settled_and_counted() -> None:
    """A doubled hour is the earlier one, a skipped hour moves past the gap; both are counted."""
    cells = pa.array(["2024-10-27 02:30", "2024-03-31 02:30", "2024-06-01 12:00"])
    found = dates.instants(dates.scan(cells), "", "Europe/Berlin")
    assert (found.doubled.tolist(), found.skipped.tolist()) == ([True, False, False], [False, True, False])
    expected = [(2024, 10, 27, 0, 30), (2024, 3, 31, 1, 0), (2024, 6, 1, 10, 0)]
    assert found.millis.tolist() == [millis(*each, zone="UTC") for each in expected]


def test_a_gap_of_half_an_hour_ends_after_half_an_hour() -> None:
    """On Lord Howe Island the clocks go from 2:00 to 2:30: a time between is that moment, 15:30 UTC, and not half an hour later."""
    cells = pa.array(["2024-10-06 01:59:59", "2024-10-06 02:00", "2024-10-06 02:29", "2024-10-06 02:30", "2024-10-06 03:00"])
    found = dates.instants(dates.scan(cells), "", "Australia/Lord_Howe")
    assert found.skipped.tolist() == [False, True, True, False, False]
    moments = [(2024, 10, 5, 15, 29, 59), *[(2024, 10, 5, 15, 30)] * 3, (2024, 10, 5, 16, 0)]
    assert found.millis.tolist() == [millis(*each, zone="UTC") for each in moments]


def test_wall_time_and_back() -> None:
    """Local wall time is the inverse of the way to UTC."""
    wall = np.array([millis(2024, 5, 1, 9, zone="UTC"), millis(2024, 5, 2, 23, zone="UTC")])
    assert dates.local_wall(dates.to_utc(wall, ZONE)[0], ZONE).tolist() == wall.tolist()


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "UTC"])
def test_the_quick_way_agrees_with_the_general_one(zone: str) -> None:
    """A column of ISO stamps alone is read as the same column beside a cell that needs the general way; clock changes included."""
    cells = [
        "2024-03-31 02:30:00",
        "2024-10-27 02:30",
        "",
        None,
        "2024-02-29",
        "2023-12-31T23:59:59.250",
        "2024-04-07 01:45:00",
    ]
    quick = dates.instants(dates.scan(pa.array(cells)), "", zone)
    general = dates.instants(dates.scan(pa.array([*cells, "26-Aug-23"])), "", zone)
    assert quick.valid.tolist() == general.valid.tolist()[:-1] == [True, True, False, False, True, True, True]
    assert quick.millis[quick.valid].tolist() == general.millis[:-1][quick.valid].tolist()
    assert quick.doubled.tolist() == general.doubled.tolist()[:-1]
    assert quick.skipped.tolist() == general.skipped.tolist()[:-1]


@pytest.mark.parametrize("bad", ["2024-02-30 10:00:00", "2024-01-01 25:00:00", "20240-01-01", "9999-01-01"])
def test_a_stamp_that_does_not_exist_stays_unreadable(bad: str) -> None:
    """One impossible stamp among good ones is missing and costs the others nothing."""
    read = dates.instants(dates.scan(pa.array(["2024-01-01 10:00:00", bad])), "", "UTC")
    assert read.valid.tolist() == [True, False]


FORMS = ("%d/%m/%Y %H:%M:%S", "%m-%d-%y %H:%M", "%Y/%m/%d %H:%M:%S", "%Y.%m.%dT%H:%M", "%-d/%-m/%Y %-H:%M:%S")


@pytest.mark.parametrize("odd", ["", None, "31/02/2025 10:00:00", "9/9/2025 8:07"])
@pytest.mark.parametrize("form", FORMS)
def test_columns_of_one_form_are_read_like_any_other(
    form: str, odd: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the figures stand in the same places throughout or not, a column gives what its distinct cells give one by one."""
    start = dt.datetime(2025, 1, 3)
    stamps = [(start + dt.timedelta(minutes=37 * n)).strftime(form) for n in range(dates.SLICE + 5000)]
    cells = pa.array([*stamps, None, "", odd, *stamps[:3]], pa.string())[1:]
    quickly = dates.scan(cells)
    monkeypatch.setattr(dates, "MANY", 1 << 40)
    monkeypatch.setattr(dates, "_iso", lambda column: None)
    slowly = dates.scan(cells)
    assert quickly.clocks is not None
    assert slowly.clocks is None
    said = np.array([bool(cell) for cell in cells.to_pylist()])
    orders = dates.possible_orders(slowly)
    assert dates.possible_orders(quickly) == orders
    assert quickly.spelling == slowly.spelling
    for order in orders or ("",):
        one, other = dates.instants(quickly, order, "Asia/Shanghai"), dates.instants(slowly, order, "Asia/Shanghai")
        assert (one.valid == other.valid).all()
        assert (one.millis[one.valid] == other.millis[one.valid]).all()
        assert (one.filled & ~one.valid).sum() == (other.filled & ~other.valid & said).sum()
        assert one.dated == other.dated
