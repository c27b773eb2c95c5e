"""How many conversations an agent holds at once, and what that does to the time of each: measured from overlap.

A conversation is with its agent from the first human message to its end: close, else last message, but never more than
``IDLE_S`` after the last human message, and never shorter than the effort it took. Conversations whose human messages
are more than ``ASYNC_S`` apart are correspondence rather than a chat; they are left out and counted.

While an agent holds j conversations, j / aht[j] of them end per second: aht[j] = j · (time with j) / (ends with j).
Sums over counts, never a mean of means, made non-decreasing in j by pooling neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.staffing.queues import FloatArray, IntArray

IDLE_S = 30 * 60
ASYNC_S = 2 * 3600
MIN_ENDS = 30


@dataclass(frozen=True, eq=False)
class Concurrency:
    """What the overlap of conversations says; entry ``j - 1`` of each array is "while j were open".

    ``mean`` is the time average while at least one is open (NaN without any). ``levels`` is the highest j with
    ``MIN_ENDS`` ended conversations at it and every j below. ``by_agent``: one row per agent with n, mean, open_s.
    """

    mean: float
    open_s: FloatArray
    ends: IntArray
    levels: int
    n: int
    left_out: int
    by_agent: pd.DataFrame
    segments: pd.DataFrame

    @property
    def measured(self) -> bool:
        """Whether at least one level has enough ended conversations."""
        return self.levels > 0


def spans(conversations: pd.DataFrame) -> pd.DataFrame:
    """When each conversation was with its agent: owner, begin, end (UTC ms), asynchronous; answered ones only.

    >>> talk = pd.DataFrame({"owner": ["a"], "first_human_ms": [60_000.0], "last_human_ms": [120_000.0],
    ...     "last_ms": [125_000.0], "closed_ms": [None], "handle_s": [90.0]})
    >>> spans(talk)[["begin", "end"]].iloc[0].tolist()
    [35000.0, 125000.0]
    """
    answered = conversations[conversations["first_human_ms"].notna() & conversations["owner"].notna()]
    number = {c: answered[c].to_numpy(float, na_value=np.nan) for c in _STAMPS}
    first, last = number["first_human_ms"], np.fmax(number["last_human_ms"], number["first_human_ms"])
    end = np.where(np.isnan(number["closed_ms"]), number["last_ms"], number["closed_ms"])
    end = np.fmax(np.fmin(end, last + IDLE_S * 1000), last)
    begin = np.fmin(first, end - number["handle_s"] * 1000)
    late = last - first > ASYNC_S * 1000
    return pd.DataFrame({"owner": answered["owner"].to_numpy(), "begin": begin, "end": end, "asynchronous": late})


_STAMPS = ("first_human_ms", "last_human_ms", "last_ms", "closed_ms", "handle_s")


def _sweep(talks: pd.DataFrame) -> pd.DataFrame:
    """One row per stretch of an agent's time with a constant number of open conversations, and whether one ended.

    Every agent's events sum to zero, so one running sum over all agents in turn is each agent's own running sum.
    """
    owner, names = pd.factorize(talks["owner"])
    who = np.concatenate([owner, owner])
    at = np.concatenate([talks["begin"].to_numpy(), talks["end"].to_numpy()])
    step = np.repeat([1, -1], len(talks))
    order = np.lexsort((step, at, who))
    who, at, step = who[order], at[order], step[order]
    before = np.cumsum(step) - step
    lasted = np.where(np.diff(who, prepend=-1) == 0, np.diff(at, prepend=0.0), 0.0) / 1000
    return pd.DataFrame(
        {"owner": names.take(who), "until_ms": at, "open": before, "seconds": lasted, "ended": step < 0}
    )


def measure_concurrency(conversations: pd.DataFrame) -> Concurrency:
    """Concurrency per agent and the time and ends at each number of open conversations.

    Args:
        conversations: one row per conversation (owner, first_human_ms, last_human_ms, last_ms, closed_ms, handle_s).

    Returns:
        A :class:`Concurrency`; with no answered conversations ``mean`` is NaN and ``levels`` 0.

    >>> talk = pd.DataFrame({"owner": ["a", "a"], "first_human_ms": [0.0, 30_000.0], "handle_s": [10.0, 10.0],
    ...     "last_human_ms": [60_000.0, 90_000.0], "last_ms": [60_000.0, 90_000.0], "closed_ms": [None, None]})
    >>> seen = measure_concurrency(talk)
    >>> round(seen.mean, 4), seen.open_s.tolist(), seen.ends.tolist()
    (1.3333, [60.0, 30.0], [1, 1])
    """
    all_talks = spans(conversations)
    talks = all_talks[~all_talks["asynchronous"] & (all_talks["end"] > all_talks["begin"])]
    segments = _sweep(talks)
    count = segments["open"].to_numpy()
    top = int(count.max()) if len(count) else 0
    open_s: FloatArray = np.bincount(count, weights=segments["seconds"], minlength=top + 1)[1:].astype(float)
    ends: IntArray = np.bincount(count[segments["ended"].to_numpy()], minlength=top + 1)[1:].astype(np.int64)
    enough = ends >= MIN_ENDS
    levels = int(np.argmin(enough)) if not enough.all() else len(enough)
    busy = float(open_s.sum())
    mean = float(np.arange(1, top + 1) @ open_s / busy) if busy > 0 else float("nan")
    left_out = int(all_talks["asynchronous"].sum())
    return Concurrency(mean, open_s, ends, levels, len(talks), left_out, _by_agent(segments), segments)


def _by_agent(segments: pd.DataFrame) -> pd.DataFrame:
    busy = segments[segments["open"] > 0]
    weighted = busy.assign(work=busy["open"] * busy["seconds"])
    sums = weighted.groupby("owner", observed=True).agg(
        n=("ended", "sum"), open_s=("seconds", "sum"), work=("work", "sum")
    )
    sums["mean"] = sums["work"] / sums["open_s"]
    return sums[["n", "mean", "open_s"]].rename_axis("agent_id").reset_index()


def pooled_non_decreasing(totals: FloatArray, counts: FloatArray) -> FloatArray:
    """The non-decreasing sequence of totals / counts, neighbours that fall being pooled (total over count).

    >>> pooled_non_decreasing(np.array([10.0, 40.0, 30.0]), np.array([1.0, 2.0, 2.0])).tolist()
    [10.0, 17.5, 17.5]
    """
    blocks: list[list[float]] = []
    for total, count in zip(totals, counts, strict=True):
        blocks.append([total, count, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] > blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [x + y for x, y in zip(blocks[-1], last, strict=True)]
    return np.repeat([total / count for total, count, _ in blocks], [int(size) for _, _, size in blocks])


def chat_times(seen: Concurrency, effort_s: float, max_concurrency: int, *, effort_binds: bool) -> FloatArray:
    """Mean seconds of a chat at concurrency 1 … K, the curve the chat model needs.

    Measured where enough conversations ended (see :class:`Concurrency`), K being what was seen and at most
    ``max_concurrency``. Where nothing was measured: aht[j] = j · effort, an agent who works on one chat at a time.

    Args:
        seen: the measured concurrency.
        effort_s: mean seconds of the agent's own work per conversation.
        max_concurrency: the most chats an agent may hold.
        effort_binds: True when the effort is work on that one conversation only; then aht[j] is at least j · effort,
            as nobody finishes more than one effort per effort.

    >>> talk = pd.DataFrame({"owner": ["a"], "first_human_ms": [0.0], "last_human_ms": [6e4], "last_ms": [6e4],
    ...     "closed_ms": [None], "handle_s": [10.0]})
    >>> chat_times(measure_concurrency(talk), 30.0, 3, effort_binds=True).tolist()
    [30.0, 60.0, 90.0]
    """
    held = np.arange(1, max_concurrency + 1, dtype=float)
    if not seen.measured:
        return held * effort_s
    held = held[: seen.levels]
    curve = pooled_non_decreasing(held * seen.open_s[: held.size], seen.ends[: held.size].astype(float))
    return np.maximum(curve, held * effort_s) if effort_binds else curve
