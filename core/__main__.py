"""The command line: ``python -m core COMMAND FILE… [--json]`` gives every figure of the app as JSON or as a table.

Exit 0 fine; 2 wrong usage or unreadable input, with one line on standard error that says what, where and the cure.
"""

from __future__ import annotations

import json
import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any, NoReturn

from core.command import COMMANDS, check_knob, looks, plain, rows_of, sentence
from core.errors import KefuError
from core.ingest.progress import SILENT, Teller
from core.ingest.refusals import masked
from core.limits import limits
from core.pairs import POWER
from core.scenario import MEANINGS
from core.scenarios import presets
from core.staffing.demand import VOLUMES
from core.text import LANGUAGES, Text
from core.weights import LEVELS, SPACES, WEIGHTINGS

_BY = "shop, agent, team, channel, language, category, shift, weekday, hour, date, week (several with commas)"


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line instead of the whole usage."""
        sys.stderr.write(f"{self.prog}: {masked(message)}; see {self.prog} --help\n")
        raise SystemExit(2)


def parser() -> ArgumentParser:
    """All commands and their options."""
    root = _Parser(prog="python -m core", description=__doc__)
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for name in COMMANDS:
        command = commands.add_parser(name, help=(COMMANDS[name].__doc__ or "").splitlines()[0])
        command.add_argument("--json", action="store_true", help="JSON instead of a table")
        command.add_argument("--lang", choices=LANGUAGES, default="en", help="language of messages")
        _ALONE.get(name, partial(_reading, name=name))(command)
    return root


def _reading(command: ArgumentParser, name: str) -> None:
    if name == "whatif":
        for side, text in (("a", "scenario now"), ("b", "scenario to be tried")):
            command.add_argument(
                side, metavar=side.upper(), help=f"{text}: file (JSON or YAML) or one of {', '.join(presets())}"
            )
    command.add_argument("files", nargs="*", metavar="FILE", help="logs, roster, orders …: read as one log")
    if name != "live":
        told = "files of a further day: read by themselves and added to what FILE… hold, which may be kept from the last time"
        command.add_argument("--further", action="extend", nargs="+", default=[], metavar="FILE", help=told)
    source = "a database beside the files: its address, or env:NAME; or a source file (.toml), whose rows stay where they lie"
    command.add_argument("--source", metavar="URL", help=source)
    command.add_argument(
        "--table", action="append", default=[], metavar="NAME", help="table of the source; may be repeated"
    )
    command.add_argument("--query", action="append", default=[], metavar="SQL", help="one SELECT; may be repeated")
    command.add_argument("--limit", type=int, default=1_000_000, metavar="N", help="rows at most of a table or query")
    command.add_argument("--memory", metavar="SIZE", help="memory at most, e.g. 3GB; the rest is spilled to disk")
    command.add_argument("--no-cache", action="store_true", help="read everything anew, and keep nothing for the next time")
    command.add_argument("--scenario", help="scenario file (JSON or YAML)")
    command.add_argument("--map", help="mapping file of the import (JSON)")
    command.add_argument("--rules", help="rule set")
    command.add_argument("--tz", help="the shop's zone, e.g. Asia/Shanghai")
    command.add_argument("--from", dest="start", metavar="D", help="first day, YYYY-MM-DD")
    command.add_argument("--to", dest="end", metavar="D", help="last day, included")
    command.add_argument("--by", help=_BY)
    if name in ("trends", "weekdays", "effects", "control", "systemic", "rush", "room", "fair", "planner"):
        command.add_argument("--metric", default="", metavar="KEY", help="key of the KPI (first_response)")
    if name in _OPTIONS:
        _OPTIONS[name](command)
    if name in ("receipt", "card"):
        command.add_argument("--agent", required=name == "receipt", metavar="NAME", help="whose")
    if name in ("card", "study"):
        zipped = ", or .zip for all agents" if name == "card" else ""
        command.add_argument("-o", "--output", required=True, metavar="FILE", help=f"where to write it: .html{zipped}")
    if name == "card":
        command.add_argument("--codes", action="store_true", help="codes instead of names, for a meeting")


def _changed(command: ArgumentParser) -> None:
    command.add_argument("--date", metavar="D", help="first day under the change, YYYY-MM-DD")
    command.add_argument("--agents", metavar="A,B", help="whom it touched; without: the whole shop")
    command.add_argument("--controls", metavar="C,D", help="untouched agents to compare with, or none; without: everybody else")
    command.add_argument("--change", metavar="FILE", help="a file (JSON or YAML): date, agents, controls, name; or a pilot, or a book")
    command.add_argument("--name", help="what changed, in your words; with a book of scenarios: which pilot")
    command.add_argument("--trained", metavar="FILE", help="instead: a table of agent and date, each judged around the own date")


def _weekly(command: ArgumentParser) -> None:
    command.add_argument("--weekday", type=int, choices=range(7), help="0 Monday … 6: judge this one alone, chosen beforehand")
    command.add_argument("--hours", action="store_true", help="hours of the day, and weekday × hour, instead of weekdays")
    command.add_argument("--holidays", action="store_true", help="public holidays, make-up days and promotions instead of weekdays")
    command.add_argument("--countries", metavar="A,B", help="ISO codes for --holidays; without: the country of the shop's zone")
    command.add_argument(
        "--promotion", action="append", default=[], metavar="NAME:FROM:TO", help="a promotion for --holidays; may be repeated"
    )


def _pointed(command: ArgumentParser) -> None:
    told = "what a point of the chart is; changes are looked for in days"
    command.add_argument("--unit", choices=("day", "week"), default="day", help=told)


def _weightings(command: ArgumentParser) -> None:
    command.add_argument("--weights", choices=SPACES, default=SPACES[0], help="which weightings are tried")
    command.add_argument("--level", choices=LEVELS, default=LEVELS[0], help="what is weighed anew")
    command.add_argument(
        "--spread", type=float, default=0.2, help="part of itself by which each weight may move (around)"
    )
    command.add_argument("--weightings", type=int, default=WEIGHTINGS, metavar="N", help="how many are tried")
    command.add_argument(
        "--with-draws", type=int, default=200, metavar="N", help="how many of them meet the redrawn sample"
    )


def _planning(command: ArgumentParser) -> None:
    command.add_argument("--question", default="agents", help="agents (one against another), periods (before and after) or weekday")
    command.add_argument("--weekday", type=int, choices=range(7), default=4, help="0 Monday … 6, for the question of that name")
    command.add_argument(
        "--change", type=float, help="smallest change to be seen: shares in points (0.03), times as a part (0.25), else in the unit"
    )
    command.add_argument("--tests", type=int, default=1, metavar="N", help="how many comparisons are made together")
    command.add_argument("--power", type=float, default=POWER, help="in which part of cases it is to be seen, 0–1")


def _sampling(command: ArgumentParser) -> None:
    command.add_argument("--per-agent", type=int, default=5, metavar="N", help="conversations per agent")
    command.add_argument("--seed", type=int, default=1, help="the same seed draws the same conversations")
    command.add_argument("--pointed", type=float, default=0.0, help="part drawn among low ratings, unanswered and long waits, 0–1")


def _spans(command: ArgumentParser) -> None:
    command.add_argument("--this", metavar="A:B", help="days of the one period, e.g. 2026-04-27:2026-05-24")
    command.add_argument("--other", metavar="C:D", help="days of the other one, or previous, four_weeks, year")
    command.add_argument("--group", action="append", metavar="DIM=A,B", help="instead: one group, e.g. team=South; may be repeated")
    command.add_argument("--against", action="append", metavar="DIM=C,D", help="the group it is compared with, over --from to --to")
    command.add_argument("--metrics", metavar="KEY,KEY", help="KPIs that are judged together; without: all")


def _boarded(command: ArgumentParser) -> None:
    command.add_argument("--board", action="store_true", help="all KPIs (or --metric A,B) × all groups (--by A,B) as one family")


def _holding_out(command: ArgumentParser) -> None:
    command.add_argument("--weeks", type=int, choices=range(1, 27), metavar="N", help="last weeks to predict; else a third, at most four")


def _rostering(command: ArgumentParser) -> None:
    command.add_argument("--changes", type=int, default=6, metavar="K", help="at most so many changes of today's roster")
    command.add_argument("--no-split", action="store_true", help="shifts are moved as a whole only")
    command.add_argument("--add", action="store_true", help="shifts may be added")
    command.add_argument("--new", action="store_true", help="draw the week up anew (so it is without a roster)")
    command.add_argument("--lengths", type=int, nargs="+", default=[240, 480], metavar="MIN", help="lengths of new shifts, minutes")
    command.add_argument("--start-every", type=int, default=60, metavar="MIN", help="shifts begin at multiples of this")
    command.add_argument("--earliest", type=int, default=0, metavar="MIN", help="first minute of the day at which a shift may begin")
    command.add_argument("--latest", type=int, default=1439, metavar="MIN", help="last minute of the day at which a shift may begin")
    command.add_argument("--days-off", type=int, default=2, metavar="N", help="days off per week")
    command.add_argument("--days-apart", action="store_true", help="days off need not stand together")
    command.add_argument("--rest", type=int, default=30, metavar="MIN", help="break in shifts of more than six hours, 0 = none")
    command.add_argument("--languages", action="store_true", help="plan speakers for the work in each language")
    command.add_argument("--volume", choices=VOLUMES, default="mean", help="how busy a week it must carry")
    command.add_argument("--seconds", type=float, default=20.0, metavar="S", help="search at most so long")
    command.add_argument("--week", type=date.fromisoformat, metavar="D", help="a day of the week it is for; without: the one after the log")


_OPTIONS = {
    "backtest": _holding_out,
    "control": _pointed, "weekdays": _weekly,
    "trends": _boarded, "roster": _rostering, "robustness": _weightings, "planner": _planning, "spotchecks": _sampling, "effects": _changed,
    "periods": _spans,
}  # fmt: skip


def _ahead(command: ArgumentParser) -> None:
    command.add_argument("--weeks", type=int, choices=range(1, 9), default=4, help="weeks ahead, 1 to 8")
    command.add_argument("--promotions", default="", metavar="DAYS", help="days set apart: dates and spans A..B with commas")


def _volumes(command: ArgumentParser) -> None:
    command.add_argument("--volume", choices=("mean", "p50", "p80", "p90"), default="mean", help="how busy a week the plan carries")
    command.add_argument("--ahead", type=int, choices=range(1, 9), help="plan for the forecast of so many weeks instead of the past")


def _looking(command: ArgumentParser) -> None:
    command.add_argument("--interval", type=float, default=5.0, metavar="S", help="look every S seconds, 2 to 300")
    command.add_argument("--once", action="store_true", help="one look, then end")


_OPTIONS |= {"forecast": _ahead, "staffing": _volumes, "live": _looking}


def _erlang(command: ArgumentParser) -> None:
    for name, text in (("arrivals", "contacts per interval"), ("interval", "seconds"), ("aht", "handle time, seconds")):
        command.add_argument(f"--{name}", type=float, required=True, help=text)
    command.add_argument("--within", type=float, required=True, help="answered within, seconds")
    command.add_argument("--target", type=float, default=0.8, help="share answered within, 0–1")
    command.add_argument("--agents", type=int, default=0, help="predict for this staff instead of searching")
    command.add_argument("--patience", type=float, help="mean patience, seconds (Erlang A, chats that leave)")
    command.add_argument("--meaning", choices=MEANINGS, default=MEANINGS[0], help="what the target is a share of (Erlang A)")
    command.add_argument(
        "--concurrency", type=float, nargs="+", help="chats per agent (one number), or handle seconds at 1, 2, … chats"
    )
    command.add_argument("--max-occupancy", type=float, default=1.0)
    command.add_argument("--shrinkage", type=float, default=0.0)


def _keeping(command: ArgumentParser) -> None:
    told = "remove what is kept: of the log whose digest begins so, without it of all"
    command.add_argument("--purge", nargs="?", const="", metavar="DIGEST", help=told)


_ALONE = {"erlang": _erlang, "cache": _keeping}
"""Commands that read no log, and their options."""


def _check_erlang(words: Namespace) -> None:
    bounds = {
        "arrivals": (0, 1e9),
        "interval": (1e-9, 1e9),
        "aht": (1e-9, 1e9),
        "within": (0, 1e9),
        "target": (1e-9, 1 - 1e-9),
    }
    if words.patience is not None:
        check_knob("patience", words.patience, 1e-9, 1e12)
    for name, (low, high) in (bounds | {"max_occupancy": (1e-9, 1), "shrinkage": (0, 0.999999)}).items():
        check_knob(name, getattr(words, name), low, high)


def _check_robustness(words: Namespace) -> None:
    for name, (low, high) in {"spread": (0, 0.999), "weightings": (1, 1e6), "with_draws": (1, 1e4)}.items():
        check_knob(name, getattr(words, name), low, high)


def _check_planner(words: Namespace) -> None:
    for name, (low, high) in {"tests": (1, 1e6), "power": (0.5, 0.999)}.items():
        check_knob(name, getattr(words, name), low, high)


def _check_spotchecks(words: Namespace) -> None:
    for name, (low, high) in {"per_agent": (1, 1000), "pointed": (0, 1)}.items():
        check_knob(name, getattr(words, name), low, high)


_CHECKS = {"erlang": _check_erlang, "robustness": _check_robustness, "planner": _check_planner, "spotchecks": _check_spotchecks}


def table(answer: dict[str, Any], text: Text) -> str:
    """The answer's main rows as an aligned table; missing is a dash."""
    rows = rows_of(answer)
    if not rows:
        return text.number(None)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    shown = [[_cell(row.get(column), text) for column in columns] for row in rows]
    if len(columns) > len(rows):
        columns, shown = (
            ["", *(str(i + 1) for i in range(len(rows)))],
            [list(line) for line in zip(columns, *shown, strict=True)],
        )
    widths = [max(len(line[i]) for line in [columns, *shown]) for i in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [columns, *shown]
    )


