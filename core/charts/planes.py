"""Two numbers per agent in one picture: a plane of two KPIs, and scores before and after."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from core.charts import axis, theme
from core.charts.chart import Chart, Labels, assemble, fullest, template
from core.scoring import shown
from core.text import Text

_BANDS = ("band_a", "band_b", "band_c")
_SHAPES = ["circle", "triangle-left", "triangle-right"]
_STILL = 0.05
_HEADS = alt.Scale(domain=_SHAPES, range=_SHAPES)


def scatter_plane(
    frame: pd.DataFrame, labels: Labels, units: tuple[str, str] = ("count", "count"), height: int = 360
) -> Chart:
    """Agents on the plane of two KPIs, so that fast-but-empty stands out; size is n.

    Args:
        frame: one row per agent: ``agent``, ``x``, ``y``; optional ``n``, ``status`` (``ok``, ``too_few``), ``x_mid``
            and ``y_mid`` (the shop's values, same in every row, drawn as a cross), ``label`` (a name beside the point, or
            an empty text).
        units: units of ``x`` and ``y``; durations in seconds.

    A click selects ``agent`` in ``pick``.
    """
    text = labels.text
    data = frame if "status" in frame else frame.assign(status="ok")
    data, labels = fullest(data.reset_index(drop=True), data["status"].reset_index(drop=True) == "ok", labels)
    by = (axis.divisor(units[0], data["x"]), axis.divisor(units[1], data["y"]))
    titles = (axis.titled(labels.x, units[0], by[0], text), axis.titled(labels.y, units[1], by[1], text))
    spec = _plane(labels.language, titles, units, by, tuple(c for c in ("n", "x_mid", "y_mid", "label") if c in frame))
    tips = {"x_value_tip": axis.shown(data, "x", units[0], text), "y_value_tip": axis.shown(data, "y", units[1], text)}
    data = axis.with_tips(data, [], "count", text).assign(**tips)
    data["status_tip"] = [text(f"charts.status.{code}") for code in data["status"]]
    return assemble("scatter_plane", spec, data, labels, height)


@lru_cache(maxsize=64)
def _plane(
    language: str, titles: tuple[str, str], units: tuple[str, str], by: tuple[float, float], extra: tuple[str, ...]
) -> str:
    tips = axis.tooltips(
        Text(language), ["x_value_tip", "y_value_tip", *(["n_tip"] if "n" in extra else []), "status_tip"]
    )
    tips = [alt.Tooltip("agent:N", title=""), *_named(tips, titles)]
    scale = alt.Scale(zero=False, nice=True, padding=12)
    points = axis.rows().mark_point(filled=True).encode(
        alt.X("x_shown:Q", title=titles[0], scale=scale, axis=axis.axis(units[0])),
        alt.Y("y_shown:Q", title=titles[1], scale=scale, axis=axis.axis(units[1])),
        color=alt.condition("datum.status === 'too_few'", alt.value(theme.FAINT), alt.value(theme.ACCENT)),
        opacity=alt.condition("datum.status === 'too_few'", alt.value(0.3), alt.value(0.75)),
        size=alt.Size("n:Q", scale=alt.Scale(range=[40, 420]), legend=None) if "n" in extra else alt.value(90),
        tooltip=tips,
    )  # fmt: skip
    layers = [
        axis.reference(f"{c}_shown", c[0], color=theme.MUTED, strokeDash=[4, 3])
        for c in ("x_mid", "y_mid")
        if c in extra
    ]
    layers.append(axis.picked(points, "agent"))
    if "label" in extra:
        place = {"x": alt.X("x_shown:Q", scale=scale), "y": alt.Y("y_shown:Q", scale=scale)}
        layers.append(axis.beside(axis.rows().encode(**place), "label", theme.MUTED))
    drawing = alt.layer(*layers)
    drawing = axis.calculated(drawing, [c for c in ("x", "x_mid") if c == "x" or c in extra], by[0])
    return template(axis.calculated(drawing, [c for c in ("y", "y_mid") if c == "y" or c in extra], by[1]))


def _named(tips: list[alt.Tooltip], titles: tuple[str, str]) -> list[alt.Tooltip]:
    """The first two tooltips carry the names of the two KPIs instead of a general word."""
    fields = ("x_value_tip:N", "y_value_tip:N")
    return [alt.Tooltip(field, title=title) for field, title in zip(fields, titles, strict=True)] + tips[2:]


def arrows(frame: pd.DataFrame, labels: Labels) -> Chart:
    """Scores from baseline to what-if, one arrow per agent, over the lines between grades.

    Args:
        frame: one row per agent: ``agent``, ``baseline``, ``whatif``; optional ``grade_baseline``, ``grade_whatif`` (a
            change of grade is drawn in colour), ``low`` and ``high`` (interval of the what-if score), ``band_a``,
            ``band_b``, ``band_c`` (same in every row). The best what-if score stands on top.

    Scores in tooltips are cut after one decimal, as scores are shown everywhere.

    >>> frame = pd.DataFrame({"agent": ["Li", "Wu"], "baseline": [70.0, 80.0], "whatif": [76.0, 79.0]})
    >>> frame = frame.assign(grade_baseline=["C", "B"], grade_whatif=["B", "B"])
    >>> arrows(frame, Labels("en", "Scores")).data["moved"].tolist()
    ['same', 'grade_up']
    """
    text = labels.text
    data = axis.rising(frame, "whatif", ascending=False)
    change = data["whatif"] - data["baseline"]
    head = ["circle" if abs(c) < _STILL else "triangle-left" if c < 0 else "triangle-right" for c in change]
    data = axis.with_tips(data.assign(change=change, moved=_moved(data), head=head), ["change"], "points", text)
    cut = {f"{name}_tip": [text.number(shown(score)) for score in data[name]] for name in ("baseline", "whatif")}
    data = data.assign(grade_tip=_grades(data), **cut)
    extra = tuple(c for c in (*_BANDS, "low") if c in frame)
    spec = _arrows(labels.language, axis.titled(labels.x, "points", 1.0, text), extra)
    return assemble("arrows", spec, data, labels, axis.rows_height(len(data)))


def _moved(data: pd.DataFrame) -> list[str]:
    if "grade_baseline" not in data:
        return ["same"] * len(data)
    changed = data["grade_baseline"] != data["grade_whatif"]
    rising = data["whatif"] >= data["baseline"]
    return [("grade_up" if up else "grade_down") if new else "same" for new, up in zip(changed, rising, strict=True)]


def _grades(data: pd.DataFrame) -> list[str]:
    if "grade_baseline" not in data:
        return [""] * len(data)
    pairs = zip(data["grade_baseline"], data["grade_whatif"], strict=True)
    return [f"{before} → {after}" if before != after else str(after) for before, after in pairs]


@lru_cache(maxsize=32)
def _arrows(language: str, x: str, extra: tuple[str, ...]) -> str:
    colours = alt.Scale(domain=["same", "grade_up", "grade_down"], range=[theme.MUTED, theme.ACCENT, theme.DEFICIT])
    columns = ["agent", "baseline_tip", "whatif_tip", "change_tip", "grade_tip"]
    tips = axis.tooltips(Text(language), [*columns, *(["interval_tip"] if "low" in extra else [])])
    base = axis.rows().encode(
        axis.names("agent"),
        color=alt.Color("moved:N", scale=colours, legend=None),
        tooltip=tips,
    )
    scale = alt.Scale(zero=False, nice=True, padding=10)
    shaft = base.mark_rule(strokeWidth=2).encode(
        alt.X("baseline:Q", title=x, scale=scale, axis=axis.axis("points")), alt.X2("whatif:Q")
    )
    start = base.mark_point(filled=True, size=22, opacity=1).encode(alt.X("baseline:Q", title=x))
    head = base.mark_point(filled=True, size=90, opacity=1).encode(
        alt.X("whatif:Q", title=x),
        shape=alt.Shape("head:N", scale=_HEADS, legend=None),
    )
    bands = [band for band in _BANDS if band in extra]
    lines = [axis.reference(band, "x", color=theme.MUTED, strokeDash=[2, 3]) for band in bands]
    letters = [_letter(band) for band in bands]
    doubt = base.mark_bar(height=5, opacity=0.3, cornerRadius=2).encode(alt.X("low:Q", title=x), alt.X2("high:Q"))
    layers = [*lines, *letters, *([doubt] if "low" in extra else []), shaft, start, axis.picked(head, "agent")]
    return template(alt.layer(*layers))


def _letter(band: str) -> Any:
    """The grade that begins at a line, above the drawing."""
    mark = axis.rows().mark_text(align="left", dx=3, dy=-7, color=theme.MUTED)
    return mark.encode(alt.X(f"mean({band}):Q"), y=alt.value(0), text=alt.value(band[-1].upper()))
