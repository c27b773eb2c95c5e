"""What-if: named scenarios kept, shared and taken back; who moves and how sure, with the core's own figures, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from core.log import Log
from core.recompute import Recalled, Report
from core.scenario import Scenario
from core.scenarios import Book, Season, presets
from core.scoring import shown
from core.sensitivity import moves, standings, sureness
from core.text import Text
from core.turning import undo
from core.whatif import history, whatif
from tests.pages.conftest import Open, charted, is_clean, visible

PAGE = "4_whatif"
LANGUAGES = ("zh", "en")
PARTS = ("desk", "moves", "sure")
TOPICS = ("chances", "apart", "room", "map", "turns", "double")
Reported = Callable[..., Report]


@pytest.fixture(scope="module")
def recalled(sample_log: Log) -> Recalled:
    """The core's own scores of the sample under any scenario."""
    return Recalled(sample_log)


def show(at: Any, **choices: Any) -> Any:
    """The page with choices made, as if they had been clicked."""
    at.session_state["_kept"] = dict(at.session_state["_kept"]) | choices
    return at.run()


def table(at: Any, *columns: str) -> Any:
    """The table on the page that has some columns."""
    return next(each.value for each in at.dataframe if set(columns) <= set(each.value.columns))


def save(at: Any, name: str) -> Any:
    """The present settings saved under a name."""
    at.text_input(key="scenario_name").set_value(name).run()
    return at.button(key="save_scenario").click().run()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
def test_every_part_opens(open_page: Open, part: str, language: str) -> None:
    """Each part shows its tables in words, without an error, on the first visit."""
    at = show(open_page(PAGE, language, "sample"), whatif_part=part)
    is_clean(at)
    assert at.dataframe


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("topic", TOPICS)
def test_every_side_of_how_sure_opens(open_page: Open, topic: str, language: str) -> None:
    """Each side of the doubt has a sentence and a picture or a table."""
    at = show(open_page(PAGE, language, "sample"), whatif_part="sure", sure_topic=topic)
    is_clean(at)
    assert at.dataframe or at.get("vega_lite_chart")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fold", ["tree_inside", "pairs", "seasons", "how_whatif_desk"])
def test_every_fold_of_the_desk_opens(open_page: Open, fold: str, language: str) -> None:
    """Weights inside the groups, comparisons, seasons and the method are drawn in words when they are asked for."""
    at = open_page(PAGE, language, "sample")
    before = len(visible(at))
    at.session_state[f"fold_{fold}"] = True
    at.run()
    is_clean(at)
    assert len(visible(at)) > before


# --- the desk ----------------------------------------------------------------------------------------------------------------


def test_a_named_scenario_is_saved_compared_and_undone(open_page: Open, recalled: Recalled) -> None:
    """Saved settings stand in every choice, are compared with the core's figures, and undo takes them off again."""
    at = save(open_page(PAGE, "zh", "sample", w_business="90"), "冲业绩")
    is_clean(at)
    at = show(at, whatif_part="moves", side_a="default", side_b="saved:冲业绩")
    found = whatif(recalled.scores, Scenario(), Scenario.of({"w_business": 90}))
    rows = table(at, "score_a", "score_b").set_index("agent")
    for row in found.frame[found.frame["move"].notna()].itertuples():
        assert rows.loc[row.agent, "score_b"] == shown(row.score_b)
        assert rows.loc[row.agent, "by_weight"] == pytest.approx(row.move)
    at = show(at, whatif_part="desk")
    at.button(key="undo").click().run()
    is_clean(at)
    assert not at.session_state["_book"]


def test_a_scenario_is_copied_renamed_and_deleted(open_page: Open) -> None:
    """A copy gets the next free name, a new name is followed by the choices, a deleted scenario is gone; undo brings it back."""
    at = show(save(open_page(PAGE, "en", "sample", w_quality="80"), "care"), shelf="saved:care", side_b="saved:care")
    at.button(key="copy_scenario").click().run()
    assert list(at.session_state["_book"].scenarios) == ["care", "care 2"]
    at.text_input(key="rename_care").set_value("kindness").run()
    at.button(key="rename_scenario").click().run()
    is_clean(at)
    assert list(at.session_state["_book"].scenarios) == ["kindness", "care 2"]
    assert at.session_state["_kept"]["side_b"] == "saved:kindness"
    at.button(key="delete_scenario").click().run()
    assert list(at.session_state["_book"].scenarios) == ["care 2"]
    at.button(key="undo").click().run()
    is_clean(at)
    assert list(at.session_state["_book"].scenarios) == ["kindness", "care 2"]


