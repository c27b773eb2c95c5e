"""The peer: facts and cube of a message log in Polars – lazy, on the streaming engine, nothing but its own expressions.

Windows, joins and aggregations stand as Polars' documentation writes them; columns are as narrow as the engine's, shared steps are
collected once. Every column of `benchmarks.facts_pandas` is here, none is left out.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

GAP_MS, SLOT_MS, DAY_MS = 300_000, 300_000, 86_400_000
ASK, HUMAN, GREETING, SMART, SYSTEM_SMART, OTHER, CLOSE, REOPEN, ASSIGN = range(1, 10)
CODES = {"customer_id": pl.Int32, "agent_id": pl.Int16, "channel": pl.Int8, "language": pl.Int8, "conversation_id": pl.Int32}
SENT, KIND, H, ASKED = (pl.col(name) for name in ("sent", "kind", "h", "n_asked"))
MESSAGE = KIND.is_in([ASK, HUMAN, GREETING, SMART, OTHER])


def facts(path: Path, offset_ms: int) -> dict[str, pl.DataFrame]:
    """``conversations``, ``turns`` and ``activity`` of a log whose zone has one offset."""
    m = _numbered(path)
    plans = [_said(m.lazy()).join(_assigned(m.lazy()), on="conv", how="left"), _asks(m.lazy()), _humans(m.lazy())]
    said, asks, humans = pl.collect_all(plans, engine="streaming")
    del m, plans
    turns = _collected(_turns(asks.lazy(), humans.lazy()))
    spoken = _collected(_spoken(asks.lazy(), humans.lazy()))
    del asks, humans
    people = _collected(_people(spoken.lazy(), said.lazy()))
    effort = _collected(_effort(spoken.lazy(), people.lazy()))
    slot = ((pl.col("sent") + offset_ms) // SLOT_MS).alias("slot_no")
    activity = _collected(spoken.lazy().filter(pl.col("agent").is_not_null()).select("agent", slot).unique())
    del spoken
    placed = _collected(_placed(said.lazy(), effort.lazy(), _owners(people.lazy()), offset_ms))
    return {"conversations": _collected(_contacts(placed.lazy())), "turns": turns, "activity": activity}


def _collected(plan: pl.LazyFrame) -> pl.DataFrame:
    return plan.collect(engine="streaming")


def _numbered(path: Path) -> pl.DataFrame:
    """Messages in order, with their kind and the human messages and asks so far within the conversation."""
    names = {name: pl.col(name).cast(kind).alias(name.removesuffix("_id")) for name, kind in CODES.items()}
    plan = pl.scan_parquet(path).select(
        names["conversation_id"].alias("conv"), pl.col("sent_at").alias("sent"), "seq", _kind().alias("kind"),
        *(names[name] for name in ("customer_id", "agent_id", "channel", "language")),
    )  # fmt: skip
    ordered = _collected(plan.sort("conv", "sent", "seq").drop("seq")).lazy()
    so_far = [
        (kind == KIND).cast(pl.Int32).cum_sum().over("conv").alias(name) for kind, name in ((HUMAN, "h"), (ASK, "n_asked"))
    ]
    return _collected(ordered.with_columns(*so_far).with_row_index("rn"))


def _kind() -> pl.Expr:
    """One code a message: see core/engine/facts.sql, and 9 for an assignment."""
    sender, automation, event = (pl.col(name).cast(pl.String) for name in ("sender", "automation", "event"))
    smart = automation.is_in(["faq", "assistant"]) | ((sender == "bot") & ~automation.is_in(["greeting", "off_hours"]))
    found = pl.when(event == "close").then(CLOSE).when(event == "reopen").then(REOPEN).when(event == "assign").then(ASSIGN)
    found = found.when(event != "").then(0).when(sender == "customer").then(ASK)
    found = found.when(smart).then(pl.when(sender == "system").then(SYSTEM_SMART).otherwise(SMART)).when(sender == "system").then(0)
    found = found.when(sender != "agent").then(OTHER).when(automation == "none").then(HUMAN)
    return found.when(automation == "greeting").then(GREETING).otherwise(OTHER).cast(pl.Int8)


def _where(condition: pl.Expr, value: pl.Expr = SENT) -> pl.Expr:
    return pl.when(condition).then(value)


def _said(m: pl.LazyFrame) -> pl.LazyFrame:
    """One row per conversation: ends, counts and places of each kind of message."""
    smart, opening, answered = KIND.is_in([SMART, SYSTEM_SMART]), H == 0, ASKED > 0
    language, rn = pl.col("language"), pl.col("rn")
    firsts = {
        "opening_ms": (KIND == ASK) & opening, "first_ms": MESSAGE, "first_human_ms": KIND == HUMAN, "first_smart_ms": smart,
        "any_reply_ms": KIND.is_between(HUMAN, OTHER) & answered, "second_human_ms": (KIND == HUMAN) & (H == 2),
        "greet_ms": (KIND == GREETING) & answered, "first_close_ms": KIND == CLOSE,
    }  # fmt: skip
    lasts = {
        "last_ms": MESSAGE, "last_human_ms": KIND == HUMAN, "handed_ms": KIND.is_between(SMART, OTHER) & opening & answered,
        "last_close_ms": KIND == CLOSE, "early_reopen_ms": (KIND == REOPEN) & opening,
    }  # fmt: skip
    counts = {"n_cust": KIND == ASK, "n_human": KIND == HUMAN, "n_smart": smart, "n_msg": MESSAGE, "n_close": KIND == CLOSE}
    return m.group_by("conv").agg(
        pl.col("customer").max().alias("cust"), pl.col("channel").max(), language.max().alias("any_language"),
        _where(KIND == ASK, language).max().alias("ask_language"),
        _where((KIND == ASK) & opening, language).max().alias("first_language"),
        *(_where(condition).min().alias(name) for name, condition in firsts.items()),
        *(_where(condition).max().alias(name) for name, condition in lasts.items()),
        *(condition.sum().cast(pl.Int32).alias(name) for name, condition in counts.items()),
        _where(smart & opening, ASKED).max().alias("n_smart_asked"),
        (_where(KIND == REOPEN, rn).max() > _where(KIND == CLOSE, rn).max()).fill_null(value=False).alias("reopened_last"),
    )  # fmt: skip


def _assigned(m: pl.LazyFrame) -> pl.LazyFrame:
    """Who a conversation was last given to."""
    given = m.filter((KIND == ASSIGN) & pl.col("agent").is_not_null())
    return given.group_by("conv").agg(pl.col("agent").sort_by("rn").last().alias("assigned"))


def _asks(m: pl.LazyFrame) -> pl.LazyFrame:
    """The first ask of each segment."""
    return m.filter(KIND == ASK).group_by("conv", "h").agg(SENT.min().alias("ask_ms"))


def _humans(m: pl.LazyFrame) -> pl.LazyFrame:
    """The human messages; each begins a segment."""
    return m.filter(KIND == HUMAN).select("conv", "h", "agent", "sent")


def _turns(asks: pl.LazyFrame, humans: pl.LazyFrame) -> pl.LazyFrame:
    """One row per ask: the next segment of the same conversation begins with its answer."""
    answers = humans.select("conv", (H - 1).alias("h"), pl.col("sent").alias("answer_ms"), "agent")
    return asks.join(answers, on=["conv", "h"], how="left").rename({"h": "turn_no"})


def _spoken(asks: pl.LazyFrame, humans: pl.LazyFrame) -> pl.LazyFrame:
    """Human messages with the gap to the later of the agent's own last one in the conversation and the ask it answers."""
    answered = asks.with_columns(H + 1)
    own = SENT.shift().over("conv", "agent", order_by="h")
    since = pl.max_horizontal(own, "ask_ms")
    gap = (SENT - since).fill_null(0).clip(upper_bound=GAP_MS).alias("gap")
    return humans.join(answered, on=["conv", "h"], how="left").with_columns(gap).drop("ask_ms")


