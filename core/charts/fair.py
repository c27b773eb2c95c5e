"""Pictures of a fair comparison: the funnel, raw beside adjusted figures, and what silence leaves open."""

from __future__ import annotations

from functools import lru_cache

import altair as alt
import pandas as pd

from core.charts import axis, theme
from core.charts.chart import LIMIT, Chart, Labels, assemble, fullest, template
from core.text import Text

_TONES = {"within": theme.MUTED, "watch": theme.SECOND, "look_into": theme.DEFICIT, "not_enough_data": theme.FAINT}
_PAIR = {"raw": theme.FAINT, "adjusted": theme.ACCENT}
_LIMITS = ("low_95", "high_95", "low_998", "high_998")


def funnel_plot(rows: pd.DataFrame, curve: pd.DataFrame, target: float, labels: Labels, unit: str = "share") -> Chart:
    """Agents by how much data they have, over the limits chance alone keeps to: 95 % dashed, 99.8 % solid.

    Args:
        rows: one row per agent: ``agent``, ``n``, ``value``, ``verdict`` (``within``, ``watch``, ``look_into``, ``not_enough_data``).
            Who is outside the limits has the name beside the point.
        curve: one row per n: ``n``, ``low_95``, ``high_95``, ``low_998``, ``high_998``.
        target: the figure of all together.

    A click selects ``agent`` in ``pick``.

    >>> rows = pd.DataFrame({"agent": ["Li"], "n": [50.0], "value": [0.8], "verdict": ["within"]})
    >>> curve = pd.DataFrame({"n": [30.0], "low_95": [0.7], "high_95": [0.9], "low_998": [0.6], "high_998": [1.0]})
    >>> len(funnel_plot(rows, curve, 0.8, Labels("en", "Funnel")).data)
    2
    """
    text = labels.text
    points = axis.with_tips(rows[["agent", "n", "value", "verdict"]], ["value"], unit, text)
    words = {code: text(f"charts.funnel.{code}") for code in _TONES}
    points = points.reset_index(drop=True)
    points, labels = fullest(points, points["verdict"] != "not_enough_data", labels, LIMIT - len(curve))
    points = points.sort_values("verdict", key=lambda codes: codes != "not_enough_data", kind="stable")  # the judged lie on top
    points["verdict_tip"] = points["verdict"].map(words)
    points["label"] = points["agent"].where(points["verdict"].isin(["watch", "look_into"]), "")
    data = pd.concat([points, curve[["n", *_LIMITS]]], ignore_index=True).assign(target=target)
    spec = _funnel(labels.language, labels.x, axis.titled(labels.y, unit, 1.0, text), unit)
    return assemble("funnel_plot", spec, data, labels, 420)


@lru_cache(maxsize=32)
def _funnel(language: str, x: str, y: str, unit: str) -> str:
    text = Text(language)
    words = [text(f"charts.funnel.{code}") for code in _TONES]
    across = alt.X("n:Q", title=x, scale=alt.Scale(nice=True), axis=axis.axis("count"))
    scale = alt.Scale(zero=False, nice=True)
    lines = [
        axis.rows().transform_filter(f"isValid(datum.{limit})").mark_line(
            color=theme.MUTED, strokeWidth=1.2, strokeDash=[4, 3] if limit.endswith("95") else [1, 0]
        ).encode(across, alt.Y(f"{limit}:Q", title=y, scale=scale, axis=axis.axis(unit)), order="n:Q")
        for limit in _LIMITS
    ]  # fmt: skip
    colour = alt.Scale(domain=words, range=list(_TONES.values()))
    named = axis.rows().transform_filter("isValid(datum.agent)").encode(across, alt.Y("value:Q", title=y, scale=scale))
    points = axis.rows().transform_filter("isValid(datum.agent)").mark_point(filled=True, size=90).encode(
        across, alt.Y("value:Q", title=y, scale=scale),
        color=alt.Color("verdict_tip:N", scale=colour, title=None, legend=alt.Legend(orient="top")),
        opacity=alt.condition("datum.verdict === 'not_enough_data'", alt.value(0.35), alt.value(0.9)),
        tooltip=axis.tooltips(text, ["agent", "value_tip", "n_tip", "verdict_tip"]),
    )  # fmt: skip
    middle = axis.reference("target", "y", color=theme.SECOND, strokeWidth=1.5)
    return template(alt.layer(*lines, middle, axis.picked(points, "agent"), axis.beside(named, "label", theme.MUTED)))