def test_a_name_that_is_taken_is_refused(open_page: Open) -> None:
    """Renaming onto another scenario says so and loses neither."""
    at = save(open_page(PAGE, "en", "sample", w_quality="80"), "one")
    at = show(save(at, "two"), shelf="saved:two")
    at.text_input(key="rename_two").set_value("one").run()
    at.button(key="rename_scenario").click().run()
    assert any("already a scenario named “one”" in each.value for each in at.error)
    assert list(at.session_state["_book"].scenarios) == ["one", "two"]


def test_a_scenario_without_a_name_is_not_saved(open_page: Open) -> None:
    """The page asks for a name."""
    at = open_page(PAGE, "en", "sample")
    at.button(key="save_scenario").click().run()
    assert Text("en")("whatif.desk.nameless") in [each.value for each in at.warning]


def test_a_scenario_survives_the_link(open_page: Open) -> None:
    """The link shown on the page, opened afresh, gives the same settings and the same table of weights."""
    at = open_page(PAGE, "en", "sample", w_business="60", target_first_response="45", w_fcr="33")
    shared = dict(parse_qsl(urlsplit(at.code[0].value).query))
    assert {"w_business", "target_first_response", "w_fcr"} <= shared.keys()
    language = shared.pop("lang", "en")
    again = open_page(PAGE, language, "sample", **shared)
    assert table(again, "of_total").equals(table(at, "of_total"))
    assert again.slider(key="w_business").value == 60


def test_scenarios_survive_the_file(open_page: Open) -> None:
    """A book uploaded joins what is there; its scenario can be used and turns every knob; undo brings the old knobs back."""
    text = Book(
        {"sale": Scenario.of({"w_efficiency": 55, "band_a": 85})}, (Season("sale", "11-01", "11-12"),)
    ).to_yaml()
    at = save(open_page(PAGE, "en", "sample", w_quality="80"), "mine")
    at.file_uploader(key="book_file").upload("book.yaml", text.encode(), "text/yaml").run()
    is_clean(at)
    assert list(at.session_state["_book"].scenarios) == ["mine", "sale"]
    assert Book.from_yaml(at.session_state["_book"].to_yaml()) == at.session_state["_book"]
    at = show(at, shelf="saved:sale")
    at.button(key="take_scenario").click().run()
    assert (at.slider(key="w_efficiency").value, at.slider(key="w_quality").value) == (55, 40)
    at.button(key="undo").click().run()
    assert at.slider(key="w_quality").value == 80


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "data", [b"- not\n- a book", b"\xff\xfe\x00", b"version: 1\nscenarios: {x: {w_qualty: 3}}", b"{"]
)
def test_a_bad_file_says_so_and_loses_nothing(open_page: Open, data: bytes, language: str) -> None:
    """A file that is no book leaves the saved scenarios as they are and is told about."""
    at = save(open_page(PAGE, language, "sample", w_quality="80"), "mine")
    at.file_uploader(key="book_file").upload("book.yaml", data, "text/yaml").run()
    is_clean(at)
    assert at.error
    assert list(at.session_state["_book"].scenarios) == ["mine"]


@pytest.mark.parametrize("name", sorted(presets()))
def test_a_preset_turns_the_weights_and_leaves_the_rest(open_page: Open, name: str) -> None:
    """A preset used on the desk gives its weights; a changed limit of a grade stays."""
    at = show(open_page(PAGE, "en", "sample", band_a="88"), shelf=f"preset:{name}")
    at.button(key="take_scenario").click().run()
    is_clean(at)
    assert at.slider(key="w_quality").value == presets()[name].get("w_quality")
    assert at.session_state["_kept"]["band_a"] == 88


def test_one_kpi_that_decides_alone_is_warned_about(open_page: Open) -> None:
    """More than half of the score on one KPI, and speed with nothing that shows its price, each have a warning (H29)."""
    at = open_page(
        PAGE, "en", "sample", w_quality="0", w_business="0", w_fcr="0", w_first_response="90", w_handled_per_hour="0"
    )
    said = [each.value for each in at.warning]
    assert any("“First response time” alone makes up 69.2 % of the score" in each for each in said)
    assert any("“First response time” has weight, while nothing" in each for each in said)


