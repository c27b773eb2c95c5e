"""The sample log: made the same way every time, as large as agreed, and every planted fact is in its raw rows."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau, norm, rankdata

from sample_data.files import TABLES, chinese, english
from sample_data.fixture import CASES, fixture_t
from sample_data.generate import Story, make, null_story, other_story, write
from sample_data.seen import seen
from sample_data.story import AGENTS

HERE = Path(__file__).resolve().parent.parent / "sample_data"
STORY = Story()
ONE_DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def facts() -> dict:
    """What the committed log says about itself."""
    return json.loads((HERE / "truth.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def shop() -> dict[str, pd.DataFrame]:
    """The committed English files, read with plain pandas."""
    times = {
        "messages": ["Sent at"],
        "conversations": ["Started at", "First human reply at", "First closed at", "Closed at", "CSAT at"],
        "roster": ["Start at", "End at"],
        "transfers": ["Requested at", "Accepted at"],
        "orders": ["Created at", "Paid at"],
        "reviews": ["Reviewed at"],
    }
    return {name: pd.read_csv(HERE / "shop" / f"{name}.csv", parse_dates=dates) for name, dates in times.items()}


@pytest.fixture(scope="module")
def receptions(shop: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Customer-started conversations outside holiday mode, with day, owner and seconds to the first human reply."""
    return receive(shop)


