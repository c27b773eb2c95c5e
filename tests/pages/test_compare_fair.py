"""Fair comparison on the Compare page: every part in both languages, what was planted is said, what a log lacks has its reason."""

from __future__ import annotations

import json

import pytest

from core import fair
from core.engine import build_facts, observe
from core.log import Log
from core.scenario import Scenario
from core.text import Text
from tests.pages.conftest import ROOT, Open, charted, is_clean, visible

PAGE = "5_compare"
LANGUAGES = ("zh", "en")
PARTS = ("funnel", "same", "pair", "silence", "questions", "rules")
TRUTH = json.loads((ROOT / "sample_data" / "truth.json").read_text(encoding="utf-8"))
POOR = b"Conversation ID,Customer ID,Agent,Started at\n" + b"".join(
    f"k{n},c{n},Ann,2024-01-{n % 28 + 1:02d} 10:{n % 60:02d}:00\n".encode() for n in range(60)
)
RATED = b"Conversation ID,Agent,Started at,CSAT\n" + b"".join(
    f"k{n},{('Ann', 'Ben', 'Cao')[n % 3]},2024-01-{n % 28 + 1:02d} 10:{n % 60:02d}:00,{5 if n % 4 else 1}\n".encode() for n in range(240)
)


def part_of(at, part: str, language: str):
    """The page with one of its parts chosen."""
    at.segmented_control(key=f"compare_part.{language}").set_value(part).run()
    is_clean(at)
    return at


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
def test_every_part_shows_the_sample_in_words(open_page: Open, part: str, language: str) -> None:
    """Each part asks its question and shows a table or chart of the sample, without codes, in both languages."""
    at = part_of(open_page(PAGE, language, "sample"), part, language)
    assert any(Text(language)(f"fair.{part}.question") in said for said in visible(at))
    assert at.dataframe
    assert not at.error


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("log", [POOR, RATED], ids=["one_agent", "ratings_only"])
@pytest.mark.parametrize("part", PARTS)
def test_a_poor_log_gives_reasons_and_no_error(open_page: Open, part: str, log: bytes, language: str) -> None:
    """One agent without ratings, or ratings without messages: each part stands, and says what it cannot."""
    at = open_page("1_data", language)
    at.file_uploader(key="files").upload("poor.csv", log, "text/csv").run()
    at.switch_page(f"pages/{PAGE}.py").run()
    at = part_of(at, part, language)
    assert any(Text(language)(f"fair.{part}.question") in said for said in visible(at))


def test_the_planted_pair_is_said_to_swap_places(open_page: Open) -> None:
    """Slower in total, faster in each language: named in a sentence, and the only pair that is."""
    at = part_of(open_page(PAGE, "en", "sample"), "same", "en")
    front, back = TRUTH["story"]["simpson"]
    said = "\n".join(visible(at))
    assert f"**{front} and {back} swap places.**" in said
    assert said.count("swap places") == 1


def test_the_night_shift_agent_is_said_to_have_other_work(open_page: Open) -> None:
    """Half again the shop's time as it is, and not told apart on the same work."""
    at = part_of(open_page(PAGE, "en", "sample"), "same", "en")
    line = next(line for said in visible(at) for line in said.split("\n") if "look worse than all together" in line)
    assert TRUTH["story"]["night"] in line
    assert "A different mix of work may be all there is to it" in line
    frame = charted(at.get("vega_lite_chart")[0]).set_index("agent")
    assert frame.loc[TRUTH["story"]["night"], "raw"] == pytest.approx(TRUTH["night"]["first_response_mean"], rel=1e-6)


def test_the_funnel_names_who_is_outside_and_what_chance_would_do(open_page: Open, sample_log: Log) -> None:
    """Counts, expected numbers and verdicts are the core's; six ratings have no verdict."""
    at = part_of(open_page(PAGE, "en", "sample"), "funnel", "en")
    found = fair.funnel(observe(build_facts(sample_log)), Scenario(), "satisfaction")
    outside = found.counts.get("watch", 0) + found.counts["look_into"]
    said = next(said for said in visible(at) if "95 % limits" in said and "by chance" in said)
    assert f"{outside} of {found.judged} agents" in said
    assert f"about {found.expected_watch:.1f} would by chance" in said
    assert "dispersion" in said
    frame = charted(at.get("vega_lite_chart")[0]).dropna(subset="agent").set_index("agent")
    assert frame.loc[TRUTH["story"]["fast_empty"], "verdict"] == "look_into"
    assert frame.loc[TRUTH["story"]["six_ratings"], "verdict"] == "not_enough_data"


def test_a_pair_has_its_verdict_and_says_how_much_more_it_takes(open_page: Open) -> None:
    """Two equal agents: no evidence, a number of cases still needed; never said to be equal."""
    at = part_of(open_page(PAGE, "en", "sample"), "pair", "en")
    one, other = TRUTH["story"]["equal"][:2]
    at.selectbox(key="compare_by.en").set_value("satisfaction").run()
    at.selectbox(key="pair_a.en").set_value(one).run()
    at.selectbox(key="pair_b.en").set_value(other).run()
    is_clean(at)
    said = "\n".join(visible(at))
    assert f"No evidence of a difference between {one} and {other}" in said
    assert "until it is decided in 80 % of cases" in said
    at.selectbox(key="pair_b.en").set_value(one).run()
    assert Text("en")("fair.pair.twice") in [box.value for box in at.info]


def test_silence_moves_with_what_is_supposed(open_page: Open) -> None:
    """The supposed share falls with the slider; worst and best case do not move."""
    at = part_of(open_page(PAGE, "en", "sample"), "silence", "en")
    before = charted(at.get("vega_lite_chart")[0]).set_index("part")
    at.slider(key="silence_gap").set_value(30).run()
    is_clean(at)
    after = charted(at.get("vega_lite_chart")[0]).set_index("part").loc[before.index]
    assert (after["supposed"] <= before["supposed"]).all()
    assert after["supposed"].sum() < before["supposed"].sum()
    assert (after["worst"] == before["worst"]).all()


def test_questions_are_asked_about_the_planted_agent_alone(open_page: Open) -> None:
    """Three questions about the fast-but-empty agent, nobody else named in one, and conversations behind them."""
    at = part_of(open_page(PAGE, "en", "sample"), "questions", "en")
    options = at.selectbox(key="question.en").options
    assert len(options) == 3
    assert all(option.startswith(TRUTH["story"]["fast_empty"]) for option in options)
    assert len(at.dataframe) == 2


def test_two_rule_sets_flip_conversations_and_one_can_be_used(open_page: Open) -> None:
    """Counts of the sentence are the file's; the button turns the knob."""
    at = part_of(open_page(PAGE, "en", "sample"), "rules", "en")
    assert len(at.dataframe[0].value) == 7
    assert any("conversations are judged differently" in said for said in visible(at))
    at.button(key="use_b").click().run()
    is_clean(at)
    assert at.query_params["rules"] == "taobao_3min"


def test_nobody_is_in_an_order_when_chance_explains_everything(open_page: Open) -> None:
    """A KPI by which agents do not differ: no order by value, and it is said."""
    at = open_page(PAGE, "en", "sample")
    frame = at.dataframe[0].value
    assert {"shrunken", "reliability"} <= set(frame.columns)
    assert any("reach reliability 0.7" in said for said in visible(at))