def test_weights_out_of_comparisons_become_settings(open_page: Open) -> None:
    """Answers that agree turn the knobs by one button; answers in a circle are warned about with the pair to reconsider."""
    at = open_page(PAGE, "en", "sample")
    at.session_state["fold_pairs"] = True
    at = show(at, pair_efficiency_quality=1 / 2, pair_efficiency_business=2.0, pair_quality_business=4.0)
    is_clean(at)
    assert at.success
    at.button(key="use_pairs").click().run()
    assert at.slider(key="w_quality").value == pytest.approx(400 / 7)
    at = show(at, pair_efficiency_quality=5.0, pair_quality_business=5.0, pair_efficiency_business=1 / 5)
    is_clean(at)
    assert any("contradict each other" in each.value for each in at.warning)
    assert any(each.startswith("The pair to reconsider first") for each in visible(at))


def test_a_season_gives_the_past_its_own_weights(open_page: Open, recalled: Recalled) -> None:
    """A scenario with dates: the past stands under it and under the present settings, as the core has it."""
    at = save(open_page(PAGE, "en", "sample", w_business="70"), "spring")
    at.session_state["fold_seasons"] = True
    at = show(at, season_from=date(2026, 4, 1), season_to=date(2026, 4, 30), season_yearly=False, w_business=30.0)
    at.button(key="add_season").click().run()
    is_clean(at)
    book = at.session_state["_book"]
    assert book.seasons == (Season("spring", "2026-04-01", "2026-04-30"),)
    expected = history(recalled.scores, book, (date(2026, 3, 2), date(2026, 5, 24)), Scenario())
    rows = table(at, "score_own", "score_new")
    assert rows["move"].tolist() == pytest.approx(expected["move"].tolist(), nan_ok=True)
    assert rows["scenario"].unique().tolist() == ["Default settings", "spring"]
    at.button(key="remove_season").click().run()
    is_clean(at)
    assert at.session_state["_book"].seasons == ()


def test_a_season_that_ends_before_it_begins_is_refused(open_page: Open) -> None:
    """The page says which dates cannot be used, and the book stays as it is."""
    at = save(open_page(PAGE, "en", "sample", w_business="70"), "spring")
    at.session_state["fold_seasons"] = True
    at = show(at, season_from=date(2026, 4, 30), season_to=date(2026, 4, 1), season_yearly=False)
    at.button(key="add_season").click().run()
    is_clean(at)
    assert at.error
    assert at.session_state["_book"].seasons == ()


# --- who moves ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_moves_are_those_of_the_core_and_add_up(open_page: Open, recalled: Recalled, language: str) -> None:
    """Weights, a target and a band at once: sentence, picture and table say what `whatif` says, causes add up to the move."""
    turned = {"w_efficiency": 70.0, "target_first_response": 60.0, "band_b": 78.0}
    at = show(open_page(PAGE, language, "sample"), whatif_part="moves", side_a="default", side_b="now", **turned)
    is_clean(at)
    found = whatif(recalled.scores, Scenario(), Scenario.of(turned))
    told, rows = moves(found), table(at, "score_a", "score_b").set_index("agent")
    for row in found.frame.itertuples():
        assert rows.loc[row.agent, "move"] == pytest.approx(row.move, nan_ok=True)
    kept = rows[rows["move"].notna()]
    assert (kept["by_weight"] + kept["by_target"]).tolist() == pytest.approx(kept["move"].tolist())
    said = Text(language)(
        "whatif.moves.sentence", a=Text(language)("whatif.scenario.default"), b=Text(language)("whatif.scenario.now"),
        n=told.up + told.down, largest=Text(language).number(told.largest),
        **{name: getattr(told, name) for name in ("up", "down", "winners", "losers", "same")},
    )  # fmt: skip
    assert any(said in each for each in visible(at))
    drawn = charted(at.get("vega_lite_chart")[0])
    assert drawn.groupby("agent")["change"].sum().to_dict() == pytest.approx(
        {
            row.agent: row.move
            for row in found.frame.itertuples()
            if abs(row.move) > 1e-9 and row.grade_b != "insufficient_data"
        }
    )
    assert len(table(at, "back", "by_group")) == undo(recalled.tables(found.b), found)["agent"].nunique()