def _cell(value: Any, text: Text) -> str:
    if value is None:
        return text.number(None)
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(_cell(item, text) for item in value) if isinstance(value, list) else str(value)


def _read(arguments: Sequence[str] | None) -> Namespace:
    """The words of the command line; files may also stand behind options."""
    root = parser()
    words, rest = root.parse_known_args(arguments)
    if not hasattr(words, "files") or any(word.startswith("-") for word in rest):
        if rest:
            root.error(f"unrecognized arguments: {' '.join(rest)}")
        return words
    words.files += rest
    return words


def _watch(words: Namespace) -> int:
    """One line, or one JSON object, a look; until it is ended."""
    for line, told in looks(words):
        sys.stdout.write((json.dumps(plain(told), ensure_ascii=False) if words.json else line) + "\n")
        sys.stdout.flush()
        if words.once:
            break
        time.sleep(words.interval)
    return 0


@contextmanager
def _memory(size: str | None) -> Iterator[None]:
    """The memory that a command may take stands in the environment while it runs, where everything looks for it."""
    before = os.environ.get("KEFULENS_MEMORY")
    if size is not None:
        os.environ["KEFULENS_MEMORY"] = size
    try:
        yield
    finally:
        if size is not None and before is None:
            del os.environ["KEFULENS_MEMORY"]
        elif before is not None:
            os.environ["KEFULENS_MEMORY"] = before


