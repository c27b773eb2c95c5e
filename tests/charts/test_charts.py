"""Charts show what the frame holds, in both languages, without holding it."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import vl_convert

from core import charts
from core.charts import Chart, Labels, theme
from core.exports import pictures

_SPEC = importlib.util.spec_from_file_location("chart_cases", Path(__file__).with_name("conftest.py"))
cases = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cases)

Builder = Callable[[Labels], Chart]


def fields(spec: Any) -> set[str]:
    """Every column a template reads."""
    if isinstance(spec, list):
        return set().union(*map(fields, spec)) if spec else set()
    if not isinstance(spec, dict):
        return set()
    named = {spec["field"]} if isinstance(spec.get("field"), str) else set()
    return named.union(*map(fields, spec.values())) if spec else named


def marks(svg: str, role: str) -> list[str]:
    """What screen readers hear of each mark of a kind."""
    return re.findall(rf'aria-label="([^"]*)"[^>]*aria-roledescription="{role}"', svg) or re.findall(
        rf'<[^>]*aria-roledescription="{role}"[^>]*>', svg
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_templates_hold_no_data_and_no_look(build: Builder, language: str) -> None:
    """A template carries neither rows nor config nor title, so that a slider changes the frame alone."""
    chart = build(cases.labelled(language))
    assert set(chart.spec) & {"data", "datasets", "config", "title"} == set()
    assert [layer for layer in chart.spec.get("layer", []) if "data" in layer] == []
    assert "王芳" not in json.dumps(chart.spec, ensure_ascii=False)
    assert len(chart.data) > 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_column_a_template_reads_is_there(build: Builder, language: str) -> None:
    """Fields are columns of the frame or are computed inside the template."""
    chart = build(cases.labelled(language))
    computed = set(re.findall(r'"as": "([^"]+)"', json.dumps(chart.spec)))
    assert fields(chart.spec) - computed - set(chart.data.columns) == set()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_charts_draw_with_words_and_without_errors(build: Builder, language: str) -> None:
    """The renderer accepts every chart; title and note stand in the file."""
    labels = cases.labelled(language)
    svg = pictures.svg(build(labels))
    assert labels.title in svg
    assert "n = 120" in svg
    assert "NaN" not in svg
    assert "undefined" not in svg


def test_a_frame_of_new_values_keeps_the_template(build: Builder) -> None:
    """Same words, other numbers: the same template, so that the browser does not draw anew."""
    first, second = build(cases.labelled("en")), build(cases.labelled("en"))
    assert first.spec == second.spec
    assert first.spec is not second.spec


def test_moving_a_target_changes_data_only() -> None:
    """The target is a column, not a part of the template."""
    frame = pd.DataFrame({"agent": ["Li"], "value": [0.8], "target": [0.9]})
    labels = cases.labelled("en")
    one = charts.bars_with_interval(frame, labels, "share")
    other = charts.bars_with_interval(frame.assign(target=0.7), labels, "share")
    assert one.spec == other.spec
    assert one.data["target"].tolist() != other.data["target"].tolist()


def test_a_missing_week_is_a_gap_and_not_a_zero() -> None:
    """Of four weeks with one missing three points are drawn, and none at zero."""
    chart = cases.line(cases.labelled("en"))
    svg = pictures.svg(chart)
    spoken = [label for label in marks(svg, "point") if "Value" in label]
    assert len(spoken) == 3
    assert pictures.complete(chart)["data"]["values"][1]["y"] is None
    assert chart.data["y_tip"].tolist()[1] == "–"


def test_durations_are_drawn_in_the_unit_that_fits_and_stay_seconds_in_the_frame() -> None:
    """400 s are drawn in minutes under a title that says so; the frame keeps 400."""
    chart = cases.line(cases.labelled("en"))
    text = json.dumps(chart.spec)
    assert "Value (min)" in text
    assert "datum.y / 60" in text
    assert chart.data["y"].tolist()[0] == 400.0
    assert chart.data["y_tip"].tolist()[0] == "6 min 40 s"


def test_week_labels_stand_under_their_points() -> None:
    """A weekly line is labelled with the days of its weeks, not with Sundays of the calendar."""
    svg = pictures.svg(cases.line(cases.labelled("en")))
    assert all(day in svg for day in ("03-02", "03-09", "03-16", "03-23"))
    assert "03-08" not in svg


def test_times_are_wall_times() -> None:
    """Naive times leave without a zone, so that no browser shifts them."""
    values = pictures.complete(cases.line(cases.labelled("en")))["data"]["values"]
    assert values[0]["x"].startswith("2026-03-02T00:00:00")
    assert not values[0]["x"].endswith("Z")


@pytest.mark.parametrize(("ascending", "order"), [(False, ["王芳", "Wu", "Li"]), (True, ["Li", "Wu", "王芳"])])
def test_agents_stand_in_order_of_their_value(ascending: bool, order: list[str]) -> None:
    """The best stands on top, whichever direction is good; the drawing keeps the order of the frame."""
    frame = pd.DataFrame({"agent": ["王芳", "Li", "Wu"], "value": [0.9, 0.7, 0.8]})
    chart = charts.bars_with_interval(frame, cases.labelled("zh"), "share", ascending=ascending)
    assert chart.data["agent"].tolist() == order
    svg = pictures.svg(chart)
    assert sorted(order, key=svg.index) == order


def test_agents_without_a_value_stay_visible() -> None:
    """An agent without a value keeps a line, last and empty, with a dash as value."""
    frame = pd.DataFrame({"agent": ["Li", "Wu"], "value": [None, 0.8]}).astype({"value": float})
    chart = charts.bars_with_interval(frame, cases.labelled("en"), "share")
    assert chart.data["agent"].tolist() == ["Wu", "Li"]
    assert chart.data["value_tip"].tolist() == ["80.0 %", "–"]
    assert "Li" in pictures.svg(chart)


def test_too_few_observations_are_grey() -> None:
    """Exactly the thin agent's marks take the faint colour."""
    chart = cases.intervals(cases.labelled("en"))
    svg = pictures.svg(chart)
    assert svg.count(f'fill="{theme.FAINT}"') == 2
    assert svg.count(f'fill="{theme.ACCENT}"') == 4
    assert chart.data["status_tip"].tolist()[-1] == "too few for a verdict"


