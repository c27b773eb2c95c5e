"""A line of the ledger offers what really changes it, and the choices it offers do change it."""

from __future__ import annotations

import datetime as dt

import pytest

from core.errors import Issue
from core.ingest import Choices, Cure, InputFile, cures, load
from core.log import FileReport, Log
from core.text import LANGUAGES, Text

HEAD = "Conversation ID,Agent,Customer,Started at,First reply at,CSAT\n"


def log_of(text: str, choices: Choices | None = None) -> Log:
    """A log of one text file."""
    return load([InputFile("a[1].csv", text.encode())], choices)


def line(log: Log, code: str) -> tuple[Issue, FileReport]:
    """The only issue of a code with its report."""
    ((issue, report),) = [(i, r) for r in log.ledger.files for i in r.issues if i.code == code]
    return issue, report


def offered(text: str, code: str, choices: Choices | None = None) -> list[Cure]:
    """The cures of the only issue of a code."""
    return list(cures(*_arguments(log_of(text, choices), code, choices)))


def _arguments(log: Log, code: str, choices: Choices | None) -> tuple[Issue, Choices, FileReport]:
    issue, report = line(log, code)
    return issue, choices or Choices(), report


def codes(log: Log) -> set[str]:
    """All codes of a ledger."""
    return {issue.code for issue in log.ledger.issues}