def raw_and_adjusted(frame: pd.DataFrame, labels: Labels, unit: str) -> Chart:
    """One line per agent: the figure as it is, and as it would be with everybody's mix of work, with its interval.

    Args:
        frame: one row per agent, in drawing order: ``agent``, ``raw``, ``adjusted``, ``low``, ``high`` (of the adjusted one), ``overall``
            (the same in every row), ``n``; ``status`` (``ok`` or ``too_few``: grey).

    A click selects ``agent`` in ``pick``.
    """
    text = labels.text
    by = axis.divisor(unit, frame[["raw", "adjusted", "high"]].stack())
    spec = _pair(labels.language, axis.titled(labels.x, unit, by, text), unit, by)
    data = axis.with_tips(frame, ["raw", "adjusted"], unit, text)
    return assemble("raw_and_adjusted", spec, data, labels, axis.rows_height(len(data), legend=True))


@lru_cache(maxsize=32)
def _pair(language: str, x: str, unit: str, by: float) -> str:
    text = Text(language)
    tips = axis.tooltips(text, ["agent", "raw_tip", "adjusted_tip", "interval_tip", "n_tip"])
    base = axis.rows().encode(axis.names("agent"), tooltip=tips)
    scale = alt.Scale(zero=False, nice=True, padding=8)
    across = alt.X("raw_shown:Q", title=x, scale=scale, axis=axis.axis(unit))
    few = alt.condition("datum.status === 'too_few'", alt.value(0.25), alt.value(1.0))
    reach = base.mark_bar(height=5, cornerRadius=2, opacity=0.3, color=theme.ACCENT).encode(
        alt.X("low_shown:Q", title=x, scale=scale, axis=axis.axis(unit)), alt.X2("high_shown:Q")
    )
    way = base.mark_rule(color=theme.FAINT, strokeWidth=2).encode(across, alt.X2("adjusted_shown:Q"))
    dots = {
        name: base.mark_point(filled=True, size=80).encode(alt.X(f"{name}_shown:Q", title=x, scale=scale), opacity=few)
        for name in _PAIR
    }
    dots["adjusted"] = axis.picked(dots["adjusted"], "agent")
    middle = axis.reference("overall_shown", "x", color=theme.SECOND, strokeDash=[4, 3])
    layers = [middle, reach, way, *axis.named(dots, _PAIR, text)]
    return template(axis.calculated(alt.layer(*layers), ["raw", "adjusted", "low", "high", "overall"], by))


def silence_bars(frame: pd.DataFrame, labels: Labels) -> Chart:
    """What a satisfied share can be when those who never answered count: worst to best case, the given answers, and what is supposed.

    Args:
        frame: one row per group, in drawing order: ``part`` (words), ``worst``, ``best``, ``low``, ``high`` (interval of the observed
            share), ``observed``, ``supposed``, ``response``; shares 0–1.
    """
    text = labels.text
    data = axis.with_tips(frame, ["observed", "supposed", "response"], "share", text)
    data["bounds_tip"] = axis.interval_shown(data.assign(low=data["worst"], high=data["best"]), "share", text)
    spec = _silence(labels.language, axis.titled(labels.x, "share", 1.0, text))
    return assemble("silence_bars", spec, data, labels, axis.rows_height(len(data), legend=True))


_SILENCE = {"bounds": theme.FAINT, "observed": theme.ACCENT, "supposed": theme.DEFICIT}


@lru_cache(maxsize=16)
def _silence(language: str, x: str) -> str:
    text = Text(language)
    tips = axis.tooltips(text, ["part", "observed_tip", "interval_tip", "response_tip", "bounds_tip", "supposed_tip"])
    base = axis.rows().encode(axis.names("part"), tooltip=tips)
    scale = alt.Scale(domain=[0, 1])
    layers = {
        "bounds": base.mark_bar(height=12, opacity=0.45, cornerRadius=2).encode(
            alt.X("worst:Q", title=x, scale=scale, axis=axis.axis("share")), alt.X2("best:Q")
        ),
        "observed": base.mark_bar(height=5, opacity=0.6, cornerRadius=2).encode(alt.X("low:Q", title=x, scale=scale), alt.X2("high:Q")),
        "supposed": base.mark_tick(thickness=3, size=16).encode(alt.X("supposed:Q", title=x, scale=scale)),
    }
    dot = base.mark_point(filled=True, size=60, opacity=1, color=theme.ACCENT).encode(alt.X("observed:Q", title=x, scale=scale))
    return template(alt.layer(*axis.named(layers, _SILENCE, text), dot))
