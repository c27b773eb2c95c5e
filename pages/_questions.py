"""The Compare page's questions: is a speed figure bought with something that the figure does not see? Questions, never accusations."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core import comparisons
from core.charts import Labels, scatter_plane
from core.metrics import metric
from core.text import Text
from core.views import statistics_of
from pages import _comparison as comparison
from pages import _fairness as fairness
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

UNITS = {
    "family": "", "agent": "", "hits": "count", "n": "count", "share": "", "team": "", "interval": "", "p_adjusted": "", "tests": "count",
}  # fmt: skip
PLANE = "plane"


def questions(text: Text) -> None:
    """Speed beside quality, then every family of questions with its evidence, then the conversations behind one."""
    fairness.heading("questions", text)
    asked = _plane(text)
    found = session.fairly("questions")
    st.markdown(f"**{text('fair.questions.families')}**", help=text("fair.questions.families_help"))
    evidence = comparisons.questions_asked(found)
    for row in evidence.itertuples():
        asked.append((row.family, row.agent))
        _card(row, text)
    if evidence.empty:
        st.markdown(text("fair.questions.none"))
    st.markdown("\n".join(_quiet(found, text)))
    _behind(asked, text)
    if not evidence.empty:
        config = parts.headings("fair", UNITS, text)
        widgets.table(_table(evidence, text), text, "questions", file=comparisons.all_evidence(found), column_config=config)
    fairness.how("questions", [], text)


# --- speed beside quality --------------------------------------------------------------------------------------------------------------


def _plane(text: Text) -> list[tuple[str, str]]:
    """The plane of a speed KPI and satisfaction; who is asked about."""
    keys = [key for key in parts.offered(volume=False) if key in comparisons.paired()]
    lacking = [key for key in ("satisfaction",) if session.shop_kpi(key).status == "unavailable"]
    if not keys or lacking:
        st.info(text("fair.plane.none_speed" if not keys else "fair.plane.none_quality"), icon=":material/info:")
        return []
    names = {key: widgets.metric_name(key, text) for key in keys}
    key = parts.choose("speed_by", keys, text("fair.plane.control"), names.__getitem__)
    found = session.fairly("plane", key)
    rows = comparisons.plane_rows(found, key)
    if rows.empty:
        st.info(fairness.because("no_data", text), icon=":material/info:")
        return []
    told = found[found["asked"]]
    lines = [_bought(row, key, text) for row in told.itertuples()]
    n = text.number(comparisons.tests_of(found), 0)
    st.markdown("\n".join(f"- {line}" for line in lines) if lines else text("fair.plane.quiet", n=n))
    event = widgets.show_chart(_drawn(rows, key, text), text, f"plane_{key}", on_select="rerun")
    picked = parts.clicked_mark(event, "agent")
    session.adopt_pick("question", "plane", (PLANE, picked) if picked else None)
    return [(PLANE, agent) for agent in told["agent"]] + ([(PLANE, picked)] if picked and picked not in set(told["agent"]) else [])


def _bought(row: Any, key: str, text: Text) -> str:
    keys = {"speed": key, **dict(zip(("quality", "again"), metric(key).counter, strict=False))}
    facts = {"agent": row.agent, "p": trendlines.p_value(row.p_adjusted, text)}
    facts |= {f"{name}_name": widgets.metric_name(of, text, short=True) for name, of in keys.items()}
    for name, of in keys.items():
        facts |= {end: widgets.kpi_value(text, getattr(row, end), of) for end in (name, f"{name}_team")}
    return text("fair.plane.asked", **facts)


def _drawn(rows: Any, key: str, text: Text) -> Any:
    quality = metric(key).counter[0]
    middle = {"x_mid": _shop(key), "y_mid": _shop(quality)}
    names = [parts.statistic_name(each, statistics_of(metric(each))[0], text) for each in (key, quality)]
    note = f"{text('fair.plane.note')} · {widgets.period_line(text)}"
    labels = Labels(text.language, text("fair.plane.title", x=names[0], y=names[1]), x=names[0], y=names[1], note=note)
    return scatter_plane(rows.assign(**middle), labels, (metric(key).unit, metric(quality).unit))


def _shop(key: str) -> Any:
    return getattr(session.shop_kpi(key), statistics_of(metric(key))[0])


# --- the families ----------------------------------------------------------------------------------------------------------------------


def _code(row: Any) -> str:
    """The family's words; asking selectively has two, by what was counted."""
    return f"{row.family}_{row.about}" if row.family == "selective_survey" else row.family


def _card(row: Any, text: Text) -> None:
    facts = {"agent": row.agent, "hits": text.number(row.hits, 0), "n": text.number(row.n, 0), "about": row.about}
    facts |= {name: text.share(getattr(row, name)) for name in ("share", "team")}
    facts |= {name: _points(getattr(row, name), text) for name in ("difference", "low", "high")}
    with st.container(border=True):
        st.markdown(f"**{text(f'fair.family.{_code(row)}.question', **facts)}**")
        st.markdown(text(f"fair.family.{_code(row)}.evidence", **facts))
        difference = text("fair.questions.difference", p=trendlines.p_value(row.p_adjusted, text), tests=row.tests, **facts)
        st.caption(f"{difference}  \n{text(f'fair.family.{_code(row)}.reasons')}")


def _points(share: float, text: Text) -> str:
    return text("pages.card.points", n=text.number(comparisons.as_points(share)))


def _quiet(found: Any, text: Text) -> list[str]:
    """Families without a question, and families the log cannot answer, a line each."""
    lines = []
    for family in found:
        name = text(f"fair.family.{_named(family)}.name")
        if family.reason:
            reason = fairness.because(family.reason, text, family.needs)
            lines.append(f"- :gray[{text('fair.questions.cannot', name=name, reason=reason)}]")
        elif not len(family.asked):
            lines.append(f"- {text('fair.questions.quiet', name=name, n=family.family)}")
    return list(dict.fromkeys(lines))


def _named(family: Any) -> str:
    about = str(family.rows["about"].iloc[0]) if len(family.rows) else "length"
    return f"{family.key}_{about}" if family.key == "selective_survey" else family.key


def _table(evidence: Any, text: Text) -> Any:
    return evidence.assign(
        family=[text(f"fair.family.{_code(row)}.name") for row in evidence.itertuples()],
        interval=parts.interval(evidence["low"], evidence["high"], partial(_points, text=text), text),
        p_adjusted=[trendlines.p_value(p, text) for p in evidence["p_adjusted"]],
        **{name: [text.share(value) for value in evidence[name]] for name in ("share", "team")},
    )[list(UNITS)]


def _behind(asked: list[tuple[str, str]], text: Text) -> None:
    """The conversations a question is about."""
    if not asked:
        return
    st.markdown(f"**{text('fair.questions.behind')}**")
    words = {each: text("fair.questions.of", agent=each[1], name=_family_name(each[0], text)) for each in asked}
    family, agent = parts.choose("question", list(words), text("fair.questions.pick"), words.__getitem__)
    frame = comparison.talked(session.fairly("behind", family, agent), text)
    st.caption(text("fair.questions.counted" if family in comparisons.LISTED else "compare.card.talks", n=len(frame)))
    widgets.table(frame, text, "question_talks", column_config=parts.headings("compare", comparison.TALK_UNITS, text), height=360)


def _family_name(key: str, text: Text) -> str:
    return text(f"fair.family.{key}_length.name" if key == "selective_survey" else f"fair.family.{key}.name")
