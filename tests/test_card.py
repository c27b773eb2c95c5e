"""Receipt and page in words: what is printed adds up, names are escaped or coded, nothing is missing or promised."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from core import card
from core.metrics import BY_KEY
from core.privacy import pseudonyms
from core.recompute import Report, judge, measure
from core.scenario import Scenario
from core.scoring import INSUFFICIENT
from core.talk import Company, Talk, company, talk
from core.text import LANGUAGES, Text
from tests import shop

PROMISES = re.compile(r"significant|显著|because of|training worked|stable|稳定|bad agent|偷懒|lazy", re.IGNORECASE)
HOLES = re.compile(r"\{[a-z_]+\}|\bnan\b|\bNone\b|\bcard\.[a-z_]+")


@cache
def told(share: float = 0.0) -> tuple[Report, Company]:
    """The sample shop over four weeks, with or without a team share."""
    scenario = Scenario.of({"period": "28d", "team_share": share})
    measured = measure(shop.observed(), scenario)
    report = Report(measured, *judge(measured, scenario), scenario)
    return report, company(report)


@cache
def talked(agent: str, share: float = 0.0) -> Talk:
    """What is to be talked about with an agent."""
    report, beside = told(share)
    return talk(report, agent, beside)


def voice(language: str, share: float = 0.0, **names: str) -> card.Voice:
    """The words of a language."""
    return card.Voice(Text(language), told(share)[0].scenario, names)


def page(agent: str, language: str, share: float = 0.0) -> str:
    """An agent's sheet."""
    words = voice(language, share)
    return card.card_html(talked(agent, share), told(share)[0].scores.bands, card.default_actions(words.text), words).decode()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("share", [0.0, 30.0])
