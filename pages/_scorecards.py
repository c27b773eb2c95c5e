"""Charts, tables and sentences of the Scores page; also an agent's card on Compare. Nothing is computed here, only picked and worded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core import views
from core.charts import Chart, Labels, arrows, contribution_parts, grade_distribution
from core.metrics import GROUPS, SCORED, metric
from core.scenario import KNOBS
from core.scoring import shown
from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

MOST_NAMED = 6
MOST_CAUSES = 3
MOST_DRAWN = 60
UNITS = {
    "agent": "", "grade": "", "score": "points", "low": "points", "high": "points", "probability": "chance",
    "rank": "count", "rank_before": "count", "score_before": "points", "change": "points", "cause": "", "alike": "count",
}  # fmt: skip
PART_UNITS = {"part": "", "group": "", "value": "", "points": "points", "weight": "", "contribution": "points"}


def card() -> Any:
    """Everybody with a grade, now against the defaults."""
    return views.scorecard(session.scores(session.baseline()), session.scores(), session.doubt() if with_doubt() else None)


def with_doubt() -> bool:
    """Whether intervals and probabilities are worked out and shown; they are unless switched off."""
    return bool(session.remembered("with_doubt", True))


def points(value: float, text: Text) -> str:
    """A score as it is shown: cut after one decimal."""
    return text.number(shown(value)) if widgets.known(value) else "–"


def signed_points(value: float, text: Text) -> str:
    """A change in points with its sign."""
    return widgets.signed(metric("qa_score"), value, text)


# --- knobs -------------------------------------------------------------------------------------------------------------------


def shares_line(text: Text) -> str:
    """The group weights normalised, beside their sliders."""
    shares = views.group_shares(session.scenario())
    if not all(widgets.known(share) for share in shares.values()):
        return text("scores.control.zero")
    return text("scores.control.shares", list=_shares(shares, text))


def _shares(shares: dict[str, float], text: Text) -> str:
    named = [
        text("scores.control.share", group=text(f"grades.group.{g}"), share=parts.whole_share(s, text))
        for g, s in shares.items()
    ]
    return text("scores.control.comma").join(named)


def kpi_share_lines(text: Text) -> dict[str, str]:
    """For each scored KPI: its normalised weight in its group and in the score."""
    rows, share = views.kpi_shares(session.scenario()).itertuples(), parts.whole_share
    return {
        row.key: text(
            "scores.control.kpi_share", of_group=share(row.of_group, text), of_total=share(row.of_total, text)
        )
        for row in rows
    }


def spoiled(text: Text) -> list[str]:
    """Which knobs are out of order, in words; the defaults stand in for them."""
    found = []
    for issue in session.trouble():
        if issue.code == "anchors_out_of_order":
            found.append(_anchors_wrong(issue, text))
        elif issue.code == "bands_out_of_order":
            facts = {name: f"{session.knob_value(f'band_{name}'):g}" for name in "abc"}
            default = " / ".join(f"{KNOBS[f'band_{name}'].default:g}" for name in "abc")
            found.append(text("scores.control.bands_wrong", default=default, **facts))
    return found


def _anchors_wrong(issue: Any, text: Text) -> str:
    key = str(issue.value)
    shown_ = {name: widgets.kpi_value(text, issue.facts[name], key) for name in ("target", "passing", "floor")}
    own = metric(key).anchors
    default = " / ".join(widgets.kpi_value(text, value, key) for value in (own.target, own.passing, own.floor))
    return text("scores.control.anchors_wrong", metric=widgets.metric_name(key, text), default=default, **shown_)


def scored_keys(group: str) -> list[str]:
    """The scored KPIs of a group that this log can give."""
    return [m.key for m in SCORED if m.group == group and session.shop_kpi(m.key).status != "unavailable"]


def unanswerable(text: Text) -> tuple[dict[str, float], str]:
    """The turns that leave only what this log can answer, and the KPIs they would leave out, in words."""
    turns = views.unanswerable(session.measured().shop, session.scenario())
    keys = [key.removeprefix("w_") for key in turns if key.removeprefix("w_") not in GROUPS]
    return turns, text("scores.control.comma").join(widgets.metric_name(key, text, short=True) for key in keys)


# --- sentences ---------------------------------------------------------------------------------------------------------------


def standing_sentence(frame: Any, text: Text) -> str:
    """How many hold which grade, and how sure that is."""
    if frame.empty:
        return text("scores.sentence.nobody")
    found = views.summary(frame, session.scores())
    grades = [text("scores.sentence.grade", grade=grade, n=n) for grade, n in found.grades.items()]
    now = text(
        "scores.sentence.now",
        graded=found.graded,
        insufficient=found.insufficient,
        list=text("scores.control.comma").join(grades),
    )
    if not with_doubt():
        return f"{now} {text('scores.sentence.no_doubt')}"
    sure = text("scores.sentence.unsure", n=found.unsure) if found.unsure else text("scores.sentence.sure")
    return f"{now} {sure}  \n{reliability_sentence(text)}"


def reliability_sentence(text: Text) -> str:
    """The same in words, and that below 70 % nobody is put in an order."""
    found = session.reliable()
    if found.reason:
        return text(f"scores.reliable.{found.reason}")
    shares = {name: parts.whole_share(getattr(found, name), text) for name in ("value", "low", "high")}
    said = text("scores.reliable.share", **shares)
    if found.orderable:
        return said
    cure = text("scores.reliable.longer", times=text.number(found.longer)) if found.value else ""
    return f"{said} {text('scores.reliable.unordered')} {cure}".rstrip()


def apart_sentence(text: Text) -> str:
    """How many pairs of scores can be told apart; empty where doubt is switched off."""
    if not with_doubt():
        return ""
    found = session.apart()
    return text("scores.sentence.apart", told=found.told, pairs=found.pairs) if found.pairs else ""


def change_sentence(frame: Any, text: Text) -> str:
    """What the turned knobs change: nothing, scores, or grades."""
    if not session.scenario().part(*session.SCORING_ROOMS).changed:
        return text("scores.sentence.still")
    found = views.summary(frame, session.scores())
    if not found.up + found.down:
        return text("scores.sentence.no_move", largest=text.number(found.largest))
    facts = {"n": found.up + found.down, "up": found.up, "down": found.down, "largest": text.number(found.largest)}
    return text("scores.sentence.moved", **facts)


def moved_lines(frame: Any, text: Text) -> str:
    """Who changes grade and why, the largest changes first."""
    rows = list(views.regraded(frame).itertuples())
    lines = [_moved(row, text) for row in rows[:MOST_NAMED]]
    if len(rows) > MOST_NAMED:
        lines.append(text("scores.sentence.more", n=len(rows) - MOST_NAMED))
    return "  \n".join(lines)


def _moved(row: Any, text: Text) -> str:
    facts = {"before": grade_name(row.grade_before, text), "after": grade_name(row.grade, text)}
    facts |= {"change": signed_points(row.change, text), "causes": cause_words(_causes(row.agent)[:MOST_CAUSES], text)}
    return text("scores.sentence.one", agent=row.agent, **facts)


def grade_name(code: str, text: Text) -> str:
    """A grade as it is shown."""
    return text(f"grades.grade.{code}")


def _causes(agent: str) -> list[tuple[str, float]]:
    return views.causes(session.scores(session.baseline()), session.scores(), agent)


def cause_words(found: Iterable[tuple[str, float]], text: Text) -> str:
    """KPIs with what each changed in points (key, change), in words."""
    return text("scores.control.comma").join(_cause(key, change, text) for key, change in found) or "–"


def _cause(key: str, change: float, text: Text) -> str:
    return _said(widgets.metric_name(key, text, short=True), change, text)


def _said(name: str, change: float, text: Text) -> str:
    return text("scores.sentence.cause", metric=name, points=signed_points(change, text))


# --- pictures and tables -----------------------------------------------------------------------------------------------------


def arrows_chart(frame: Any, text: Text) -> Chart:
    """Everybody's score with its interval, from the defaults to the settings as they are."""
    note = f"{text('scores.chart.arrows_note')} · {widgets.period_line(text)}"
    room = views.charted(frame, frame["change"].abs(), MOST_DRAWN)
    if len(room) < len(frame):
        note = f"{text('scores.chart.cut', shown=len(room), all=len(frame))} · {note}"
    labels = Labels(text.language, text("scores.chart.arrows"), x=text("scores.chart.arrows_axis"), note=note)
    return arrows(views.score_arrows(room, session.scores().bands), labels)