def receive(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The same from any tables with English headings; written apart from the generator's own reckoning."""
    messages = tables["messages"].drop_duplicates()
    messages = messages[messages["Sent at"].dt.year > 1970].sort_values("Sent at", kind="stable")
    first = messages.drop_duplicates("Conversation ID").set_index("Conversation ID")
    human = messages[(messages["Sender"] == "agent") & (messages["Automation"] == "none")]
    reply = human.drop_duplicates("Conversation ID").set_index("Conversation ID")["Sent at"]
    talks = tables["conversations"].sort_values("CSAT at", na_position="first", kind="stable")
    talks = talks.drop_duplicates("Conversation ID", keep="last").set_index("Conversation ID")
    frame = talks.join(first[["Sent at", "Sender"]]).join(reply.rename("reply"))
    frame = frame[(frame["Sender"] == "customer") & (frame["Holiday mode"] == "no")].copy()
    frame["clock"] = (frame["reply"] - frame["Sent at"]).dt.total_seconds()
    frame["day"] = (frame["Sent at"].dt.normalize() - pd.Timestamp(STORY.start)) // ONE_DAY
    frame["counted"] = (frame["Needs human"] == "yes") & frame["clock"].notna()
    return frame


def as_shop(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Tables of `make` with the headings and flags of the committed files."""
    out = {}
    for name, table in tables.items():
        flags = [c for c in table.columns if pd.api.types.is_bool_dtype(table[c])]
        words = {c: table[c].map({True: "yes", False: "no"}) for c in flags}
        out[name] = table.assign(**words).rename(columns=english)
    return out


def day_values(receptions: pd.DataFrame, low: int = 0, high: int = 12) -> pd.Series:
    """Mean first response per calendar day, weeks low to high (exclusive)."""
    values = receptions[receptions["counted"]].groupby("day")["clock"].mean()
    return values[(values.index >= 7 * low) & (values.index < 7 * high)]


def against_other_workdays(values: pd.Series, weekday: int) -> float:
    """Ratio of the weekday's mean day value to that of the other days from Monday to Friday."""
    of = values.index.to_numpy() % 7
    return values[of == weekday].mean() / values[(of != weekday) & (of < 5)].mean()


def weekly_p(mine: pd.DataFrame) -> float:
    """Mann-Kendall p of an agent's twelve pooled weekly means."""
    weekly = mine.groupby(mine["day"] // 7)["clock"].mean()
    return float(kendalltau(weekly.index, weekly).pvalue)


def blocked_p(mine: pd.DataFrame) -> float:
    """Seasonal Mann-Kendall p over weekdays with the covariance of Hirsch and Slack (1984)."""
    table = mine.groupby([mine["day"] // 7, mine["day"] % 7])["clock"].mean().unstack().dropna(axis=1).to_numpy()
    if not table.size:  # nobody is on duty on the same weekday of every week: the weekly test decides alone
        return 0.0
    n = len(table)
    signs = np.sign(table[None] - table[:, None])[np.triu_indices(n, 1)]
    ranks = np.apply_along_axis(rankdata, 0, table)
    covariance = (signs.T @ signs + 4 * ranks.T @ ranks - n * (n + 1) ** 2) / 3
    return float(2 * norm.sf(max(abs(signs.sum()) - 1, 0) / np.sqrt(covariance.sum())))


def owned(receptions: pd.DataFrame, agent: str) -> pd.DataFrame:
    """Conversations of one agent that enter first response."""
    return receptions[receptions["counted"] & (receptions["Assigned agent"] == agent)]


# ---- made the same way every time ----


def test_the_committed_files_are_a_fresh_run_byte_for_byte(tmp_path: Path) -> None:
    """Writing the shop again gives exactly the files in the repository, READMEs and facts included."""
    write(tmp_path)
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert len(made) == 14
    for path in made:
        if path.suffix != ".xlsx":
            assert (tmp_path / path).read_bytes() == (HERE / path).read_bytes(), path
    book = Path("week_zh/会话.xlsx")
    parts = [zipfile.ZipFile(folder / book).read("xl/sharedStrings.xml") for folder in (tmp_path, HERE)]
    assert parts[0] == parts[1]


def test_digests_on_disk_are_those_in_the_facts(facts: dict) -> None:
    """Nobody edited a committed table by hand."""
    assert len(facts["files"]) == 9
    for name, digest in facts["files"].items():
        assert hashlib.sha256((HERE / name).read_bytes()).hexdigest() == digest, name


def test_another_seed_is_another_log_and_texts_change_nothing_else() -> None:
    """The seed moves the log; leaving the texts out does not."""
    one, bare, other = make(STORY), make(STORY, texts=False), make(replace(STORY, seed=1))
    for name, table in one.items():
        columns = [c for c in table.columns if c != "text"]
        pd.testing.assert_frame_equal(table[columns], bare[name][columns])
    assert not one["conversations"]["started_at"].equals(other["conversations"]["started_at"])
    assert bare["messages"]["text"].isna().all()


def test_the_log_is_as_large_as_agreed(facts: dict, shop: dict[str, pd.DataFrame]) -> None:
    """At most 8,000 conversations and 60,000 messages, 12 MB in all, 25 agents in 3 teams, 12 weeks."""
    assert shop["conversations"]["Conversation ID"].nunique() == facts["log"]["conversations"] <= 8000
    assert len(shop["messages"]) <= 60_000
    assert sum(p.stat().st_size for p in HERE.rglob("*") if p.is_file() and p.suffix != ".pyc") < 12_000_000
    assert set(shop["roster"]["Agent ID"]) == set(AGENTS)
    assert len(AGENTS) == 25
    talks = shop["conversations"]
    counts = [talks[c].nunique() for c in ("Team", "Shift", "Language", "Channel")]
    assert counts == [3, 3, 6, 4]
    stamps = shop["messages"]["Sent at"]
    assert stamps.max() < pd.Timestamp(STORY.start) + 84 * ONE_DAY
    assert (shop["conversations"]["Started at"] >= pd.Timestamp(STORY.start)).all()


def test_texts_are_written_in_the_language_of_the_conversation(shop: dict[str, pd.DataFrame]) -> None:
    """Chinese and Japanese conversations hold their own script, the others do not."""
    language = shop["conversations"].drop_duplicates("Conversation ID").set_index("Conversation ID")["Language"]
    texts = shop["messages"].dropna(subset=["Text"])
    of = texts["Conversation ID"].map(language)
    chinese_script = texts["Text"].str.contains(r"[\u4e00-\u9fff\u3040-\u30ff]")
    assert chinese_script[of.isin(["zh", "ja"])].mean() > 0.99
    assert not chinese_script[of.isin(["en", "fr", "de", "es"])].any()
    assert not texts["Text"].str.contains("{", regex=False).any()


# ---- what is planted ----


def test_the_weekday_story_is_there_and_ends_with_the_new_roster(
    receptions: pd.DataFrame, shop: dict[str, pd.DataFrame], facts: dict
) -> None:
    """Ratio 1.25 in weeks 1-8 and about 1 after; volume stays up; staff follows only after week 8."""
    before = against_other_workdays(day_values(receptions, 0, 8), STORY.weekday)
    after = against_other_workdays(day_values(receptions, 8, 12), STORY.weekday)
    assert before == pytest.approx(1.25, abs=0.005)
    assert before == pytest.approx(facts["weekday"]["ratio_before"], abs=1e-12)
    assert after == pytest.approx(1.0, abs=0.06)
    volume = receptions.groupby("day").size()
    shifts = shop["roster"]
    hours = (shifts["End at"] - shifts["Start at"]) / pd.Timedelta(hours=1)
    staff = hours.groupby((shifts["Start at"].dt.normalize() - pd.Timestamp(STORY.start)) // ONE_DAY).sum()
    for series, weeks, low, high in (
        (volume, (0, 8), 1.25, 1.45),
        (volume, (8, 12), 1.2, 1.5),
        (staff, (0, 8), 0.95, 1.05),
        (staff, (8, 12), 1.25, 1.45),
    ):
        part = series[(series.index >= 7 * weeks[0]) & (series.index < 7 * weeks[1])]
        assert low < against_other_workdays(part, STORY.weekday) < high


def test_the_roster_does_not_change_in_the_first_eight_weeks(shop: dict[str, pd.DataFrame]) -> None:
    """The same hours of duty stand each week in weeks 1-8; then three blocks more on the weekday, four shorter elsewhere."""
    shifts = shop["roster"].assign(day=lambda f: (f["Start at"].dt.normalize() - pd.Timestamp(STORY.start)) // ONE_DAY)
    shifts = shifts[shifts["Agent ID"] != STORY.thin]
    plans = []
    for _, week in shifts.groupby(shifts["day"] // 7):
        length = week["End at"] - week["Start at"]
        plans.append(Counter(zip(week["day"] % 7, week["Start at"].dt.hour, length, strict=True)))
    assert all(plan == plans[0] for plan in plans[:8])
    assert all(plan == plans[8] for plan in plans[8:])
    gained, lost = plans[8] - plans[0], plans[0] - plans[8]
    assert sum(n for (weekday, *_), n in gained.items() if weekday == STORY.weekday) == 3
    assert {weekday for weekday, *_ in lost} == set(range(5)) - {STORY.weekday}


def test_agents_answer_while_they_are_on_duty(receptions: pd.DataFrame, shop: dict[str, pd.DataFrame]) -> None:
    """Every owned conversation starts inside a block of its agent; one person is on duty at night, at most three by day."""
    shifts = shop["roster"].rename(columns={"Agent ID": "Assigned agent"})
    own = receptions[receptions["Assigned agent"].notna()].reset_index()
    both = own[["Conversation ID", "Assigned agent", "Sent at"]].merge(shifts, on="Assigned agent")
    inside = both[(both["Start at"] <= both["Sent at"]) & (both["Sent at"] < both["End at"])]
    assert set(inside["Conversation ID"]) == set(own["Conversation ID"])
    regular = shifts[shifts["Assigned agent"] != STORY.thin]
    spans = zip(
        regular["Start at"].dt.hour, (regular["End at"] - regular["Start at"]) // pd.Timedelta(hours=1), strict=True
    )
    hours = regular.assign(day=regular["Start at"].dt.date, hour=[list(range(a, a + n)) for a, n in spans]).explode(
        "hour"
    )
    present = hours.groupby(["day", "hour"]).size()
    assert present.xs(2, level="hour").eq(1).all()
    assert present.max() == 3


def test_nobody_has_the_weekday_more_than_others(receptions: pd.DataFrame) -> None:
    """Names rotate: no agent who stands out in speed makes a weekday fast or slow."""
    share = receptions.groupby(receptions["day"] % 7)["Assigned agent"].value_counts(normalize=True).unstack(0)
    assert share.loc[[STORY.fast_empty]].max(axis=1).item() < 0.09


@pytest.fixture(scope="module")
def report() -> dict:
    """What the product says about the committed files now."""
    return seen([HERE / "shop" / f"{name}.csv" for name in TABLES], STORY)


def test_the_grades_spread(report: dict, facts: dict) -> None:
    """A few A, most B and C, a few D, the newcomer without a grade: as the facts and READMEs say."""
    assert report == facts["seen"]
    assert 2 <= report["grade_A"] <= 4
    assert 8 <= report["grade_B"] <= 12
    assert 6 <= report["grade_C"] <= 9
    assert 2 <= report["grade_D"] <= 4
    assert report["grade_insufficient_data"] == 1
    assert report["handled_per_hour_lowest"] > 2
    assert report["handled_per_hour_highest"] < 8


def test_the_planted_weekday_lacks_agents_until_the_new_roster(report: dict) -> None:
    """Several hours of it are short in weeks 1-8, hardly any elsewhere, moves exist; in weeks 9-12 at most one hour is."""
    assert len(report["short_before"]) >= 4
    assert report["short_elsewhere_before"] <= 2
    assert report["moves_before"] >= 2
    assert len(report["short_after"]) <= 1
    assert report["under_hours_after"] <= 2
    assert max(report["supplied_before"]) <= 4


def test_handling_and_mix_do_not_explain_the_weekday(receptions: pd.DataFrame) -> None:
    """Logged handling seconds and the share of each language on the planted weekday are those of other workdays."""
    early = receptions[receptions["counted"] & (receptions["day"] < 56) & (receptions["day"] % 7 < 5)]
    planted = early["day"] % 7 == STORY.weekday
    assert early[planted]["Handle time"].mean() / early[~planted]["Handle time"].mean() == pytest.approx(1, abs=0.05)
    mixes = [early[rows]["Language"].value_counts(normalize=True) for rows in (planted, ~planted)]
    assert (mixes[0] - mixes[1]).abs().max() < 0.04


def test_day_values_are_calm_enough_to_see_the_weekday(receptions: pd.DataFrame) -> None:
    """Day-to-day noise within a weekday is at most a tenth."""
    values = day_values(receptions, 0, 8)
    noise = values.groupby(values.index % 7).agg(lambda v: v.std() / v.mean())
    assert noise.mean() < 0.1


def test_one_agent_improves_one_declines_and_nobody_else_moves(receptions: pd.DataFrame) -> None:
    """Both trend tests find the two planted agents below 0.001 and no other agent below 0.002."""
    for agent, sign in ((STORY.improving, -1), (STORY.declining, 1)):
        mine = owned(receptions, agent)
        weekly = mine.groupby(mine["day"] // 7)["clock"].mean()
        assert weekly.index.tolist() == list(range(12))
        assert np.sign(kendalltau(weekly.index, weekly).statistic) == sign
        assert max(weekly_p(mine), blocked_p(mine)) < 0.001
        assert len(mine) / 12 >= 30
    others = set(AGENTS) - {STORY.improving, STORY.declining, STORY.thin}
    assert min(weekly_p(owned(receptions, agent)) for agent in others) > 0.002


def test_the_fast_agent_is_empty(receptions: pd.DataFrame) -> None:
    """Quickest replies of all, satisfaction far below the others, several times their repeat contacts."""
    order = receptions.sort_values("Sent at", kind="stable")
    gap = order.groupby("Customer ID")["Sent at"].shift(-1) - order["Sent at"]
    frame = order.assign(repeat=gap <= 7 * ONE_DAY)
    mine, others = (frame[frame["Assigned agent"].eq(STORY.fast_empty) == own] for own in (True, False))
    medians = receptions[receptions["counted"]].groupby("Assigned agent")["clock"].median()
    assert medians.idxmin() == STORY.fast_empty
    assert (mine["CSAT"].dropna() >= 4).mean() < 0.6
    assert (others["CSAT"].dropna() >= 4).mean() > 0.8
    assert mine["repeat"].mean() > 4 * others["repeat"].mean()


def test_the_night_agent_only_looks_slow(receptions: pd.DataFrame) -> None:
    """Far slower than the shop, yet equal to the night colleagues in the same languages."""
    counted = receptions[receptions["counted"]]
    mine = counted[counted["Assigned agent"] == STORY.night]
    peers = counted[(counted["Shift"] == "night") & (counted["Assigned agent"] != STORY.night)]
    assert set(mine["Shift"]) == {"night"}
    assert mine["clock"].mean() > 1.4 * counted["clock"].mean()
    expected = mine["Language"].map(peers.groupby("Language")["clock"].mean())
    assert mine["clock"].mean() / expected.mean() == pytest.approx(1, abs=0.12)


def test_two_agents_are_too_thin_to_judge(receptions: pd.DataFrame, shop: dict[str, pd.DataFrame]) -> None:
    """One has 6 conversations in all; one has an ordinary number of conversations and 6 ratings."""
    talks = shop["conversations"].drop_duplicates("Conversation ID")
    assert (talks["Assigned agent"] == STORY.thin).sum() == STORY.thin_conversations == 6
    few = receptions[receptions["Assigned agent"] == STORY.six_ratings]
    assert few["CSAT"].notna().sum() == 6
    assert len(few) > 200


def test_ten_agents_are_equal(receptions: pd.DataFrame) -> None:
    """No test over the ten finds a difference in first response beyond chance; each has its share of the work."""
    logs = [np.log(owned(receptions, agent)["clock"]) for agent in STORY.equal]
    assert len(logs) == 10
    assert min(len(x) for x in logs) > 200
    centre = np.concatenate(logs).mean()
    chi2 = sum(len(x) * (x.mean() - centre) ** 2 / x.var() for x in logs)
    assert chi2 < 27.9  # 0.999 quantile of chi-square with 9 degrees of freedom


def test_the_pair_turns_round_with_the_mix(receptions: pd.DataFrame) -> None:
    """Faster in each language, slower overall."""
    better, other = (owned(receptions, agent) for agent in STORY.simpson)
    languages = set(better["Language"]) & set(other["Language"])
    assert len(languages) >= 2
    for language in languages:
        means = [f.loc[f["Language"] == language, "clock"].mean() for f in (better, other)]
        assert means[0] < 0.9 * means[1]
    assert better["clock"].mean() > 1.1 * other["clock"].mean()


def test_one_issue_waits_for_another_team(receptions: pd.DataFrame, shop: dict[str, pd.DataFrame]) -> None:
    """Most of its resolution time lies between the request and the acceptance of the transfer."""
    moved = shop["transfers"].set_index("Conversation ID")
    wait = (moved["Accepted at"] - moved["Requested at"]).dt.total_seconds().reindex(receptions.index)
    span = (receptions["First closed at"] - receptions["Started at"]).dt.total_seconds()
    ok = receptions["counted"] & (span > 0)
    mine = ok & (receptions["Category"] == STORY.waiting_category)
    rest = ok & (receptions["Category"] != STORY.waiting_category)
    assert wait[mine].sum() / span[mine].sum() > 0.6
    assert span[mine].median() > 5 * span[rest].median()


def test_the_mess_is_there(shop: dict[str, pd.DataFrame], receptions: pd.DataFrame, facts: dict) -> None:
    """Repeated rows, impossible times, double ratings, nameless replies, pending, unanswered, automatic, agent-started."""
    messages, talks, mess = shop["messages"], shop["conversations"], facts["mess"]
    assert messages.duplicated().sum() == mess["repeated_message_rows"] == 60
    assert (messages["Sent at"].dt.year == 1970).sum() == mess["messages_stamped_1970"] == 12
    person = (messages["Sender"] == "agent") & (messages["Automation"] == "none")
    assert messages.loc[person, "Agent ID"].isna().sum() == mess["human_messages_without_agent"] > 80
    rows = talks.drop_duplicates()
    assert len(talks) - len(rows) == 12
    assert rows["Conversation ID"].duplicated().sum() == mess["conversations_rated_twice"] == 25
    assert (rows["Closed at"] < rows["Started at"]).sum() == 10
    assert (rows["First human reply at"] < rows["Started at"]).sum() == 8
    silent = (receptions["Needs human"] == "yes") & receptions["clock"].isna()
    young = receptions["Sent at"] > messages["Sent at"].max() - ONE_DAY
    pending = silent & young & receptions["Closed at"].isna()
    assert pending.sum() == mess["pending"] >= 10
    assert 0.015 < (silent & ~pending).mean() < 0.035
    assert set(messages["Automation"]) == {"none", "faq", "assistant", "greeting", "off_hours"}
    assert {"close", "reopen"} <= set(messages["Event"].dropna())
    for key in ("bot_then_human", "agent_started", "holiday_mode"):
        assert mess[key] > 20
    assert 0.2 < receptions["CSAT"].notna().mean() < 0.45


def test_the_conversation_table_agrees_with_the_messages(shop: dict[str, pd.DataFrame]) -> None:
    """Where times are possible, start, first human reply and first close are those of the messages."""
    frame = shop["conversations"].drop_duplicates("Conversation ID").set_index("Conversation ID").sort_index()
    messages = shop["messages"][shop["messages"]["Sent at"].dt.year > 1970].sort_values("Sent at", kind="stable")
    human = messages[(messages["Sender"] == "agent") & (messages["Automation"] == "none")]
    customer_started = frame["Started by"] == "customer"
    start = messages.groupby("Conversation ID")["Sent at"].min()
    reply = human.groupby("Conversation ID")["Sent at"].min().reindex(frame.index)
    close = messages[messages["Event"] == "close"].groupby("Conversation ID")["Sent at"].min().reindex(frame.index)
    assert (frame["Started at"] == start).all()
    right = customer_started & ~(frame["First human reply at"] < frame["Started at"])
    assert frame.loc[right, "First human reply at"].equals(reply[right])
    sound = ~(frame["Closed at"] < frame["Started at"])
    assert frame.loc[sound, "First closed at"].equals(close[sound])


def test_automatic_reception_is_told_by_the_messages_alone(shop: dict[str, pd.DataFrame]) -> None:
    """`Needs human` is no exactly where a question card or assistant had the last word before any human reply."""
    messages = shop["messages"].drop_duplicates()
    messages = messages[messages["Sent at"].dt.year > 1970].sort_values("Sent at", kind="stable")
    person = (messages["Sender"] == "agent") & (messages["Automation"] == "none")
    before = person.groupby(messages["Conversation ID"]).cumsum() == 0
    said = (messages["Sender"] != "system") & ~messages["Automation"].isin(["greeting", "off_hours"])
    last = messages[before & said].drop_duplicates("Conversation ID", keep="last").set_index("Conversation ID")
    smart = last["Automation"].isin(["faq", "assistant"])
    talks = shop["conversations"].drop_duplicates("Conversation ID").set_index("Conversation ID")
    talks = talks[talks["Started by"] == "customer"]
    assert (smart.reindex(talks.index) == (talks["Needs human"] == "no")).all()


# ---- other logs ----


def test_other_stories_hold_their_own_sizes() -> None:
    """For other seeds the ratio is the planted one, the planted agents have the trends, roles go to other people."""
    found = 0
    for seed in range(1, 6):
        story = other_story(seed)
        frame = receive(as_shop(make(story, texts=False)))
        assert story.weekday != STORY.weekday
        values = day_values(frame, 0, 8)
        of = values.index.to_numpy() % 7
        rest = (of != story.weekday) & ((of < 5) | (story.weekday >= 5))
        assert values[of == story.weekday].mean() / values[rest].mean() == pytest.approx(story.weekday_ratio, abs=0.005)
        trends = [owned(frame, agent) for agent in (story.improving, story.declining)]
        found += sum(max(weekly_p(mine), blocked_p(mine)) < 0.001 for mine in trends)
    assert found >= 9


def test_the_null_story_has_no_planted_fact() -> None:
    """Nothing of the above is in a null log: level weekdays, no trend, equal agents, no change of roster."""
    tables = as_shop(make(null_story(11), texts=False))
    frame = receive(tables)
    ratios = [against_other_workdays(day_values(frame), w) for w in range(5)]
    assert max(abs(r - 1) for r in ratios) < 0.1
    assert min(max(weekly_p(owned(frame, a)), blocked_p(owned(frame, a))) for a in AGENTS) > 0.002
    means = frame[frame["counted"]].groupby("Assigned agent")["clock"].mean()
    assert means.max() / means.min() < 1.35
    assert frame["Assigned agent"].value_counts().min() > 200
    assert frame.groupby("Assigned agent")["CSAT"].count().min() > 40
    shifts = tables["roster"]
    assert shifts.groupby(shifts["Start at"].dt.normalize() - pd.Timestamp(STORY.start)).size().max() < 20


@pytest.mark.parametrize(
    "change",
    [{"conversations": 8001}, {"conversations": 0}, {"improving": "Nobody"}, {"improving": STORY.declining}],
)
def test_an_impossible_story_is_refused(change: dict) -> None:
    """Too many conversations, strangers and doubled roles are errors, not other logs."""
    with pytest.raises(ValueError, match=r"conversations|role"):
        replace(STORY, **change)


# ---- copies ----


def test_the_chinese_week_holds_the_rows_of_that_week(shop: dict[str, pd.DataFrame]) -> None:
    """Week 11 in GB18030 and UTF-16 with Chinese headings and words: same rows, same texts."""
    low = pd.Timestamp(STORY.start) + 70 * ONE_DAY
    talks = shop["conversations"]
    ids = talks.loc[talks["Started at"].between(low, low + 7 * ONE_DAY, inclusive="left"), "Conversation ID"]
    messages = shop["messages"][shop["messages"]["Conversation ID"].isin(ids)]
    copy = pd.read_csv(HERE / "week_zh" / "消息_gbk.csv", encoding="gb18030")
    assert copy["消息内容"].fillna("").tolist() == messages["Text"].fillna("").tolist()
    assert set(copy["发送方"]) == {"客户", "客服", "机器人", "系统"}
    assert set(copy["事件"].dropna()) <= {"关闭", "重开"}
    shifts = pd.read_csv(HERE / "week_zh" / "班表_utf16.tsv", encoding="utf-16", sep="\t")
    assert len(shifts) == shop["roster"]["Start at"].between(low, low + 7 * ONE_DAY, inclusive="left").sum()
    assert list(shifts.columns)[:3] == ["客服", "上班时间", "下班时间"]


def test_flags_and_codes_become_chinese_words() -> None:
    """Booleans become 是/否, coded words their Chinese word, missing stays missing."""
    frame = pd.DataFrame({"sender": ["customer", None], "holiday_mode": [True, False]})
    assert chinese(frame)["假期模式"].tolist() == ["是", "否"]
    assert chinese(frame)["发送方"].isna().tolist() == [False, True]


def test_fixture_t_gives_its_figures_from_its_rows() -> None:
    """The ten conversations, reckoned from the committed rows, give the figures of the expected file."""
    rows = pd.read_csv(HERE / "fixture_t.csv", parse_dates=["sent_at"])
    expected = json.loads((HERE / "fixture_t_expected.json").read_text("utf-8"))
    by = rows.groupby("conversation_id")
    frame = pd.DataFrame({"holiday": by["holiday_mode"].first() == "yes", "csat": by["csat"].first()})
    person = rows[(rows["sender"] == "agent") & (rows["automation"] == "none")]
    frame["clock"] = (person.groupby("conversation_id")["sent_at"].min() - by["sent_at"].min()).dt.total_seconds()
    talks = rows[(rows["sender"] != "system") & ~rows["automation"].isin(["greeting", "off_hours"])]
    frame["smart"] = talks.groupby("conversation_id")["automation"].last() == "faq"
    assert frame["holiday"].sum() == expected["holiday_mode"]
    frame = frame[~frame["holiday"]]
    assert (len(frame), frame["smart"].sum()) == (expected["conversations"], expected["bot_resolved"])
    quick = (frame["clock"] <= 86_400).sum()
    assert (quick, (frame["clock"] > 86_400).sum()) == (expected["answered"], expected["late"])
    assert frame[~frame["smart"]]["clock"].isna().sum() == expected["unanswered"]
    assert (quick + frame["smart"].sum()) / len(frame) == expected["response_rate_24h"]
    assert quick / expected["needs_human"] == expected["human_response_rate_24h"]
    assert frame["clock"].mean() == expected["first_response_mean_s"] == 1011.0 * 60
    assert frame["clock"].median() == expected["first_response_median_s"] == 1409.5 * 60
    assert (frame["csat"].dropna() >= 4).mean() == expected["satisfaction"]
    assert (rows["sent_at"].max() - by["sent_at"].min().max()) >= 7 * ONE_DAY


def test_fixture_t_has_the_ten_cases() -> None:
    """S1 to S10 stand in the file; S1 and S8 are one customer on one day; S7 starts on a Saturday at 23:30."""
    rows = fixture_t()
    assert (
        list(dict.fromkeys(rows["conversation_id"])) == [case[0] for case in CASES] == [f"S{i}" for i in range(1, 11)]
    )
    start = rows.groupby("conversation_id")["sent_at"].first()
    assert start["S1"].date() == start["S8"].date()
    assert rows.groupby("conversation_id")["customer_id"].first()[["S1", "S8"]].nunique() == 1
    assert (start["S7"].day_of_week, start["S7"].strftime("%H:%M")) == (5, "23:30")