def test_grades_stand_in_their_order_and_zero_is_drawn() -> None:
    """A to D, then those without enough data; a grade without agents counts zero, not missing."""
    chart = cases.grades(cases.labelled("zh"))
    assert chart.data["grade_tip"].tolist()[:5] == ["A", "B", "C", "D", "数据不足"]
    assert chart.data["agents"].tolist() == [2, 0, 0, 0, 1, 0, 2, 0, 0, 1]


def test_the_week_starts_on_monday_in_words_of_the_language() -> None:
    """Rows run Monday to Sunday; the frame keeps numbers."""
    zh, en = (pictures.svg(cases.week(cases.labelled(language))) for language in ("zh", "en"))
    assert zh.index("周一") < zh.index("周五") < zh.index("周日")
    assert en.index("Mon") < en.index("Fri") < en.index("Sun")
    assert cases.week(cases.labelled("zh")).data["weekday"].tolist()[:2] == [0, 0]


def test_thin_hours_are_grey_and_unknown_hours_empty() -> None:
    """Of 14 cells one is coloured, one is grey, twelve are not drawn."""
    chart = cases.week(cases.labelled("en"))
    svg = pictures.svg(chart)
    assert chart.data["state"].value_counts().to_dict() == {"empty": 12, "ok": 1, "too_few": 1}
    assert svg.count(f'fill="{theme.FAINT}"') == 1


def test_the_missing_people_are_the_difference_and_only_where_people_miss() -> None:
    """One of three slots is short by one; the closed slot has no gap."""
    chart = cases.gap(cases.labelled("en"))
    assert chart.data["gap"].tolist()[:2] == [-1.0, 1.0]
    assert pd.isna(chart.data["gap"].tolist()[2])
    assert pictures.svg(chart).count(f'fill="{theme.DEFICIT}"') >= 1


def test_contributions_add_up_to_the_score() -> None:
    """The score of an agent is the sum of the segments; the best stands on top."""
    chart = cases.contributions(cases.labelled("en"))
    sums = chart.data.groupby("agent")["points"].sum()
    assert all(row.score == sums[row.agent] for row in chart.data.itertuples())
    assert chart.data["agent"].tolist() == ["王芳", "Li", "Li"]


