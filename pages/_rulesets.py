"""The Compare page's rule sets: what each platform would print of the same conversations, and which of them flip between two."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import comparisons
from core.rules import RULE_SETS, rule_set
from core.text import Text
from pages import _fairness as fairness
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

UNITS = {"rules": "", "rate": "", "interval": "", "counted": "", "wait": "", "wait_n": "count", "left_out": ""}
FLIP_COLUMNS = ["conversation", "started", "outcome_a", "wait_a", "outcome_b", "wait_b", "cause"]
MOST_SHOWN = 500


def rule_sets(text: Text) -> None:
    """All rule sets beside each other, then two of them conversation by conversation."""
    fairness.heading("rules", text)
    found = session.fairly("side_by_side")
    st.caption(text("fair.rules.counting"))
    config = parts.headings("fair", UNITS, text)
    widgets.table(_table(found, text), text, "rule_sets", file=found, column_config=config)
    if found["reason"].any():
        st.caption(text("fair.rules.needs_messages", list=fairness.joined(_names(found.loc[found["reason"] != "", "rules"], text), text)))
    a, b = _two(text)
    if a == b:
        st.info(text("fair.rules.twice"), icon=":material/info:")
    elif {a, b} & set(found.loc[found["reason"] != "", "rules"]):
        st.info(text("fair.rules.no_turns"), icon=":material/info:")
    else:
        _flips(a, b, text)
    fairness.how("rules", [], text)


def _names(keys: Any, text: Text) -> list[str]:
    return [text(f"rules.{key}.name") for key in keys]


def _table(found: Any, text: Text) -> Any:
    rows = [row for _, row in found.iterrows()]
    return found.assign(
        rules=_names(found["rules"], text),
        rate=[text.share(value) for value in found["rate"]],
        interval=parts.interval(found["low"], found["high"], text.share, text),
        counted=[_counted(row, text) for row in rows],
        wait=[_wait(row, text) for row in rows],
        left_out=[_left_out(row, text) for row in rows],
    )[list(UNITS)]


def _counted(row: Any, text: Text) -> str:
    if not widgets.known(row["rate"]):
        return "–"
    unit = "turns" if rule_set(row["rules"]).clock == "turn" else "conversations"
    return text(f"fair.rules.of_{unit}", hits=text.number(row["hits"], 0), of=text.number(row["of"], 0))


def _wait(row: Any, text: Text) -> str:
    if not widgets.known(row["wait"]):
        return "–"
    return text("fair.rules.wait", wait=text.duration(row["wait"]), statistic=text(f"fair.rules.{row['statistic']}"))


def _left_out(row: Any, text: Text) -> str:
    if row["reason"]:
        return text(f"fair.reason.{row['reason']}")
    named = [f"{text(f'fair.out.{why}')} {text.number(n, 0)}" for why, n in comparisons.left_out_of(row).items()]
    return text("scores.control.comma").join(named) or "–"


def _two(text: Text) -> tuple[str, str]:
    """Two rule sets to be held against each other, each with its rules and the button that counts the whole app by it."""
    keys = [each.key for each in RULE_SETS]
    now = session.scenario().get("rules")
    chosen = []
    for column, side, first in zip(st.columns(2, gap="large"), ("a", "b"), (now, _other(now)), strict=True):
        with column:
            key = parts.choose(f"rules_{side}", keys, text(f"fair.rules.{side}"), lambda each: text(f"rules.{each}.name"), first=first)
            st.caption(text(f"rules.{key}.text"))
            label = text("fair.rules.used" if key == now else "fair.rules.use")
            look = {"icon": ":material/rule:", "disabled": key == now}
            st.button(label, key=f"use_{side}", on_click=session.turn, args=({"rules": key},), **look)
            chosen.append(key)
    return chosen[0], chosen[1]


def _other(now: str) -> str:
    return "taobao_3min" if now != "taobao_3min" and session.shop_kpi("reply_time").status != "unavailable" else "jd_30s"


def _flips(a: str, b: str, text: Text) -> None:
    found = session.fairly("flips", a, b)
    names = {"a": text(f"rules.{a}.name"), "b": text(f"rules.{b}.name")}
    if found.empty:
        st.markdown(text("fair.flips.none", **names))
        return
    rated = rule_set(a).rated and rule_set(b).rated
    n = text.number(len(found), 0)
    lines = [text("fair.flips.found" if rated else "fair.flips.found_waits", n=n, **names)]
    lines += [f"- {_moved(row, names, text)}" for row in comparisons.flip_counts(found).itertuples()]
    st.markdown("\n".join(lines))
    shown = comparisons.flips_shown(found, session.facts().zone, MOST_SHOWN)
    if len(found) > MOST_SHOWN:
        st.caption(text("fair.flips.newest", n=MOST_SHOWN))
    config = parts.headings("fair", {"conversation": "", "started": "when", "cause": ""}, text)
    for side, rules in names.items():
        config[f"outcome_{side}"] = st.column_config.Column(rules)
        config[f"wait_{side}"] = st.column_config.Column(text("fair.rules.waited", rules=rules))
    widgets.table(_flip_table(shown, names, text), text, f"flips_{a}_{b}", file=found, column_config=config, height=400)


def _moved(row: Any, names: dict[str, str], text: Text) -> str:
    n = text.number(row.n, 0)
    if row.cause == "left_out":
        return text("fair.flip.left_out", n=n, rules=names[row.side], why=text(f"fair.out.{row.out}"))
    return text(f"fair.flip.{row.cause}", n=n, **names)


def _flip_table(shown: Any, names: dict[str, str], text: Text) -> Any:
    words = {f"outcome_{side}": [text(f"fair.outcome.{code}") for code in shown[f"outcome_{side}"]] for side in ("a", "b")}
    waits = {f"wait_{side}": [text.duration(wait) for wait in shown[f"wait_{side}"]] for side in ("a", "b")}
    cause = [_why(row, names, text) for row in shown.itertuples()]
    return shown.assign(cause=cause, **words, **waits)[FLIP_COLUMNS]


def _why(row: Any, names: dict[str, str], text: Text) -> str:
    if row.cause != "left_out":
        return text(f"fair.why.{row.cause}")
    side = "a" if row.out_a else "b"
    return text("fair.why.left_out", rules=names[side], why=text(f"fair.out.{row.out_a or row.out_b}"))
