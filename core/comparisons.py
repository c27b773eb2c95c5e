"""Fair comparison → tidy frames and counts for pages: what stands where, what is told apart, what changes on the same work.

Codes and unrounded numbers only, one row per thing a frame is about; nothing is tested anew here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.casemix import SHARED_FROM, Mixed
from core.engine.habits import CASES
from core.fair import Duel, Pairs, Shrinkage
from core.funnel import Funnel
from core.metrics import METRICS, judged_from, metric
from core.nonresponse import panel
from core.questions import Family

LISTED = tuple(CASES)
"""Families of questions whose single cases can be listed."""
TOLD = ("evidence", "strong_evidence")
SPREAD_FROM = 1.5
"""Dispersion above which agents differ by more than chance."""


def suits(part: str, key: str) -> bool:
    """Whether a KPI has a ``funnel`` (shares, rates per hour), can be compared on the ``same`` work, or by ``pair`` (no bare counts).

    >>> suits("funnel", "first_response"), suits("same", "first_response"), suits("pair", "conversations")
    (False, True, False)
    """
    found = metric(key)
    share = found.measure.kind == "share"
    fits = {
        "funnel": share or found.unit == "per_hour",
        "same": share or (found.measure.kind == "mean" and bool(found.measure.values)),
        "pair": bool(found.measure.denominator),
    }
    return fits[part]


def paired() -> tuple[str, ...]:
    """KPIs of speed that are never read alone: those with a counterpart in quality.

    >>> "first_response" in paired(), "satisfaction" in paired()
    (True, False)
    """
    return tuple(each.key for each in METRICS if each.counter)


# --- figures with what they are worth ------------------------------------------------------------------------------------------------


def ordered(standing: pd.DataFrame, shrunk: Shrinkage) -> pd.DataFrame:
    """`views.standing` with ``shrunken``, ``reliability`` and ``placed``; who is below reliability 0.7 stands below the others, by name.

    Where reliability cannot be estimated (fewer than five agents) the order stays, and everybody with enough data is ``placed``.
    """
    ok = standing["status"] == "ok"
    if shrunk.reason or shrunk.rows.empty:
        return standing.assign(shrunken=np.nan, reliability=np.nan, placed=ok)
    frame = standing.merge(shrunk.rows[["agent", "shrunken", "reliability", "orderable"]], on="agent", how="left")
    frame["placed"] = ok & frame.pop("orderable").eq(True)
    rank = np.select([frame["placed"], frame["status"] == "ok", frame["status"] == "too_few"], [0, 1, 2], 3)
    by_name = frame["agent"].rank(method="first").to_numpy()
    return frame.iloc[np.lexsort((np.where(rank == 1, by_name, np.arange(len(frame))), rank))].reset_index(drop=True)


# --- funnel --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outside:
    """How many agents lie outside the limits (``outside`` 95 %, ``far`` 99.8 %), how many would by chance, and how many have too few data.

    ``spread``: ``chance``, ``more`` (than chance; the limits are widened) or ``unknown`` (fewer than five judged).
    """

    outside: int
    far: int
    few: int
    spread: str


def outside(found: Funnel) -> Outside:
    """Counts of a funnel's verdicts."""
    number = found.counts.get
    far, few = number("look_into", 0), number("not_enough_data", 0)
    spread = "unknown" if np.isnan(found.phi) else "more" if found.phi > SPREAD_FROM else "chance"
    return Outside(number("watch", 0) + far, far, few, spread)


def funnel_rows(found: Funnel) -> pd.DataFrame:
    """The funnel's agents, those furthest outside first, those without a verdict last."""
    rank = found.rows["verdict"].map({"look_into": 0, "watch": 1, "within": 2}).fillna(3)
    return found.rows.iloc[np.lexsort((-found.rows["z"].abs().fillna(0), rank))].reset_index(drop=True)


# --- the same work -------------------------------------------------------------------------------------------------------------------


def mix_rows(found: Mixed) -> pd.DataFrame:
    """One row per agent, the figure that moves most first.

    Columns: agent, n, raw, adjusted, low, high (of adjusted), overall, moved, overlap, expected, ratio, p_adjusted, verdict, reason,
    status. Who is not comparable has the raw figure only and stands last; with too few cases there is no interval.
    """
    rows = found.rows
    frame = rows[["agent", "n", "expected", "ratio", "overlap", "p_adjusted", "verdict", "reason"]].assign(
        raw=rows["value"], adjusted=rows["adjusted"], low=rows["adjusted_low"], high=rows["adjusted_high"], overall=found.overall
    )
    frame["moved"] = frame["adjusted"] - frame["raw"]
    frame["status"] = np.where(frame["reason"] == "below_minimum", "too_few", "ok")
    frame.loc[frame["status"] == "too_few", ["low", "high"]] = np.nan
    rank = np.select([frame["adjusted"].isna(), frame["status"] == "too_few"], [2, 1], 0)
    return frame.iloc[np.lexsort((-frame["moved"].abs().fillna(0), rank))].reset_index(drop=True)