def test_two_comparisons_stand_beside_each_other(open_page: Open) -> None:
    """With a third scenario there are two sentences, and the tables are about the one that is looked at."""
    at = show(
        open_page(PAGE, "en", "sample"),
        whatif_part="moves",
        side_a="default",
        side_b="preset:equal",
        side_c="preset:presale",
    )
    is_clean(at)
    first = table(at, "score_a", "score_b")
    assert any("to **All figures equal**" in each and "to **Pre-sale**" in each for each in visible(at))
    at = show(at, moves_side="preset:presale")
    assert not table(at, "score_a", "score_b").equals(first)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_scenario_against_itself_moves_nobody(open_page: Open, language: str) -> None:
    """The same scenario on both sides says so, draws nothing and does not fail."""
    at = show(open_page(PAGE, language, "sample"), whatif_part="moves", side_a="now", side_b="default")
    is_clean(at)
    text = Text(language)
    names = {"a": text("whatif.scenario.now"), "b": text("whatif.scenario.default")}
    assert text("whatif.moves.same", **names) in visible(at)
    assert not at.dataframe
    assert text("whatif.side.same") in [each.value for each in show(at, whatif_part="desk").info]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "link",
    [
        {"in_agent": "Gao Ning"},
        {"min_conversations": "500"},
        {"w_quality": "0", "w_efficiency": "0", "w_business": "0"},
    ],
)
def test_fewer_than_two_graded_agents_say_so(open_page: Open, language: str, part: str, link: dict[str, str]) -> None:
    """One agent, or none with a grade: no ranking is claimed, nothing fails, and the desk can still be turned."""
    at = show(open_page(PAGE, language, "sample", **link), whatif_part=part, side_a="now", side_b="preset:presale")
    is_clean(at)
    if part == "sure":
        assert Text(language)("whatif.moves.too_few") in [each.value for each in at.info]
    if part == "desk":
        assert at.slider(key="w_quality")


def test_a_spoiled_scenario_is_named(open_page: Open) -> None:
    """A scenario of a file whose grade limits are out of order is refused by name; the rest of the page stands."""
    at = open_page(PAGE, "en", "sample")
    at.file_uploader(key="book_file").upload("b.yaml", b"version: 1\nscenarios: {odd: {band_b: 95}}", "text/yaml").run()
    at = show(at, whatif_part="moves", side_a="default", side_b="saved:odd")
    is_clean(at)
    assert "“odd” cannot be used for scoring:" in [each.value for each in at.error]


# --- how sure ----------------------------------------------------------------------------------------------------------------


def test_how_sure_is_what_the_core_says(open_page: Open, reported: Reported) -> None:
    """Chances of the present grade and ranges of places are those of `sureness`; the picture holds three sources of doubt."""
    at = show(open_page(PAGE, "en", "sample", w_quality="70"), whatif_part="sure")
    is_clean(at)
    report = reported(w_quality=70)
    expected = standings(sureness(report.measured, report.scenario), report.scores, report.doubt)
    rows = table(at, "data", "weights", "both")
    assert rows["agent"].tolist() == expected["agent"].tolist()
    for source in ("data", "weights", "both"):
        assert rows[source].tolist() == pytest.approx((100 * expected[source]).tolist())
    assert rows["rank_high"].tolist() == expected["rank_high"].tolist()
    drawn = charted(at.get("vega_lite_chart")[0])
    assert drawn.groupby(["agent", "facet"])["chance"].sum().tolist() == pytest.approx([1.0] * 3 * len(expected))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["ordered", "around"])
@pytest.mark.parametrize("level", ["kpi", "group"])
def test_every_space_of_weightings_opens(open_page: Open, kind: str, level: str, language: str) -> None:
    """Order kept and around the present weights, for KPIs and for groups."""
    at = show(open_page(PAGE, language, "sample"), whatif_part="sure", space_kind=kind, space_level=level)
    is_clean(at)
    assert table(at, "data", "weights").shape[0] == 24


@pytest.mark.parametrize("language", LANGUAGES)
def test_room_and_map_of_one_agent(open_page: Open, language: str) -> None:
    """One agent's grade: within which shares it stays, and which grade holds where on the map."""
    at = show(
        open_page(PAGE, language, "sample"),
        whatif_part="sure",
        sure_topic="room",
        room_what="agent:Gao Ning",
        room_of="kpi",
    )
    is_clean(at)
    rows = table(at, "below", "above")
    assert ((rows["low"] <= rows["now"]) & (rows["now"] <= rows["high"])).all()
    at = show(at, sure_topic="map", map_of="Gao Ning")
    is_clean(at)
    assert charted(at.get("vega_lite_chart")[0])["here"].sum() == 1