def grades_chart(text: Text) -> Chart:
    """How many hold each grade, before and after."""
    turned = session.scores() if session.scenario().part(*session.SCORING_ROOMS).changed else None
    frame = views.distribution(session.scores(session.baseline()), turned)
    labels = Labels(text.language, text("scores.chart.grades"), y=text("scores.chart.grades_axis"))
    return grade_distribution(frame, labels, 260)


def shown_card(frame: Any, text: Text) -> Any:
    """The scorecard as it is read: scores cut, grades as a move, causes in words."""
    cut = views.as_read(frame)
    pairs = zip(frame["grade_before"], frame["grade"], strict=True)
    moves = [grade_name(b, text) if a == b else f"{grade_name(a, text)} → {grade_name(b, text)}" for a, b in pairs]
    why = _main_causes(frame, text)
    hidden = _hidden()
    columns = [name for name in UNITS if name not in hidden]
    alike = {} if "alike" in hidden else session.apart().alike
    same = [len(alike.get(agent, ())) for agent in frame["agent"]]
    return cut.assign(grade=moves, cause=why, alike=same)[columns]


def _main_causes(frame: Any, text: Text) -> list[str]:
    names = {key: widgets.metric_name(key, text, short=True) for key in set(frame["cause"]) if key}
    pairs = zip(frame["cause"], frame["cause_points"], strict=True)
    return [_said(names[key], size, text) if key else "–" for key, size in pairs]