def test_arrows_say_who_changes_grade() -> None:
    """A fall from B to C is marked, a rise inside B is not."""
    chart = cases.moves(cases.labelled("en"))
    moved = dict(zip(chart.data["agent"], chart.data["moved"], strict=True))
    assert moved == {"Li": "grade_down", "王芳": "same"}
    assert dict(zip(chart.data["agent"], chart.data["grade_tip"], strict=True)) == {"Li": "B → C", "王芳": "B"}


def test_too_many_rows_are_refused() -> None:
    """A chart of 2,001 rows is an error of the caller, who must aggregate first."""
    frame = pd.DataFrame({"agent": [f"a{i}" for i in range(2001)], "value": 1.0})
    with pytest.raises(ValueError, match="2001 rows, must be <= 2000"):
        charts.bars_with_interval(frame, cases.labelled("en"))


def test_many_years_of_days_show_the_newest_and_say_so() -> None:
    """A line of more days than a chart has room for begins later, for all its series alike; the note says when, the end stays."""
    days = pd.date_range("2017-01-01", periods=1_400)
    both = [pd.DataFrame({"x": days, "y": 1.0, "series": name}) for name in ("a", "b")]
    frame = pd.concat(both, ignore_index=True)
    chart = charts.line_with_band(frame, cases.labelled("en"))
    assert chart.data.groupby("series").size().to_dict() == {"a": 1000, "b": 1000}
    assert chart.data["x"].min() == days[400]
    assert chart.data["x"].max() == days[-1]
    assert f"{days[400]:%Y-%m-%d}" in chart.note
    points = pd.DataFrame({"x": pd.date_range("2017-01-01", periods=2_500), "y": 1.0})
    limits = {"centre": 1.0, "lower": 0.0, "upper": 2.0, "beyond": False, "stretch": 0, "n": 9}
    course = charts.control_chart(points.assign(**limits), cases.labelled("zh"))
    assert len(course.data) == 2000
    assert "2018-05-16" in course.note


def test_planes_of_thousands_keep_those_with_enough_data() -> None:
    """Of 2,400 agents a plane and a funnel show the judged ones and those with most data; the note counts them."""
    n = pd.Series(range(2400), dtype=float)
    agents = pd.DataFrame({"agent": [f"a{i}" for i in n], "x": 1.0, "y": 2.0, "n": n, "status": ["ok", *["too_few"] * 2399]})
    plane = charts.scatter_plane(agents, cases.labelled("en"))
    assert len(plane.data) == 2000
    assert plane.data["n"].tolist()[:2] == [0.0, 401.0]
    assert "2,000 of 2,400" in plane.note
    rows = agents.assign(value=0.8, verdict=["within", *["not_enough_data"] * 2399])
    curve = pd.DataFrame({"n": [30.0], "low_95": [0.7], "high_95": [0.9], "low_998": [0.6], "high_998": [1.0]})
    funnel = charts.funnel_plot(rows, curve, 0.8, cases.labelled("en"))
    assert len(funnel.data) == 2000
    assert (funnel.data["verdict"] == "within").sum() == 1


EMPTY = (
    (charts.line_with_band, {"x": "datetime64[us]", "y": "float", "low": "float", "high": "float"}),
    (charts.bars_with_interval, {"agent": "str", "value": "float"}),
    (charts.grade_distribution, {"scenario": "str", "grade": "str", "agents": "int"}),
    (charts.heatmap, {"weekday": "int", "hour": "int", "value": "float", "n": "int"}),
    (charts.gap_chart, {"slot": "str", "required": "float", "supplied": "float"}),
    (charts.contribution_bars, {"agent": "str", "part": "str", "group": "str", "points": "float"}),
    (charts.contribution_parts, {"part": "str", "group": "str", "points": "float", "possible": "float"}),
    (charts.contribution_changes, {"part": "str", "change": "float"}),
    (charts.scatter_plane, {"agent": "str", "x": "float", "y": "float"}),
    (charts.arrows, {"agent": "str", "baseline": "float", "whatif": "float"}),
)


@pytest.mark.parametrize(("builder", "columns"), EMPTY, ids=lambda value: getattr(value, "__name__", ""))
def test_an_empty_frame_gives_an_empty_chart(builder: Callable[..., Chart], columns: dict[str, str]) -> None:
    """A filter that leaves nothing ends in axes without marks, not in an error."""
    frame = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    svg = pictures.svg(builder(frame, cases.labelled("zh")))
    assert "首次响应中位数" in svg
    assert re.findall(r">[^<]*NaN[^<]*<", svg) == []