class _Line:
    """A line on the terminal that says how far a long piece of work is, and is gone when it is done; quick work is not told."""

    def __init__(self, text: Text) -> None:
        self._teller, self._began, self._shown = Teller(text), time.monotonic(), False

    def reading(self, done: int, of: int, name: str, rows: int) -> None:
        """How much of the files is read."""
        self._show(self._teller.reading(done, of, name, rows))

    def facts(self, done: int, of: int, *_: object) -> None:
        """How much of the figures is worked out."""
        self._show(self._teller.facts(done, of))

    def _show(self, words: str) -> None:
        if time.monotonic() - self._began > SILENT:
            self._shown = True
            sys.stderr.write(f"\r\x1b[K{words}")
            sys.stderr.flush()

    def wipe(self) -> None:
        """The terminal as it was."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    words = _read(arguments)
    text = Text(words.lang)
    words.tell = _Line(text) if sys.stderr.isatty() else None
    with _memory(getattr(words, "memory", None)):
        return _run(words, text)


def _run(words: Namespace, text: Text) -> int:
    try:
        limits()
        if words.command in _CHECKS:
            _CHECKS[words.command](words)
        if words.command == "live":
            return _watch(words)
        answer = _answer(words)
    except KeyboardInterrupt:
        _leave_kept(words)
        return 130
    except KefuError as error:
        sys.stderr.write(" ".join(sentence(error.issue, text).split()) + "\n")
        _leave_kept(words)
        return 2
    except RuntimeError as error:  # how the embedded engine says that Ctrl-C met one of its queries
        if str(error) != "Query interrupted":
            raise
        _leave_kept(words)
        return 130
    sys.stdout.write((json.dumps(answer, ensure_ascii=False) if words.json else table(answer, text)) + "\n")
    sys.stdout.flush()
    _tell_kept(words, text)
    return 0


def _answer(words: Namespace) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = plain(COMMANDS[words.command](words))
    finally:
        if words.tell is not None:
            words.tell.wipe()
    return answer


def _tell_kept(words: Namespace, text: Text) -> None:
    """What became of keeping the log, where something went wrong with it; the answer stands already."""
    store = getattr(words, "store", None)
    if store is not None:
        try:
            store.settle()
        except KeyboardInterrupt:
            store.give_up()
        for note in store.notes:
            sys.stderr.write(" ".join(sentence(note, text).split()) + "\n")


def _leave_kept(words: Namespace) -> None:
    store = getattr(words, "store", None)
    if store is not None:
        store.give_up()


if __name__ == "__main__":
    raise SystemExit(main())
