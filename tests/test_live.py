"""The live board: a small day worked by hand, today's figures against the KPI table, what is usual, and the command line."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core import live
from core.__main__ import main
from core.engine import Facts, build_facts, observe
from core.errors import UnavailableError
from core.ingest import Choices, InputFile, load
from core.kpis import kpi_table
from core.log import Log
from core.period import Period
from core.scenario import Scenario
from tests.shop import log as shop_log

CHOICES = Choices(zone="UTC")
MESSAGES = """Conversation ID,Customer ID,Sent at,Sender,Agent ID,Automation,Event,Channel
old,u0,2026-05-03 09:00:00,customer,,,,chat
old,u0,2026-05-03 09:05:00,agent,Ann,,,chat
old,u0,2026-05-04 13:59:00,customer,,,,chat
thanks,u1,2026-05-04 09:00:00,customer,,,,chat
thanks,u1,2026-05-04 09:00:40,agent,Ann,,,chat
thanks,u1,2026-05-04 09:01:00,customer,,,,chat
done,u2,2026-05-04 13:10:00,customer,,,,mail
done,u2,2026-05-04 13:11:30,agent,Bo,,,mail
done,u2,2026-05-04 13:20:00,customer,,,,mail
done,u2,2026-05-04 13:21:00,system,,,close,mail
first,u3,2026-05-04 13:52:00,customer,,,,chat
first,u3,2026-05-04 13:53:00,customer,,,,chat
bot,u4,2026-05-04 13:55:00,customer,,,,chat
bot,u4,2026-05-04 13:55:01,bot,,faq,,chat
talk,u5,2026-05-04 13:50:00,customer,,,,chat
talk,u5,2026-05-04 13:50:20,agent,Bo,,,chat
talk,u5,2026-05-04 13:57:00,customer,,,,chat
talk,u5,2026-05-04 13:58:00,agent,Bo,,,chat
two,u6,2026-05-04 13:30:00,customer,,,,mail
two,u6,2026-05-04 13:30:10,agent,Ann,,,mail
two,u6,2026-05-04 14:00:00,agent,Ann,,,mail
"""


def read(text: str = MESSAGES) -> Log:
    """A log from the text of a file."""
    return load([InputFile("log.csv", text.encode())], CHOICES)


def test_the_board_by_hand() -> None:
    """Data end at 14:00. Two ask: one of yesterday since 13:59, one since 13:52 whom nobody has answered.

    The thanks of 9:01 is too old; the closed one and the one the bot answered do not count. Six began today; of the last hour five, three
    answered by a person in 90, 20 and 10 s.
    """
    found = live.board(read(), Scenario.of({"live_min_n": 2}))
    assert datetime.fromtimestamp(found.as_of_ms / 1000, UTC).isoformat() == "2026-05-04T14:00:00+00:00"
    values = {key: figure.value for key, figure in found.figures.items()}
    assert (values["waiting"], values["waiting_first"], values["longest_wait"]) == (2, 1, 480)
    waits = found.waits[["conversation", "wait_s", "first", "channel"]].to_numpy().tolist()
    assert waits == [["first", 480.0, 1, "chat"], ["old", 60.0, 0, "chat"]]
    assert (values["agents_writing"], values["active"], values["concurrency"]) == (2, 3, 1.5)
    assert (values["contacts"], values["first_response"], values["first_response_mean"]) == (5, 20, 40)
    within = found.figures["within"]
    assert (within.value, within.n) == (pytest.approx(2 / 3), 3)
    assert (values["contacts_15"], found.figures["busy"].reason) == (3, "no_usual")
    assert (values["today_conversations"], values["today_pending"], values["today_needs_human"]) == (6, 1, 5)
    assert found.slots.set_index("minute")["contacts"].dropna().loc[lambda counts: counts > 0].to_dict() == {
        540: 1, 780: 1, 810: 1, 825: 3,
    }  # fmt: skip
    assert math.isnan(found.slots["contacts"].iloc[-1])


def test_knobs_move_what_they_say() -> None:
    """A longer patience counts the thanks of the morning too; fewer minutes leave fewer cases; filters hold; few cases are not judged."""
    log = read()
    assert live.board(log, Scenario.of({"live_give_up_h": 6})).figures["waiting"].value == 3
    short = live.board(log, Scenario.of({"live_window_min": 15}))
    assert short.figures["contacts"].value == 3
    assert short.figures["first_response"].reason == "too_few"
    assert math.isnan(short.values()["first_response"])
    mail = live.board(log, Scenario.of({"in_channel": ["email"]}))
    assert [mail.figures[key].value for key in ("waiting", "contacts", "today_conversations")] == [0, 2, 2]
    assert mail.figures["longest_wait"].reason == "nobody_waits"


def test_the_last_minutes_reach_over_midnight() -> None:
    """At five past midnight the last eight hours hold the evening before; today holds what began since midnight."""
    stamps = [f"2026-05-03 {hour}:00:00" for hour in (15, 17, 19, 23)] + ["2026-05-04 00:05:00"]
    rows = "".join(f"c{at},u{at},{stamp},customer,\n" for at, stamp in enumerate(stamps))
    found = live.board(read("Conversation ID,Customer ID,Sent at,Sender,Agent ID\n" + rows), Scenario.of({"live_window_min": 480}))
    assert (found.figures["contacts"].value, found.figures["today_conversations"].value) == (4, 1)


def test_conversations_without_messages_wait_too() -> None:
    """A list of conversations: open ones without a reply wait since their start; who writes now cannot be told."""
    rows = "c1,u1,Ann,2026-05-04 13:00:00,2026-05-04 13:01:00,2026-05-04 13:10:00\nc2,u2,Ann,2026-05-04 13:30:00,,\n"
    rows += "c3,u3,Bo,2026-05-04 13:40:00,,2026-05-04 13:45:00\n"
    found = live.board(read("Conversation ID,Customer ID,Agent ID,Started at,First human reply at,Closed at\n" + rows))
    assert (found.figures["waiting"].value, found.figures["longest_wait"].value) == (1, 900)
    assert found.figures["agents_writing"].reason == "no_messages"


def test_days_alone_have_no_now() -> None:
    """Agent-days know no time of day: refused in words."""
    with pytest.raises(UnavailableError) as refused:
        live.board(read("Agent,Date,Conversations\nAnn,2026-05-04,30\nBo,2026-05-04,20\n"))
    assert refused.value.issue.code == "live_days_only"


@cache
def afternoon() -> tuple[Log, Facts]:
    """The sample as it stood one Thursday at 14:31, and its facts."""
    part = cut(shop_log(), "2026-05-14T14:31:00+08:00")
    return part, build_facts(part)


def cut(log: Log, day: str) -> Log:
    """The sample's messages and conversations up to an hour of a day."""
    end = int(datetime.fromisoformat(day).timestamp() * 1000)
    stamps = {"messages": ("sent_at",), "conversations": ("started_at", "closed_at", "first_human_reply_at")}
    tables = {name: log.tables[name] for name in ("roster", *stamps)}
    for name, columns in stamps.items():
        table = tables[name]
        assert isinstance(table, pa.Table)
        kept = np.logical_and.reduce([np.nan_to_num(table.column(each).to_numpy().astype(float)) <= end for each in columns])
        tables[name] = table.filter(pa.array(kept))
    return Log(f"cut {day}", log.zone, tables, log.ledger)