def test_printed_contributions_add_up(language: str, share: float) -> None:
    """The column of contributions, the team's part included, is the printed sum but for the rounding of each line."""
    report, words = told(share)[0], voice(language, share)
    for agent in report.scores.names:
        one = talked(agent, share).receipt
        column = card.receipt_table(one, words)[words.text("card.column.contribution")].astype(float)
        assert column.iloc[:-1].sum() == pytest.approx(column.iloc[-1], abs=0.005 * len(column))
        assert column.iloc[-1] == pytest.approx(one.score, abs=0.005)
        assert (words.text("card.column.team") in card.receipt_table(one, words).iloc[:, 0].tolist()) == (one.team != 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_formulas_can_be_computed_by_hand(language: str) -> None:
    """Each stretch of the scale has its own sentence, and the one used is that of the value."""
    report = told()[0]
    found = set()
    for agent in report.scores.names:
        for line in talked(agent).receipt.lines.itertuples():
            said = card.formula(line, voice(language))
            assert Text(language).number(line.contribution, 2) in said
            over = BY_KEY[line.key].better * (line.value - line.passing) >= 0
            part = "full" if line.points >= 100 else "zero" if line.points <= 0 else "upper" if over else "lower"
            assert ("60 + 40" in said, "60 ×" in said) == (part == "upper", part == "lower")
            found.add(part)
    assert found == {"full", "zero", "upper", "lower"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("agent", ["Tom Baker", "Ma Rui", "Shen Yi", "Deng Yu"])
def test_a_page_has_all_its_words_and_promises_nothing(agent: str, language: str) -> None:
    """Worst, best, ungraded and close to the next grade: every heading that applies, no hole, no code, no word that says too much."""
    text = re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", page(agent, language), flags=re.DOTALL)
    headings = re.findall(r"<h2>(.*?)</h2>", text)
    wanted = [Text(language)(f"card.heading.{name}") for name in ("grade", "parts", "strengths", "weaknesses", "step", "limits", "action")]
    assert [heading for heading in headings if heading in wanted] == wanted
    assert HOLES.search(text) is None
    assert PROMISES.search(text) is None
    assert agent in text


def test_names_and_actions_are_escaped() -> None:
    """A name or a note that looks like HTML is text on the page."""
    report = told()[0]
    one = talked("Tom Baker")
    evil = "<script>alert(1)</script>"
    words = voice("en", **{"Tom Baker": evil})
    actions = dict.fromkeys(card.default_actions(words.text), f"{evil}\nsecond line")
    found = card.card_html(one, report.scores.bands, actions, words).decode()
    assert "<script" not in found
    assert found.count("&lt;script&gt;") >= 3
    assert "<p>second line</p>" in found


def test_the_archive_has_a_page_per_agent_and_codes_hide_every_name() -> None:
    """With codes neither file names nor pages hold a name of the team."""
    report, beside = told()
    codes = pseudonyms(report.scores.names, "log")
    words = voice("en", **codes)
    made = card.cards_zip(report, beside, card.default_actions(words.text), words)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        names = archive.namelist()
        pages = [archive.read(name).decode() for name in names]
    assert len(pages) == len(report.scores.names)
    assert sorted(name.split("_")[1].removesuffix(".html") for name in names) == sorted(codes.values())
    assert [agent for agent in report.scores.names for one in [*pages, *names] if agent in one] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_for_pay_is_in_words(language: str) -> None:
    """Headings and warnings are words; everybody with a doubtful grade has a warning beside it."""
    report, beside = told()
    words = voice(language)
    frame = card.pay_table(report, beside, words)
    assert len(frame) == len(report.scores.names)
    assert HOLES.search(" ".join(frame.columns)) is None
    warned = frame[words.text("card.pay.warnings")]
    assert words.text("card.warning.no_grade") in warned[frame[words.text("card.pay.agent")] == "Shen Yi"].iloc[0]
    assert {words.text(f"grades.grade.{each}") for each in ("A", "D", INSUFFICIENT)} <= set(frame[words.text("card.pay.grade")])


def test_the_aim_is_reached_by_who_reaches_what_is_written() -> None:
    """Shown figures are rounded to the better side, and the share of colleagues is of those who reach that."""
    report = told()[0]
    for agent in report.scores.names:
        for step in talked(agent).receipt.steps.itertuples():
            if not np.isnan(step.needed):
                better = BY_KEY[step.key].better
                assert better * (step.aim - step.needed) >= -1e-9
                place = report.scores.keys.index(step.key)
                others = [i for i, name in enumerate(report.scores.names) if name != agent and report.scores.points[i, place] >= 0]
                reached = np.mean([better * (report.scores.values[i, place] - step.aim) >= -1e-9 for i in others])
                assert step.peers == pytest.approx(reached)


@pytest.mark.parametrize(("alpha", "word"), [(0.9, "good"), (0.7, "tentative"), (0.2, "poor"), (np.nan, "")])
def test_agreement_is_worded_by_its_size(alpha: float, word: str) -> None:
    """Krippendorff's customary limits; too few persons say so instead."""
    report = told()[0]
    one = next(talked(agent) for agent in report.scores.names if talked(agent).rated)
    said = card.rating_lines(replace(one, alpha=alpha), voice("en"))[2]
    assert (Text("en")(f"card.rating.{word}") in said) if word else (said == Text("en")("card.rating.no_alpha"))


def test_without_ratings_there_is_no_section() -> None:
    """A log without sheets says nothing about self and peers."""
    report = told()[0]
    one: Talk = replace(talked("Tom Baker"), rated=None)
    assert card.rating_lines(one, voice("zh")) == []
    headings = [part.heading for part in card.sections(one, report.scores.bands, "", voice("zh"))]
    assert Text("zh")("card.heading.ratings") not in headings


def test_changes_carry_their_sign_and_unit() -> None:
    """Ratios in per cent, shares in points, all else in the KPI's unit; missing is a dash."""
    words = voice("en")
    assert words.change(-0.5, "ratio", "first_response") == "−50.0 %"
    assert words.change(0.034, "difference", "fcr") == "+3.4 pp"
    assert words.change(-12.0, "", "first_response") == "−12 s"
    assert words.change(float("nan"), "", "qa_score") == "–"


def test_what_only_looks_different_alone_is_a_hint() -> None:
    """Some evidence is never a strength of its own."""
    peers = pd.DataFrame({"key": ["fcr"], "change": [0.2], "verdict": ["some_evidence"], "way": [0]})
    found = SimpleNamespace(peers=peers, past=peers.iloc[:0].assign(difference=0.0))
    lines = card.told_lines(found, 1, voice("en"))  # type: ignore[arg-type]
    assert lines[0] == Text("en")("card.none.better")
    assert "FCR" in lines[1]
    assert len(card.told_lines(found, -1, voice("en"))) == 1  # type: ignore[arg-type]