def night() -> str:
    """Sixty conversations answered at three in the morning."""
    lines = ["会话ID,买家,发送时间,发送方,客服"]
    for number in range(60):
        asked = dt.datetime(2024, 1, 2, 3) + dt.timedelta(days=number // 4, minutes=number % 50)
        lines.append(f"{number},b{number},{asked},买家,")
        lines.append(f"{number},b{number},{asked + dt.timedelta(seconds=40)},客服,小李")
    return "\n".join(lines) + "\n"


NIGHT = night()
ROW = "1,Ann,c1,2024-01-01 09:00,2024-01-01 09:01,5\n"
CASES = {
    "equal rows": (
        "Agent,Customer,Started at\n" + "Ann,c1,2024-01-01 09:00\n" * 2,
        "exact_duplicate_rows",
        "keep_duplicates",
    ),
    "equal rows without ids": (
        "Agent,Started at,CSAT\n" + "Ann,2024-01-01 09:00,5\n" * 2,
        "possible_duplicates",
        "drop_duplicates",
    ),
    "date order": (
        HEAD + "1,Ann,c1,03/04/2024 09:00,,5\n2,Ann,c2,05/06/2024 09:00,,4\n",
        "ambiguous_date_order",
        "date_order",
    ),
    "machine by name": (HEAD + ROW + "2,智能客服,c2,2024-01-01 10:00,2024-01-01 10:01,4\n", "bot_found", "is_person"),
    "summary": (HEAD + ROW + "合计,Bob,,2024-01-01 10:00,,4\n", "summary_row", "keep_summaries"),
    "impossible rating": (HEAD + ROW + "2,Ann,c2,2024-01-01 10:00,,-3\n", "out_of_range", "ignore_column"),
    "open scale": (
        HEAD + "".join(f"{n},Ann,c{n},2024-01-01 {n % 12 + 8:02d}:00,,{n % 3 + 1}\n" for n in range(24)),
        "scale_doubtful",
        "csat_scale",
    ),
    "names of nobody": (
        HEAD + ROW + "2,Ann,匿名,2024-01-01 10:00,2024-01-01 10:01,5\n",
        "placeholder",
        "as_value",
    ),
    "night": (NIGHT, "zone_doubtful", "file_zone"),
}


def turned() -> str:
    """Dates of which a spreadsheet has turned those it could: the third of January became the first of March."""
    rows = [f"{n},Ann,c{n},2024-{n:02d}-01 09:00,,5\n" for n in range(3, 11)]
    return HEAD + "".join(rows + [f"{n},Ann,c{n},{n}/01/2024 09:00,,5\n" for n in range(13, 21)])


def far() -> str:
    """Sixty conversations of March 2024 and one of 2012."""
    rows = [f"{n},Ann,c{n},2024-03-{n % 28 + 1:02d} 09:{n:02d},,5\n" for n in range(60)]
    return HEAD + "".join(rows) + "99,Ann,c99,2012-03-04 09:00,,5\n"


NAMED = HEAD + "".join(f"{n},Ann,c{n},2024-03-{n:02d} 09:00 CST,,5\n" for n in range(1, 9))
BARE = "Conversation ID,Agent,Started at,处理时长\n" + "".join(f"{n},Ann,2024-03-{n:02d} 09:00,300\n" for n in range(1, 9))
CASES |= {
    "dates half turned: back": (turned(), "half_turned_dates", "turn_dates"),
    "dates half turned: kept": (turned(), "half_turned_dates", "keep_turned"),
    "a stamp far from the rest": (far(), "far_from_rest", "keep_far"),
    "a zone's name of several zones": (NAMED, "zone_name_open", "column_zone"),
    "durations without a unit": (BARE, "unit_assumed", "units"),
}


def started(text: str, choices: Choices) -> list[str]:
    """The starts of a log in UTC."""
    column = log_of(text, choices).tables["conversations"].column("started_at").to_pylist()  # type: ignore[union-attr]
    return [dt.datetime.fromtimestamp(ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M") for ms in column]


def cured(text: str, code: str, wanted: str) -> Choices:
    """The choices of a cure."""
    return next(each.choices for each in offered(text, code) if each.code == wanted)


def test_turned_dates_are_turned_back_left_out_or_kept() -> None:
    """Days of January as they were meant, only those nobody touched, or all as they stand in the file."""
    back = started(turned(), cured(turned(), "half_turned_dates", "turn_dates"))
    assert back == [f"2024-01-{n:02d} 01:00" for n in (*range(3, 11), *range(13, 21))]
    left = log_of(turned(), cured(turned(), "half_turned_dates", "drop_turned"))
    assert (left.tables["conversations"].num_rows, left.ledger.files[0].rows_dropped) == (8, 8)  # type: ignore[union-attr]
    assert "bad_date" not in codes(left)
    assert started(turned(), cured(turned(), "half_turned_dates", "keep_turned")) == started(turned(), Choices())


def test_a_stamp_far_from_the_rest_counts_when_the_user_says_so() -> None:
    """Left out by default, in the log by choice."""
    assert len(started(far(), Choices())) == 60
    assert started(far(), cured(far(), "far_from_rest", "keep_far"))[-1] == "2012-03-04 01:00"


def test_a_zone_with_a_shared_name_is_read_as_chosen() -> None:
    """CST is eight hours before Greenwich in Shanghai and six behind in Chicago."""
    chicago = next(each for each in offered(NAMED, "zone_name_open") if each.facts["zone"] == "America/Chicago")
    assert [started(NAMED, each)[0] for each in (Choices(), chicago.choices)] == ["2024-03-01 01:00", "2024-03-01 15:00"]


@pytest.mark.parametrize(("unit", "seconds"), [("min", 18_000.0), ("ms", 0.3), ("s", 300.0)])
def test_durations_without_a_unit_are_seconds_until_told(unit: str, seconds: float) -> None:
    """300 under 处理时长 is 300 s with a note; one click makes it minutes or milliseconds, or confirms it."""
    issue, _ = line(log_of(BARE), "unit_assumed")
    assert (issue.severity, issue.column, issue.value, issue.rows) == ("note", "处理时长", "300", 8)
    cure = next(each for each in offered(BARE, "unit_assumed") if each.facts["unit"] == unit)
    log = log_of(BARE, cure.choices)
    assert log.tables["conversations"].column("handle_s").to_pylist() == pytest.approx([seconds] * 8)  # type: ignore[union-attr]
    assert "unit_assumed" not in codes(log)


@pytest.mark.parametrize("name", CASES)
def test_a_cure_removes_the_line_it_is_offered_for(name: str) -> None:
    """Importing again with the cure's choices gives a ledger in which the line no longer stands."""
    text, code, wanted = CASES[name]
    cure = next(each for each in offered(text, code) if each.code == wanted)
    again = log_of(text, cure.choices)
    assert code not in codes(again) or line(again, code)[0].rows < line(log_of(text), code)[0].rows
    assert again.digest != log_of(text).digest


def test_stamps_that_say_their_zone_cure_the_shop() -> None:
    """Where the file's times are absolute, the shop's zone is what is wrong."""
    text = NIGHT.replace(",客服,", "Z,客服,").replace(",买家,\n", "Z,买家,\n")
    text = text.replace(" 03:", " 19:")
    (cure, *_) = offered(text, "zone_doubtful")
    assert cure.code == "shop_zone"
    assert "zone_doubtful" not in codes(log_of(text, cure.choices))


def test_zeros_may_mean_not_known() -> None:
    """The cure of many zeros makes them missing and leaves other durations alone."""
    rows = "".join(f"{n},Ann,2024-01-01 10:{n:02d},{'0' if n % 2 else '00:01:00'}\n" for n in range(50))
    text = "Conversation ID,Agent,Started at,Wait (s)\n" + rows
    cure = next(each for each in offered(text, "many_zeros") if each.code == "as_missing")
    values = log_of(text, cure.choices).tables["conversations"].column("wait_s")  # type: ignore[union-attr]
    assert (values.null_count, set(values.drop_null().to_pylist())) == (25, {60.0})


def test_quick_answers_are_suspected_and_stay_until_the_user_says_so() -> None:
    """An agent who answers within a second counts as a person with a suspicion; the cure makes a machine of them."""
    lines = ["会话ID,买家,发送时间,发送方,客服"]
    for n in range(30):
        lines += [f"{n},b{n},2024-01-02 10:{n:02d}:00,买家,", f"{n},b{n},2024-01-02 10:{n:02d}:01,客服,小安"]
        lines += [f"{n},b{n},2024-01-02 10:{n:02d}:05,买家,", f"{n},b{n},2024-01-02 10:{n:02d}:45,客服,小李"]
    text = "\n".join(lines) + "\n"
    issue, _ = line(log_of(text), "bot_suspected")
    assert (issue.value, issue.rows, len(issue.row_numbers)) == ("小安", 30, 30)  # type: ignore[arg-type]
    (cure,) = offered(text, "bot_suspected")
    cured = log_of(text, cure.choices)
    assert line(cured, "bot_found")[0].value == "小安"
    assert "bot_suspected" not in codes(cured)


def test_a_column_may_be_left_out_unless_the_table_needs_it() -> None:
    """A needed column is never offered for leaving out."""
    text = HEAD + ROW + "2,Ann,c2,2024-01-01 10:00,2024-01-01 09:00,4\n"
    assert "ignore_column" in [each.code for each in offered(text, "reply_before_start")]
    wrong = HEAD + ROW + "2,Ann,c2,soon,2024-01-01 09:00,4\n"
    assert "ignore_column" not in [each.code for each in offered(wrong, "bad_date")]


def test_equal_rows_under_one_id_offer_no_keeping() -> None:
    """Where an id says that two rows are one conversation, keeping both would change nothing and is not offered."""
    assert offered(HEAD + ROW + ROW, "exact_duplicate_rows") == []


def test_lines_without_a_cure_have_none() -> None:
    """What only the source can cure offers nothing."""
    issue, report = line(log_of(HEAD + ROW + "2,Ann,c2,,,4\n"), "missing_key")
    assert cures(issue, Choices(), report) == ()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CASES)
def test_cures_have_words(name: str, language: str) -> None:
    """Every cure says in both languages what it does, with nothing left to fill in."""
    text, code, _ = CASES[name]
    said = [cure.words(Text(language)) for cure in offered(text, code)]
    assert all(said)
    assert not any("{" in each for each in said)


def test_one_answer_gives_every_open_column_its_date_order() -> None:
    """Start and reply as open as each other take one order together: read apart, replies would lie before their starts."""
    rows = [f"{n},Ann,0{n % 9 + 1}/0{n % 7 + 1}/2024 09:00,0{n % 9 + 1}/0{n % 7 + 1}/2024 09:01" for n in range(60)]
    file = InputFile("a.csv", "\n".join(["Conversation ID,Agent,Started at,First human reply at", *rows]).encode())
    report = load([file]).ledger.files[0]
    issue = next(each for each in report.issues if each.code == "ambiguous_date_order")
    (cure,) = [each for each in cures(issue, Choices(), report) if each.code == "date_order"]
    assert set(cure.choices.of("a.csv").orders) == {"Started at", "First human reply at"}
    after = load([file], cure.choices).ledger.files[0]
    assert not {"ambiguous_date_order", "reply_before_start"} & {each.code for each in after.issues}