def told_apart(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with evidence after correction for all agents, smallest p first."""
    return rows[rows["verdict"].isin(TOLD)].sort_values("p_adjusted", kind="stable")


def strangers(rows: pd.DataFrame) -> list[str]:
    """Agents of whom fewer than half of the cases have colleagues on the same channel, shift and language."""
    return list(rows.loc[rows["overlap"] < SHARED_FROM, "agent"])


def excused(rows: pd.DataFrame, better: int) -> pd.DataFrame:
    """Agents who look worse than all together, and on the same work are not shown to be: the largest move first.

    >>> frame = pd.DataFrame({"raw": [99.0, 80.0], "overall": 64.0, "adjusted": [63.0, 79.0], "low": [58.0, 70.0], "high": [68.0, 90.0]})
    >>> excused(frame.assign(agent=["night", "slow"], status="ok"), -1)["agent"].tolist()
    ['night']
    """
    sign = better or 1
    worse = sign * (rows["raw"] - rows["overall"]) < 0
    held = np.where(sign > 0, rows["high"] < rows["overall"], rows["low"] > rows["overall"])
    apart = (rows["raw"] < rows["low"]) | (rows["raw"] > rows["high"])
    return rows[worse & ~held & apart & (rows["status"] == "ok") & rows["adjusted"].notna()]


def flipped(found: pd.DataFrame, better: int) -> pd.DataFrame:
    """Pairs whose order turns on the same work, one row each.

    Columns: front (ahead on the same work), back, raw and within with _low and _high (front − back in the KPI's unit), overlap (share of
    cases in situations both have met).
    """
    if not len(found):
        return pd.DataFrame()
    pairs = found[found["finding"] == "reversed"]
    turn = np.where((better or 1) * pairs["within"] > 0, 1.0, -1.0)
    first = turn > 0
    frame = pd.DataFrame({"front": np.where(first, pairs["a"], pairs["b"]), "back": np.where(first, pairs["b"], pairs["a"])})
    for name, column in (("raw", "crude"), ("within", "within")):
        ends = [turn * pairs[f"{column}_{end}"].to_numpy() for end in ("low", "high")]
        frame[name] = turn * pairs[column].to_numpy()
        frame[f"{name}_low"], frame[f"{name}_high"] = np.minimum(*ends), np.maximum(*ends)
    return frame.assign(overlap=pairs["overlap"].to_numpy())


def pairable(standing: pd.DataFrame) -> list[str]:
    """The agents with cases, most first.

    >>> pairable(pd.DataFrame({"agent": ["An", "Bo", "Cy"], "n": [3, 0, 9]}))
    ['Cy', 'An']
    """
    return list(standing[standing["n"] > 0].sort_values("n", ascending=False, kind="stable")["agent"])


def findings(found: pd.DataFrame) -> dict[str, int]:
    """How many pairs have each finding of `core.casemix.compare_within`, and ``n``: how many could be compared."""
    counted = found["finding"].value_counts() if len(found) else {}
    seen = {name: int(counted.get(name, 0)) for name in ("reversed", "explained", "emerged", "same")}
    return {"n": sum(seen.values()), "cannot_be_judged": int(counted.get("cannot_be_judged", 0)), **seen}


def beside_own(frames: Sequence[pd.DataFrame], agent: str) -> pd.DataFrame:
    """One agent's rows of several `fair.baselines`, under each other.

    Columns: dimension, label, n, value, low, high, status, baseline, difference.
    """
    kept = ["n", "value", "low", "high", "status", "baseline", "difference"]
    parts = []
    for frame in frames:
        dimension = frame.columns[0]
        own = frame[frame["agent"] == agent]
        parts.append(own[kept].assign(dimension=dimension, label=own[dimension]))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


# --- pairs ---------------------------------------------------------------------------------------------------------------------------


def grouped_letters(found: Pairs, standing: pd.DataFrame) -> pd.DataFrame:
    """Agents with their letters, best first: agent, value, n, letters."""
    own = standing.set_index("agent")
    names = [name for name in found.letters if name in own.index]
    return pd.DataFrame(
        {"agent": names, "value": own["value"].reindex(names).to_numpy(), "n": own["n"].reindex(names).to_numpy(),
         "letters": [found.letters[name] for name in names]}
    )  # fmt: skip


def apart(found: Pairs) -> int:
    """How many pairs are told apart after correction for the family."""
    return int(found.rows["verdict"].isin(TOLD).sum()) if len(found.rows) else 0


def chance_better(row: pd.Series, better: int) -> tuple[float, float, float]:
    """Probability that a case of A is the better one (ties half), with its interval; of the larger one where neither way is better."""
    value, low, high = (float(row[name]) for name in ("superiority", "superiority_low", "superiority_high"))
    return (1 - value, 1 - high, 1 - low) if better < 0 else (value, low, high)


def ever(needed: float) -> bool:
    """Whether any amount of data would do: two equal figures are never told apart, equal agents never put in an order."""
    return bool(np.isfinite(needed))


def within_pair(found: Duel) -> pd.Series | None:
    """The pair on the same work, A − B, when both have met enough shared situations; else None."""
    if found.within.empty or found.within.iloc[0]["finding"] == "cannot_be_judged":
        return None
    row = found.within.iloc[0].copy()
    if row["a"] != found.row["a"]:
        ends = {"within": -row["within"], "within_low": -row["within_high"], "within_high": -row["within_low"]}
        for name, value in ends.items():
            row[name] = value
    return row


def least(key: str) -> float:
    """Cases from which on a KPI is judged."""
    return judged_from(metric(key))


# --- silence -------------------------------------------------------------------------------------------------------------------------


def silence(found: pd.DataFrame, gap: float) -> pd.Series:
    """The panel's figures of everybody together."""
    whole = found[["satisfied", "answered", "asked"]].sum().to_frame().T
    return panel(whole, gap).iloc[0]


def silent_bars(found: pd.DataFrame, by: str) -> pd.DataFrame:
    """The panel as the picture draws it, groups as ``part``: whose customers are silent most stands on top."""
    return found.rename(columns={by: "part"}).sort_values("response", kind="stable").reset_index(drop=True)


def everybody_answered(whole: pd.Series) -> bool:
    """Whether the log knows no silent customer at all: it holds rated conversations only, or does not say who was asked."""
    return bool(whole["answered"] == whole["asked"])


def as_share(points: float) -> float:
    """Percentage points as a share."""
    return points / 100


def as_points(share: float) -> float:
    """A share, or a difference of two, in percentage points.

    >>> as_points(0.125)
    12.5
    """
    return round(100 * share, 9)


# --- questions -----------------------------------------------------------------------------------------------------------------------


def plane_rows(found: pd.DataFrame, key: str) -> pd.DataFrame:
    """Agents on the plane of speed and quality: agent, x, y, n, status, label (the name of who is asked about, else empty)."""
    quality = metric(key).counter[0]
    few = (found["speed_n"] < judged_from(metric(key))) | (found["quality_n"] < judged_from(metric(quality)))
    frame = found[["agent"]].assign(x=found["speed"], y=found["quality"], n=found["speed_n"], status=np.where(few, "too_few", "ok"))
    frame["label"] = found["agent"].where(found["asked"], "")
    frame = frame.iloc[np.argsort(~few, kind="stable")]  # who has enough data is drawn on top
    return frame.dropna(subset=["x", "y"]).reset_index(drop=True)


def tests_of(found: pd.DataFrame) -> int:
    """How many agents of a frame were tested."""
    return int(found["p"].notna().sum())


def questions_asked(families: Sequence[Family]) -> pd.DataFrame:
    """Every question with its evidence, strongest first: family (code), tests, and the family's columns; empty when there is none."""
    parts = [each.asked.assign(family=each.key, tests=each.family) for each in families if len(each.asked)]
    return pd.concat(parts, ignore_index=True).sort_values("p", kind="stable").reset_index(drop=True) if parts else pd.DataFrame()


def all_evidence(families: Sequence[Family]) -> pd.DataFrame:
    """Everybody's figures of every family that could be asked, for the file."""
    parts = [each.rows.assign(family=each.key, tests=each.family) for each in families if len(each.rows)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


# --- rule sets -----------------------------------------------------------------------------------------------------------------------


def flip_counts(found: pd.DataFrame) -> pd.DataFrame:
    """Why conversations flip, the commonest first: cause, side (``a`` or ``b`` leaves it out), out (why), n.

    >>> flip_counts(pd.DataFrame({"cause": ["left_out", "clock"], "out_a": ["", ""], "out_b": ["pending", ""]}))["n"].tolist()
    [1, 1]
    """
    side = np.select([found["cause"] != "left_out", found["out_a"] != ""], ["", "a"], "b")
    out = np.select([side == "a", side == "b"], [found["out_a"], found["out_b"]], "")
    frame = found[["cause"]].assign(side=side, out=out)
    return frame.value_counts(sort=True).rename("n").reset_index()


def left_out_of(row: pd.Series) -> dict[str, int]:
    """What a rule set leaves out of its rate, by reason, without zeros; a row of `core.dialects.side_by_side`."""
    names = ("agent_started", "holiday_mode", "bot_resolved", "outside_hours", "pending", "unanswered")
    return {name: int(row[name]) for name in names if row[name]}


def flips_shown(found: pd.DataFrame, zone: str, most: int) -> pd.DataFrame:
    """The newest conversations that flip, with ``started`` as the shop's clocks showed it."""
    newest = found.tail(most).iloc[::-1].reset_index(drop=True)
    started = pd.to_datetime(newest["start_ms"], unit="ms", utc=True).dt.tz_convert(zone).dt.tz_localize(None)
    return newest.assign(started=started)
