"""Would the staffing model have predicted the last weeks? Nothing is computed here, only asked, drawn and worded."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.charts import Chart, Labels, calibration
from core.errors import UnavailableError
from core.period import day_date
from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

UNITS = {"assumption": "", "value": "", "bias": "", "p_adjusted": "", "verdict": ""}


def show(text: Text) -> None:
    """Earlier weeks measured, later weeks predicted: verdict, calibration, which assumption to doubt."""
    st.caption(text("backtest.intro"))
    weeks = [0, 1, 2, 4, 8]
    words = {0: text("backtest.third"), **{n: text.number(n, 0) for n in weeks[1:]}}
    chosen = parts.choose("backtest_weeks", weeks, text("backtest.weeks"), words.__getitem__, look="pills")
    try:
        found = session.backtest(chosen or None)
    except UnavailableError as error:
        widgets.issues((error.issue,))
        return
    if found.reason:
        st.info(f"{text(f'backtest.verdict.{found.verdict}')} {_reason(found, text)}", icon=":material/info:")
        return
    _told(found, text)


def _reason(found: Any, text: Text) -> str:
    return text(f"backtest.reason.{found.reason}", contacts=text.number(found.facts.get("contacts"), 0))


def _told(found: Any, text: Text) -> None:
    st.markdown("  \n".join(_sentences(found, text)))
    widgets.show_chart(_chart(found, text), text, key="calibration")
    st.markdown(_doubt(found, text))
    st.markdown(f"**{text('backtest.doubt.title')}**")
    table = found.doubts.assign(
        assumption=[text(f"backtest.assumption.{code}") for code in found.doubts["assumption"]],
        value=[_value(row, text) for row in found.doubts.itertuples()],
        bias=[points(bias, text) for bias in found.doubts["bias"]],
        p_adjusted=[trendlines.p_value(p, text).removeprefix("= ") for p in found.doubts["p_adjusted"]],
        verdict=[text(f"backtest.judged.{code}") for code in found.doubts["verdict"]],
    )[list(UNITS)]
    config = parts.headings("backtest", UNITS, text)
    widgets.table(table, text, "backtest_doubts", file=found.doubts, column_config=config)
    widgets.download(text("backtest.download"), "backtest", found.slots)
    parts.how("backtest", ["first_response"], _how(found, text), text)


def points(share: float, text: Text) -> str:
    """A difference of shares in points, with its sign."""
    return f"{'+' if share > 0 else ''}{text.number(100 * share)}"


def _facts(found: Any, text: Text) -> dict[str, Any]:
    errors = found.errors
    shares = {name: text.share(errors[name]) for name in ("predicted", "actual", "in_band")}
    plain = {name: text.number(100 * errors[name]) for name in ("mae", "mae_chance")}
    ends = {"bias": points(errors["bias"], text), "low": points(errors["bias_low"], text), "high": points(errors["bias_high"], text)}
    more = {"within": text.duration(found.facts["within_s"]), "tolerance": text.number(100 * found.facts["tolerance"], 0)}
    counted = {"slots": text.number(errors["slots"], 0), "per_slot": text.number(errors["n_per_slot"], 0)}
    waits = {f"{name}_wait": text.duration(errors[f"{name}_wait_s"]) for name in ("predicted", "actual")}
    return shares | plain | ends | more | counted | waits


def _sentences(found: Any, text: Text) -> list[str]:
    """What was held against what, how far it is off, per slot and in waits."""
    ends = {"fit_from": found.fit[0], "fit_to": found.fit[1], "held_from": found.held[0], "held_to": found.held[1]}
    days = {name: day_date(day).isoformat() for name, day in ends.items()}
    facts = _facts(found, text)
    lines = [text("backtest.learned", **days), text(f"backtest.verdict.{found.verdict}", **facts), text("backtest.errors.slots", **facts)]
    lines.append(text("backtest.errors.waits", **facts))
    if found.errors["unpredicted"]:
        lines.append(text("backtest.errors.unpredicted", n=text.number(found.errors["unpredicted"], 0)))
    return lines


def _value(row: Any, text: Text) -> str:
    own = f"backtest.value.{row.assumption}_{row.value}"
    return text(own) if text.has(own) else text(f"backtest.value.{row.assumption}", value=row.value)


def _doubt(found: Any, text: Text) -> str:
    if not found.doubt:
        return text("backtest.doubt.none", n=len(found.doubts))
    row = next(found.doubts.itertuples())
    facts = {"assumption": text(f"backtest.assumption.{row.assumption}"), "value": _value(row, text)}
    return text("backtest.doubt.named", bias=points(row.bias, text), p=trendlines.p_value(row.p_adjusted, text), **facts)


def _chart(found: Any, text: Text) -> Chart:
    note = f"{text('backtest.chart.note')} · {day_date(found.held[0]).isoformat()} – {day_date(found.held[1]).isoformat()}"
    labels = Labels(text.language, text("backtest.chart.title"), x=text("backtest.chart.x"), y=text("backtest.chart.y"), note=note)
    return calibration(found.bins, found.slots, labels)


def _how(found: Any, text: Text) -> list[str]:
    facts = found.facts
    told = {"within": text.duration(facts["within_s"]), "reply_n": text.number(facts["reply_n"], 0)}
    lines = [text("backtest.how.chance", reply_median=text.duration(facts["reply_median_s"]), **told)]
    lines += [] if facts["quiet"] else [text("backtest.how.not_quiet")]
    tolerance = text.number(100 * facts["tolerance"], 0)
    lines.append(text("backtest.how.interval", dispersion=text.number(found.errors["dispersion"], 2)))
    return [*lines, text("backtest.how.verdict", tolerance=tolerance), text("backtest.how.doubts")]
