"""Frames for every builder, small enough to check by eye."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from core import charts
from core.annotations import Annotation
from core.charts import Chart, Labels

WEEKS = pd.date_range("2026-03-02", periods=4, freq="7D")

NAMED = (
    Annotation(date(2026, 3, 4), "换班"), Annotation(date(2026, 3, 24), "sale", date(2026, 3, 27)), Annotation(date(2027, 1, 1), "later"),
)  # fmt: skip


def line(labels: Labels) -> Chart:
    """Four weeks with a gap, a band, a fit and a target, in seconds."""
    frame = pd.DataFrame(
        {"x": WEEKS, "y": [400.0, None, 200.0, 100.0], "fit": [420.0, 320.0, 220.0, 120.0], "n": [50, 0, 40, 30]}
    )
    return charts.line_with_band(
        frame.assign(low=frame["y"] - 30, high=frame["y"] + 30, target=120.0), labels, "seconds"
    )


def intervals(labels: Labels) -> Chart:
    """Three agents, one with too few observations."""
    frame = pd.DataFrame(
        {"agent": ["王芳", "Li", "Wu"], "value": [0.9, 0.7, 0.8], "low": [0.85, 0.3, 0.7], "high": [0.95, 0.9, 0.9]}
    )
    return charts.bars_with_interval(
        frame.assign(n=[99, 5, 60], status=["ok", "too_few", "ok"], target=0.95), labels, "share"
    )


def grades(labels: Labels) -> Chart:
    """A baseline against a what-if."""
    rows = [
        ("baseline", "A", 2),
        ("baseline", "insufficient_data", 1),
        ("whatif", "B", 2),
        ("whatif", "insufficient_data", 1),
    ]
    return charts.grade_distribution(pd.DataFrame(rows, columns=["scenario", "grade", "agents"]), labels)


def week(labels: Labels) -> Chart:
    """Two known hours, one of them thin."""
    return charts.heatmap(
        pd.DataFrame({"weekday": [0, 4], "hour": [9, 10], "value": [5.0, 7.0], "n": [50, 3]}), labels, n_min=20
    )


def gap(labels: Labels) -> Chart:
    """One slot short of people, one with a spare one, one closed."""
    frame = pd.DataFrame(
        {"slot": ["09:00", "09:30", "10:00"], "required": [5.0, 3.0, None], "supplied": [4.0, 4.0, None]}
    )
    return charts.gap_chart(frame, labels)


def _points() -> pd.DataFrame:
    rows = [("Li", "CSAT", "Quality", 40.0), ("Li", "FCR", "Efficiency", 20.0), ("王芳", "CSAT", "Quality", 70.0)]
    return pd.DataFrame(rows, columns=["agent", "part", "group", "points"])


def contributions(labels: Labels) -> Chart:
    """Two agents, one with two parts."""
    return charts.contribution_bars(_points(), labels)


def parts(labels: Labels) -> Chart:
    """One agent's points over what was possible."""
    return charts.contribution_parts(_points().iloc[:2].assign(possible=[50.0, 30.0]), labels)


def changes(labels: Labels) -> Chart:
    """A gain and a loss."""
    return charts.contribution_changes(pd.DataFrame({"part": ["FCR", "CSAT"], "change": [-1.5, 2.0]}), labels)


def plane(labels: Labels) -> Chart:
    """Three agents, the shop's cross."""
    frame = pd.DataFrame(
        {"agent": ["Li", "王芳", "Wu"], "x": [30.0, 400.0, 60.0], "y": [0.7, 0.95, 0.9], "n": [50, 60, 6]}
    )
    return charts.scatter_plane(frame.assign(x_mid=100.0, y_mid=0.85), labels, ("seconds", "share"))


def moves(labels: Labels) -> Chart:
    """One agent who changes grade, one who does not."""
    frame = pd.DataFrame({"agent": ["Li", "王芳"], "baseline": [76.0, 80.0], "whatif": [74.0, 82.0]})
    graded = frame.assign(grade_baseline=["B", "B"], grade_whatif=["C", "B"], band_a=90.0, band_b=75.0, band_c=60.0)
    return charts.arrows(graded, labels)


def causes(labels: Labels) -> Chart:
    """One agent who gains by weights and loses by targets, one who only loses."""
    rows = [("王芳", "weights", 2.0, 1.5), ("王芳", "targets", -0.5, 1.5), ("Li", "weights", -3.0, -3.0)]
    return charts.cause_bars(pd.DataFrame(rows, columns=["agent", "part", "change", "move"]), labels)


def chances(labels: Labels) -> Chart:
    """Two agents, one sure and one not."""
    rows = [("王芳", "A", 0.94), ("王芳", "B", 0.06), ("Li", "A", 0.41), ("Li", "B", 0.59)]
    return charts.grade_chances(pd.DataFrame(rows, columns=["agent", "grade", "chance"]), labels)


def chances_twice(labels: Labels) -> Chart:
    """The same under two kinds of doubt."""
    rows = [("王芳", "A", 0.94, "data"), ("王芳", "B", 0.06, "data"), ("王芳", "A", 0.7, "weights"), ("王芳", "C", 0.3, "weights")]
    return charts.grade_chances(pd.DataFrame(rows, columns=["agent", "grade", "chance", "facet"]), labels)


def triangle(labels: Labels) -> Chart:
    """Four weightings and the present one."""
    points = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.3, 0.4, 0.3)]
    frame = pd.DataFrame(points, columns=["efficiency", "quality", "business"])
    frame = frame.assign(holds=["王芳", "Li", "Li", "王芳"], tip="–", here=[False, False, False, True])
    return charts.weight_triangle(frame, labels, ("Efficiency", "Quality", "Business"))