def test_plain_dates_are_drawn_as_times() -> None:
    """A column of dates leaves as local midnights, which no browser moves to the day before."""
    frame = pd.DataFrame({"x": [dt.date(2026, 3, 2), dt.date(2026, 3, 3)], "y": [1.0, 2.0]})
    values = pictures.complete(charts.line_with_band(frame, cases.labelled("en")))["data"]["values"]
    assert [value["x"][:19] for value in values] == ["2026-03-02T00:00:00", "2026-03-03T00:00:00"]


def test_a_change_stands_upright() -> None:
    """A date in ``since`` draws an upright line there, and ``level`` a stepped one, named in the legend."""
    days = pd.date_range("2026-03-02", periods=4)
    frame = pd.DataFrame({"x": days, "y": [1.0, 2, 4, 5], "level": [1.5, 1.5, 4.5, 4.5], "since": days[2]})
    spec = pictures.complete(charts.line_with_band(frame, cases.labelled("en")))
    rules = [layer for layer in spec["layer"] if layer["mark"].get("type") == "rule"]
    assert [rule["encoding"]["x"]["field"] for rule in rules] == ["since"]
    assert "y" not in rules[0]["encoding"]
    assert "step" in [layer["mark"].get("interpolate") for layer in spec["layer"]]


def test_the_picture_has_words() -> None:
    """Readers who do not see the chart get title and note, or what the caller wrote."""
    assert cases.gap(cases.labelled("en")).alt == "Median first response. 2026-03-02 to 2026-03-29 · n = 120"
    assert cases.gap(Labels("en", "Friday", alt="Two slots are short.")).alt == "Two slots are short."


def test_many_threads_draw_the_same() -> None:
    """Exports in one thread beside drawing in others never lose their data."""
    expected = pictures.complete(cases.gap(cases.labelled("zh")))
    wrong: list[int] = []

    def work() -> None:
        for turn in range(60):
            if pictures.complete(cases.gap(cases.labelled("zh"))) != expected:
                wrong.append(turn)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_templates_are_vega_lite_six() -> None:
    """The renderer of files speaks the version the templates are written in."""
    assert "6.4" in vl_convert.get_vegalite_versions()


def test_named_days_stand_where_they_fall() -> None:
    """Those within the axis, a day inside the last week too; one that lasts says until when; those outside are left out."""
    chart = cases.named_days(cases.labelled("en"))
    assert chart.data["note"].tolist() == ["换班", "sale (to 03-27)", "", ""]
    assert chart.data["note_tip"].tolist()[:2] == ["2026-03-04", "2026-03-24"]
    svg = pictures.svg(chart)
    assert "换班" in svg
    assert "sale (to 03-27)" in svg
    assert "later" not in svg
    weeks = pd.DataFrame({"x": cases.WEEKS, "y": [1.0, 2.0, 3.0, 4.0]})
    assert "note" not in charts.line_with_band(weeks, cases.labelled("en"), marks=cases.NAMED[2:]).data


def test_more_named_days_than_points_are_cut() -> None:
    """Two points hold two names; a chart without a time axis none."""
    frame = pd.DataFrame({"x": pd.to_datetime(["2026-03-02", "2026-03-30"]), "y": [1.0, 2.0]})
    assert charts.line_with_band(frame, cases.labelled("en"), marks=[*cases.NAMED] * 2).data["note"].tolist() == ["换班", "sale (to 03-27)"]
    words = pd.DataFrame({"x": ["a", "b"], "y": [1.0, 2.0]})
    assert "note" not in charts.line_with_band(words, cases.labelled("en"), marks=cases.NAMED).data


def test_points_beyond_the_limits_stand_out() -> None:
    """One diamond for the point outside; the centre is a line per stretch; without limits nothing is beyond."""
    chart = cases.controlled(cases.labelled("en"))
    assert chart.data["outside"].dropna().tolist() == [95.0]
    assert chart.data["limits_tip"].iloc[-1] == "– to –"
    assert chart.data["limits_tip"].iloc[0] == "30 s to 1 min 30 s"