def _people(spoken: pl.LazyFrame, said: pl.LazyFrame) -> pl.LazyFrame:
    """Everybody who wrote in a conversation, with its first and last message."""
    wrote = spoken.filter(pl.col("agent").is_not_null()).group_by("conv", "agent")
    found = wrote.agg(pl.len().alias("said"), H.min().alias("begun"), H.max().alias("ended"))
    return found.join(said.select("conv", "first_ms", "last_ms"), on="conv")


def _effort(spoken: pl.LazyFrame, people: pl.LazyFrame) -> pl.LazyFrame:
    """Gaps divided by the agent's conversations open at that moment: starts before, ends after messages of the same instant."""
    none = pl.lit(None, pl.Int64).alias("gap")
    parts = [
        people.select("agent", "conv", pl.col("first_ms").alias("t"), pl.lit(0, pl.Int8).alias("step"), none),
        spoken.select("agent", "conv", SENT.alias("t"), pl.lit(1, pl.Int8).alias("step"), "gap"),
        people.select("agent", "conv", pl.col("last_ms").alias("t"), pl.lit(2, pl.Int8).alias("step"), none),
    ]
    ordered = pl.concat(parts).sort("agent", "t", "step")
    open_now = (1 - pl.col("step")).cast(pl.Int32).cum_sum().over("agent").clip(lower_bound=1).cast(pl.Int64).alias("shared")
    shared = pl.col("shared")
    nano = (pl.col("gap") * 2_000_000 + shared) // (2 * shared)
    counted = ordered.with_columns(open_now).filter(pl.col("step") == 1)
    return counted.group_by("conv").agg(((nano.sum() + 500_000) // 1_000_000).alias("handle_ms"), shared.sum().alias("open_sum"))


def _owners(people: pl.LazyFrame) -> pl.LazyFrame:
    """Owner by most, by first and by last human message."""
    agent = pl.col("agent")
    return people.group_by("conv").agg(
        agent.sort_by("said", "begun", descending=[True, False]).first().alias("owner_most"),
        agent.sort_by("begun").first().alias("owner_first"), agent.sort_by("ended").last().alias("owner_last"),
        pl.len().cast(pl.Int32).alias("n_agents"),
    )  # fmt: skip


def _placed(said: pl.LazyFrame, effort: pl.LazyFrame, owners: pl.LazyFrame, offset_ms: int) -> pl.LazyFrame:
    """One row per conversation with every clock."""
    joined = said.filter(pl.col("first_ms").is_not_null()).join(effort, on="conv", how="left").join(owners, on="conv", how="left")
    opening, human, closed = pl.col("opening_ms"), pl.col("n_human") > 0, pl.col("last_close_ms").is_not_null()
    agents = pl.col("n_agents").fill_null(0)
    placed = joined.with_columns(
        agents, start_ms=pl.coalesce("opening_ms", "first_ms"), end_ms=pl.coalesce("last_close_ms", "last_ms"),
        language=pl.coalesce("first_language", "ask_language", "any_language"), customer_started=opening.is_not_null(), replied=human,
        greet_ms=_where(pl.col("greet_ms") >= opening, pl.col("greet_ms")),
        smart_solved=(opening.is_not_null() & (pl.col("n_smart_asked") == pl.col("n_cust"))).fill_null(value=False),
        n_said=_where(human, pl.col("n_human")), closed=closed & ~pl.col("reopened_last"),
        transfers=pl.when(agents > 1).then(agents - 1).when(human).then(0),
    )  # fmt: skip
    local = pl.col("start_ms") + offset_ms
    placed = placed.with_columns(local_day=(local // DAY_MS).cast(pl.Int32), local_minute=(local % DAY_MS // 60_000).cast(pl.Int16))
    return placed.drop("opening_ms", "any_language", "ask_language", "first_language", "n_smart_asked", "reopened_last")


def _contacts(c: pl.LazyFrame) -> pl.LazyFrame:
    """The customer's next conversation, and the first one strictly after this one's end. The log names no issue: both kinds agree."""
    known = c.filter(pl.col("cust").is_not_null() & pl.col("customer_started")).select("conv", "cust", "start_ms", "end_ms")
    following = pl.col("start_ms").shift(-1).over("cust", order_by=["start_ms", "conv"])
    starts = known.select("cust", after_ms="start_ms").sort("after_ms")
    ends = known.sort("end_ms")
    after = ends.join_asof(
        starts, left_on="end_ms", right_on="after_ms", by="cust", strategy="forward", allow_exact_matches=False, check_sortedness=False
    )
    found = known.select("conv", next_ms=following).join(after.select("conv", "after_ms"), on="conv", how="left")
    return c.join(found, on="conv", how="left").with_columns(next_issue_ms=pl.col("next_ms"))


def cube(c: pl.DataFrame, rules: dict[str, int]) -> pl.DataFrame:
    """Sums per agent × local day × hour × channel × language under a rule set that judges repeats (no_repeat, auto owner)."""
    keys = {"agent": pl.coalesce("assigned", "owner_most"), "local_day": pl.col("local_day"), "local_hour": pl.col("local_minute") // 60}
    keys |= {name: pl.col(name) for name in ("channel", "language")}
    flags, clocks = _flags(rules), _clocks()
    judged = c.lazy()
    for step in _steps(rules):
        judged = judged.with_columns(**step)
    sums = [pl.col(name).sum() for name in flags]
    sums += [pl.col(f"{name}_ms").count().alias(f"{name}_n") for name in clocks] + [pl.col(f"{name}_ms").sum() for name in clocks]
    picked = judged.select(**keys, **flags, **{f"{name}_ms": each for name, each in clocks.items()})
    return _collected(picked.group_by(list(keys)).agg(sums))


begun, bots, needs, clock, late, pending = (pl.col(name) for name in ("base", "solved", "needs", "clock", "is_late", "is_pending"))
replied, closed, start, age = (pl.col(name) for name in ("replied", "closed", "start_ms", "age"))


def _steps(r: dict[str, int]) -> list[dict[str, pl.Expr]]:
    """What several measures ask of a conversation, in the order in which it builds on itself."""
    started, solved, human = (pl.col(name) for name in ("customer_started", "smart_solved", "first_human_ms"))
    return [
        {"base": started, "solved": started & solved, "needs": started & ~solved, "clock": _where(human >= start, human - start)},
        {"age": r["horizon_ms"] - start, "is_late": needs & (clock > r["window_ms"]).fill_null(value=False)},
        {"is_pending": needs & ~replied & ~closed & (age < r["window_ms"]), "fcr_end": pl.col("end_ms") + r["fcr_ms"]},
    ]


def _flags(r: dict[str, int]) -> dict[str, pl.Expr]:
    """Measures that are counted."""
    known, timed, transfers = pl.col("cust").is_not_null(), needs & clock.is_not_null(), pl.col("transfers")
    answered, fcr_end, after = needs & replied & ~late, pl.col("fcr_end"), pl.col("after_ms")
    fcr_of, repeat_of = needs & known & (fcr_end <= r["horizon_ms"]), begun & known & (age >= r["repeat_ms"])
    return {
        "messages": pl.col("n_msg"), "conversations": begun, "agent_started": ~begun, "bot_resolved": bots, "needs_human": needs,
        "answered": answered, "late": late, "unanswered": needs & ~replied & ~pending, "pending": pending,
        "bot_then_human": bots & replied, "responded": answered | bots if r["smart_counts"] else answered,
        "response_of": begun & ~pending if r["smart_counts"] else needs & ~pending, "human_of": needs & ~pending, "clocked": timed,
        "within": needs & (clock <= r["within_ms"]), "within_of": needs & ~pending & (timed | ~replied), "handled": replied,
        "fcr_of": fcr_of, "fcr_hits": fcr_of & (after.is_null() | (after > fcr_end)),
        "repeat_of": repeat_of, "repeat_hits": repeat_of & (pl.col("next_ms") <= start + r["repeat_ms"]),
        "transfer_of": begun & replied & transfers.is_not_null(), "transferred": begun & replied & (transfers > 0),
        "could_be_rated": needs & (closed | (age >= r["window_ms"])), "complaint_of": begun,
    }  # fmt: skip


def _clocks() -> dict[str, pl.Expr]:
    """Measures that are summed; null where there is none."""
    def since(name: str) -> pl.Expr:
        return _where(begun & (pl.col(name) >= start), pl.col(name) - start)

    return {
        "greeted": _where(needs, pl.min_horizontal(pl.col("greet_ms") - start, clock)), "resolution": since("last_close_ms"),
        "first_resolution": since("first_close_ms"), "handle": _where(pl.col("n_human") > 0, pl.col("handle_ms")),
        "first_response": _where(needs, clock),
    }  # fmt: skip