@pytest.mark.parametrize("knobs", [{}, {"rules": "tiktok_24h", "in_team": ["South"]}], ids=["plain", "filtered"])
def test_todays_figures_are_the_kpi_tables(knobs: dict[str, object]) -> None:
    """What the board builds from today's rows alone is the KPI table of the whole log for that day, figure by figure."""
    (part, facts), scenario = afternoon(), Scenario.of(knobs)
    found = live.board(part, scenario)
    assert found.as_of_ms == facts.horizon_ms
    assert found.figures["today_conversations"].value > 1
    table = kpi_table(observe(facts, scenario), scenario, ("shop",), Period(found.day, found.day, part.zone), live.TODAY)
    assert {key: repr(table.cell(0, key)) for key in live.TODAY} == {key: repr(cell) for key, cell in found.today.items()}
    assert live.recent(part, scenario).tables["messages"].num_rows < 0.2 * part.tables["messages"].num_rows


def test_over_a_whole_day_the_last_minutes_are_the_day() -> None:
    """With a window since midnight, contacts, mean and median of the first response and the share in time are those of the KPI table."""
    part = cut(shop_log(), "2026-05-14T07:59:00+08:00")
    since = (live.board(part).as_of_ms + 8 * 3_600_000) % 86_400_000 / 60_000
    found = live.board(part, Scenario.of({"live_window_min": since, "within_s": 90}))
    today = found.today
    pairs = [("contacts", today["conversations"].value), ("first_response", today["first_response"].median)]
    pairs += [("first_response_mean", today["first_response"].value), ("within", today["within_Ns"].value)]
    assert today["conversations"].value > 2
    assert [found.figures[key].value for key, _ in pairs] == pytest.approx([value for _, value in pairs])