def reaches(labels: Labels) -> Chart:
    """Two knobs, one that only helps."""
    frame = pd.DataFrame({"part": ["CSAT", "FCR"], "low": [70.0, 72.0], "now": [72.0, 72.0], "high": [75.0, 73.0]})
    return charts.reach_bars(frame, labels)


def funnel(labels: Labels) -> Chart:
    """Three agents of which one is outside, one has too little."""
    rows = pd.DataFrame({"agent": ["王芳", "Li", "Wu"], "n": [50.0, 90.0, 8.0], "value": [0.8, 0.5, 1.0]})
    rows["verdict"] = ["within", "look_into", "not_enough_data"]
    curve = pd.DataFrame({"n": [5.0, 50.0, 100.0], "low_95": [0.4, 0.68, 0.71], "high_95": [1.0, 0.9, 0.88]})
    return charts.funnel_plot(rows, curve.assign(low_998=[0.2, 0.6, 0.66], high_998=[1.0, 0.95, 0.91]), 0.8, labels)


def adjusted(labels: Labels) -> Chart:
    """A night-shift agent whose figure gets better with everybody's mix."""
    frame = pd.DataFrame({"agent": ["王芳", "Li"], "raw": [120.0, 80.0], "adjusted": [82.0, 84.0], "low": [70.0, 75.0]})
    return charts.raw_and_adjusted(frame.assign(high=95.0, overall=85.0, n=100, status=["ok", "too_few"]), labels, "seconds")


def silence(labels: Labels) -> Chart:
    """Thirty of a hundred answered."""
    frame = pd.DataFrame({"part": ["王芳"], "worst": [0.27], "best": [0.97], "low": [0.75], "high": [0.96], "observed": [0.9]})
    return charts.silence_bars(frame.assign(supposed=0.83, response=0.3), labels)


def verdict_board(labels: Labels) -> Chart:
    """Two agents × two KPIs: worse for sure, worth a look, unchanged, not judged."""
    frame = pd.DataFrame({"group": ["王芳", "王芳", "Li", "Li"], "metric": ["CSAT", "FCR"] * 2, "cell": list("abcd")})
    frame["verdict"] = ["strong_evidence", "worth_a_look", "practically_unchanged", "not_enough_data"]
    told = {"sense": ["worse", "better", "", ""], "direction": ["down", "up", "up", "none"]}
    return charts.verdict_board(frame.assign(**told, verdict_tip="x", slope_tip="+1 s", p_tip="0.01"), labels)


def small(labels: Labels) -> Chart:
    """Two agents' four weeks, one without a line."""
    frame = pd.DataFrame({"group": ["王芳"] * 4 + ["Li"] * 4, "x": [*WEEKS, *WEEKS], "y": [400.0, None, 200, 100, 90, 80, 95, 90]})
    frame["fit"] = [420.0, 320, 220, 120, None, None, None, None]
    return charts.small_multiples(frame.assign(tone=["better"] * 4 + ["unjudged"] * 4), labels, "seconds")


def controlled(labels: Labels) -> Chart:
    """Thirty days with a change, limits on one side of it, a point beyond, three named days of which one lasts."""
    days = pd.date_range("2026-03-02", periods=30)
    frame = pd.DataFrame({"x": days, "y": [60.0] * 20 + [300.0] * 10, "centre": [60.0] * 20 + [300.0] * 10, "n": 9})
    frame = frame.assign(lower=[30.0] * 20 + [None] * 10, upper=[90.0] * 20 + [None] * 10, stretch=[0] * 20 + [1] * 10)
    frame.loc[4, "y"] = 95.0
    return charts.control_chart(frame.assign(beyond=frame["y"] > frame["upper"]), labels, "seconds", marks=NAMED)


def named_days(labels: Labels) -> Chart:
    """Four weeks with a gap and named days."""
    return charts.line_with_band(pd.DataFrame({"x": WEEKS, "y": [400.0, None, 200.0, 100.0]}), labels, "seconds", marks=NAMED)


def today(labels: Labels) -> Chart:
    """Half an hour of today, one slot still to come, beside the usual."""
    frame = pd.DataFrame({"minute": [600, 615, 630], "contacts": [4.0, 2.0, None], "usual": [3.0, 3.5, 2.25]})
    return charts.today_and_usual(frame.assign(usual_low=[1.0, 2.0, 0.0], usual_high=[6.0, 5.0, 4.0]), labels)


DECISIONS = (causes, chances, chances_twice, triangle, reaches, funnel, adjusted, silence)
IN_TIME = (controlled, named_days, today)
BUILDERS = (*DECISIONS, *IN_TIME, verdict_board, small, line, intervals, grades, week, gap, contributions, parts, changes, plane, moves)


def labelled(language: str) -> Labels:
    """Labels in a language."""
    if language == "zh":
        return Labels("zh", "首次响应中位数", "首次响应", "数值", "2026-03-02 至 2026-03-29 · n = 120")
    return Labels("en", "Median first response", "First response", "Value", "2026-03-02 to 2026-03-29 · n = 120")


@pytest.fixture(params=BUILDERS, ids=lambda builder: builder.__name__)
def build(request: pytest.FixtureRequest) -> Callable[[Labels], Chart]:
    """Each builder with its frame."""
    builder: Callable[[Labels], Chart] = request.param
    return builder
