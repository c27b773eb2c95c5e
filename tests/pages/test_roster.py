"""The Moves part: what is tried shows at once, the cheapest changes close the gap, files, and logs without a roster."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from core import recompute, rostering
from core.recompute import Report, staffing_knobs
from core.scenario import Scenario
from core.staffing.cheapest import Limits
from core.text import Text
from tests.pages.conftest import Open, cards, charted, is_clean, visible

PAGE = "7_staffing"
WEEKS = {"period": "custom", "to": "2026-04-26"}
Reported = Callable[..., Report]


def opened(open_page: Open, language: str, **link: str) -> Any:
    """The Staffing page at its Moves part."""
    at = open_page(PAGE, language, "sample", **link)
    return at.segmented_control(key=f"staffing_part.{language}").set_value("moves").run()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_cheapest_changes_close_the_friday_gap(open_page: Open, reported: Reported, language: str) -> None:
    """The figures are the core's; the proposal moves shifts to Friday and, taken over, the page shows its hours."""
    at = opened(open_page, language, **WEEKS)
    is_clean(at)
    text = Text(language)
    scenario = Scenario.of(WEEKS)
    observed = reported(**WEEKS).measured.observed
    demand, team = recompute.demand(observed, scenario), rostering.team(observed, scenario)
    found = rostering.fewest_changes(demand, staffing_knobs(scenario), team, rostering.Ask(limits=Limits(6)), scenario)
    assert (round(found.under_before, 6), round(found.under_hours, 6), found.optimal) == (8.0, 0.0, True)
    assert 4 in {shift.weekday for change in found.changes for shift in change.after}
    assert cards(at)[text("roster.figure.under")] == text.number(found.under_before)
    at.session_state["fold_cheapest"] = True
    at.run()
    is_clean(at)
    at.button(key="take_moves").click().run()
    is_clean(at)
    assert cards(at)[text("roster.figure.under")] == text.number(found.under_hours)
    assert any(text("roster.tried.some", n=len(found.changes)) in said for said in visible(at))
    at.button(key="try_clear").click().run()
    assert cards(at)[text("roster.figure.under")] == text.number(found.under_before)


def raw(days: int = 21, agents: int = 2) -> str:
    """A raw table of messages: a customer every quarter of an hour from 9 to 17, on Fridays two, answered after 40 seconds; no roster."""
    rows = ["conversation id,sender,agent,sent at,text"]
    for day, quarter, copy in itertools.product(range(days), range(32), range(2)):
        if copy == 0 or day % 7 == 4:
            at, agent = f"2026-03-{2 + day:02d} {9 + quarter // 4:02d}:{quarter % 4 * 15:02d}", "AB"[(day + quarter) % agents]
            rows.append(f"c{day}-{quarter}-{copy},customer,,{at}:0{copy},where is my order")
            rows.append(f"c{day}-{quarter}-{copy},agent,{agent},{at}:4{copy},on its way")
    return "\n".join(rows) + "\n"


def uploaded(open_page: Open, language: str, file: str) -> Any:
    """The Staffing page after a file was handed in on the Data page."""
    at = open_page("1_data", language)
    at.file_uploader(key="files").upload("raw.csv", file.encode(), "text/csv").run()
    return at.switch_page(f"pages/{PAGE}.py").run()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_from_a_raw_file_to_the_study_without_code(open_page: Open, language: str) -> None:
    """Upload, open Staffing: the gap by weekday and hour, the table and the printable page are there; supply is said to be a proxy."""
    at = uploaded(open_page, language, raw())
    is_clean(at)
    text = Text(language)
    cells = charted(at.get("vega_lite_chart")[0])
    assert set(cells["weekday"]) == set(range(7))
    assert cells["value"].notna().any()
    assert any(text("staffing.reasons.supply_proxy") in said for said in visible(at))
    assert text("study.download") in [button.proto.label for button in at.get("download_button")]
    at.segmented_control(key=f"staffing_part.{language}").set_value("moves").run()
    is_clean(at)
    assert any(text("roster.today.proxy") in said for said in visible(at))
    assert text("roster.figure.under") in cards(at)


@pytest.mark.parametrize("file", [raw(1, 1), raw(3)], ids=["one day, one agent", "three days"])
def test_little_data_has_sentences(open_page: Open, file: str) -> None:
    """A day or three, one agent: the part shows what it can and fails nowhere, its folds opened."""
    at = uploaded(open_page, "en", file)
    is_clean(at)
    at.segmented_control(key="staffing_part.en").set_value("moves").run()
    for fold in ("fold_cheapest", "fold_newweek", "fold_how_roster"):
        at.session_state[fold] = True
    at.run()
    is_clean(at)


def test_daily_figures_have_no_times(open_page: Open) -> None:
    """A log of days knows no time of day: the part says so."""
    file = "客服,日期,接待人数\n" + "".join(f"{name},2026-03-{day:02d},{50 + day}\n" for name in ("林", "王") for day in range(1, 15))
    at = uploaded(open_page, "zh", file)
    is_clean(at)
    at.segmented_control(key="staffing_part.zh").set_value("moves").run()
    is_clean(at)


def test_a_shift_is_tried(open_page: Open) -> None:
    """Adding a shift on Friday fills hours at once; taking it back restores them; a harder target needs more."""
    at = opened(open_page, "en", **WEEKS)
    text = Text("en")
    before = cards(at)[text("roster.figure.under")]
    at.selectbox(key="try_kind.en").set_value("add").run()
    at.selectbox(key="try_end.en").set_value(840).run()
    at.button(key="try_it").click().run()
    is_clean(at)
    assert cards(at)[text("roster.figure.under")] == text.number(4.0)
    assert cards(at)[text("roster.figure.supplied")] == text.number(186.0)
    at.button(key="try_undo").click().run()
    assert cards(at)[text("roster.figure.under")] == before
    at.slider(key="try_sl_target").set_value(0.95).run()
    assert float(cards(at)[text("roster.figure.needed")]) > 177


def test_without_any_supply_there_is_a_need_only(open_page: Open) -> None:
    """A table of conversations alone shows nobody at work: the need stands, and the part says that nothing can be compared."""
    hours = [f"2026-03-{day:02d} {hour:02d}" for day in range(2, 16) for hour in range(9, 17)]
    rows = [f"c{at},A,{at}:00:00,{at}:00:40,600" for at in hours]
    at = uploaded(open_page, "en", "\n".join(["Conversation ID,Agent ID,Started at,First human reply at,Handle time", *rows]) + "\n")
    is_clean(at)
    text = Text("en")
    assert text("study.download") in [button.proto.label for button in at.get("download_button")]
    at.segmented_control(key="staffing_part.en").set_value("moves").run()
    is_clean(at)
    assert any(text("roster.today.none") in said for said in visible(at))