def test_the_usual_is_the_same_weekday_before() -> None:
    """Four Mondays with 2, 4, 6, 8 contacts between 10:00 and 10:15 are usual 5; three are not enough; today's own do not count."""
    day = 20_577
    starts = np.sort(np.concatenate([np.full(2 * back, (day - 7 * back) * 1440 + 605) for back in (1, 2, 3, 4)] + [[day * 1440 + 605]]))
    past = live.Past(starts, day - 28, day - 1)
    assert past.weekdays_before(day) == [day - 7, day - 14, day - 21, day - 28]
    assert live.better(day, [live.Past(), past]) is past
    rows = "".join(f"c{at},u{at},Ann,2026-05-04 10:0{at}:00,,\n" for at in range(9))
    log = read("Conversation ID,Customer ID,Agent ID,Started at,First human reply at,Closed at\n" + rows)
    found = live.board(log, Scenario.of({"live_min_n": 5}), past)
    assert found.day == day
    assert [found.figures[key].value for key in ("contacts_15", "usual_15", "busy")] == [9, 5, 1.8]
    row = found.slots[found.slots["minute"] == 600].iloc[0]
    assert (row["usual"], row["usual_low"], row["usual_high"], found.usual_days) == (5, 2, 8, 4)
    less = live.board(log, Scenario(), live.Past(starts, day - 27, day - 1))
    assert less.figures["busy"].reason == "no_usual"
    assert less.slots["usual"].isna().all()


def test_a_long_log_is_its_own_past() -> None:
    """The sample goes back far enough: the mean of the same quarter of an hour is counted from all its conversations."""
    part, facts = afternoon()
    past = live.own_past(part, Scenario())
    found = live.board(part, Scenario(), past)
    counts = facts.frame(
        f"""SELECT local_day, count(*) AS n FROM conversations WHERE customer_started = 1 AND holiday = 0
        AND local_minute >= 600 AND local_minute < 615 AND mod({found.day} - local_day, 7) = 0 AND local_day < {found.day}
        AND local_day >= {found.day} - 56 GROUP BY 1"""
    )
    assert found.slots.set_index("minute").loc[600, "usual"] == pytest.approx(counts["n"].sum() / found.usual_days)
    assert found.usual_days == 8
    assert len(live.own_past(read(), Scenario()).starts) == 0


def test_looks_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One look as JSON holds the board's figures, states and times; without --json a line in words; a folder that is gone is said."""
    (tmp_path / "log.csv").write_text(MESSAGES, "utf-8")
    assert main(["live", str(tmp_path), "--once", "--json", "--tz", "UTC"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["as_of"] == "2026-05-04T14:00:00+00:00"
    assert told["figures"]["waiting"]["value"] == 2
    assert told["figures"]["longest_wait"]["state"] == "normal"
    assert told["troubles"] == []
    assert main(["live", str(tmp_path), "--once", "--tz", "UTC", "--lang", "zh"]) == 0
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert "2026-05-04 14:00" in line
    assert main(["live", str(tmp_path / "no"), "--once", "--json"]) == 0
    assert "live_folder_gone" in capsys.readouterr().out