def _hidden() -> tuple[str, ...]:
    """Columns of the scorecard that are not shown: doubt that is switched off, ranks that would order people by chance."""
    doubtful = () if with_doubt() else ("low", "high", "probability", "alike")
    return doubtful if ranked() else (*doubtful, "rank", "rank_before")


def ranked() -> bool:
    """Whether people may be shown in an order: their scores differ by more than chance, or how sure that is was switched off."""
    if not with_doubt():
        return True
    found = session.reliable()
    return found.orderable or bool(found.reason)


def ungraded_lines(text: Text) -> list[str]:
    """Who has no grade, each with the reason."""
    return [_ungraded(row, text) for row in views.ungraded(session.scores()).itertuples()]


def _ungraded(row: Any, text: Text) -> str:
    facts = {"n": text.number(row.conversations, 0), "left": text.share(row.weight_left)}
    return text("scores.table.insufficient_one", agent=row.agent, reason=no_grade_reason(row.reason, text), **facts)


def no_grade_reason(reason: str, text: Text) -> str:
    """Why an agent has no grade."""
    return text(f"scores.reason.{reason}", least=f"{session.scenario().get('min_conversations'):g}")


def parts_chart(agent: str, text: Text) -> Chart:
    """What an agent's score is made of, over what it could have been."""
    frame = views.parts(session.scores(), agent)
    frame = frame.assign(part=_names(frame["key"], text), group=_groups(frame["group"], text))
    total = points(float(frame["contribution"].sum()), text)
    labels = Labels(
        text.language,
        text("scores.chart.parts", agent=agent, score=total),
        x=text("scores.chart.parts_axis"),
        note=text("scores.chart.parts_note"),
    )
    return contribution_parts(
        frame.assign(points=frame["contribution"])[["part", "group", "points", "possible"]], labels
    )


def _names(keys: Any, text: Text) -> list[str]:
    return [widgets.metric_name(key, text, short=True) for key in keys]


def _groups(groups: Any, text: Text) -> list[str]:
    return [text(f"grades.group.{group}") for group in groups]


def parts_table(agent: str, text: Text) -> tuple[Any, Any]:
    """The parts of an agent's score: in words for the screen, and as they are for the file."""
    raw = views.parts(session.scores(), agent)
    values = [_counted(row, text) for row in raw.itertuples()]
    weights = [text.share(weight) for weight in raw["weight"]]
    named = raw.assign(part=_names(raw["key"], text), group=_groups(raw["group"], text), value=values, weight=weights)
    return named[list(PART_UNITS)], raw


def _counted(row: Any, text: Text) -> str:
    """A value, and what it counts as where that differs."""
    value, counted = (widgets.kpi_value(text, each, row.key) for each in (row.measured, row.value))
    return value if value == counted else text("card.column.counted", value=value, counted=counted)


def part_lines(agent: str, text: Text) -> list[str]:
    """Group scores, what is not scored and why, and what the turned knobs changed for this agent."""
    groups = views.group_scores(session.scores(), agent)
    named = [_group(group, groups[group], text) for group in GROUPS]
    lines = [text("scores.table.groups", list=text("scores.control.comma").join(named))]
    left_out = views.unused(session.measured().agents, session.scores(), agent)
    if len(left_out):
        told = text("scores.control.comma").join(_unused(row, text) for row in left_out.itertuples())
        lines.append(text("scores.table.unused", list=told))
    return [*lines, change_line(agent, text)]


def _group(group: str, value: float, text: Text) -> str:
    key = "scores.table.group" if widgets.known(value) else "scores.table.group_empty"
    return text(key, group=text(f"grades.group.{group}"), score=points(value, text))


def _unused(row: Any, text: Text) -> str:
    few = row.status == "too_few"
    why = (
        text("scores.table.few", n=text.number(row.n, 0), min_n=row.min_n)
        if few
        else widgets.reason_words(row.reason, text)
    )
    return text("scores.table.unused_one", metric=widgets.metric_name(row.key, text, short=True), reason=why)


def change_line(agent: str, text: Text) -> str:
    """All causes of an agent's change; they add up to it."""
    found = _causes(agent)
    if not found:
        return text("scores.table.unchanged")
    total = signed_points(sum(change for _, change in found), text)
    return text("scores.table.changes", list=cause_words(found, text), change=total)


def how_lines(text: Text) -> list[str]:
    """How scores come about, with the settings as they are."""
    bands = text("scores.control.comma").join(f"{name} {low:g}" for name, low in session.scores().bands.items())
    facts = {"shares": _shares(views.group_shares(session.scenario()), text), "bands": bands}
    facts["least"] = f"{session.scenario().get('min_conversations'):g}"
    lines = [text(f"grades.method.{part}") for part in ("points", "groups", "missing", "bands")]
    lines += [text("scores.how.weights", **facts), text("scores.how.doubt", draws=session.doubt().draws)]
    return [*lines, text("scores.how.truncated"), text("scores.how.level"), text("scores.how.baseline")]
