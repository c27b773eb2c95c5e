"""An import under way: what is to be read, how far it is, and that it can be called off.

Streamlit ends a running script at its next call whenever the reader clicks anything. So what is to be read is put down first
(`order`) and read in whatever run comes next (`run`): another click starts the reading again, only `cancel` forgets it. Nothing of the
session changes before a reading is complete, so what was loaded before stays after a cancellation as it does after a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.errors import Issue, KefuError
from pages import _session as session

if TYPE_CHECKING:
    from core.ingest import Choices, InputFile
    from core.ingest.cures import Cure
    from core.log import FileReport

JOINING = ("replace", "add")


@dataclass(frozen=True)
class Step:
    """One change of the decisions: the cure that made it (None: by hand) and the decisions before it."""

    cure: Cure | None
    before: Choices


@dataclass(frozen=True)
class Job:
    """Files to be read with decisions; ``came_from`` as in `session.source`, ``steps`` led to the decisions."""

    files: tuple[InputFile, ...]
    decided: Choices
    came_from: str
    steps: tuple[Step, ...] = ()


def _put_down(job: Job) -> None:
    session.hold(job=job, called_off=None)


def order(files: Sequence[InputFile]) -> None:
    """Puts down what is to be read in the next run, with the decisions made so far; a later order takes the place of an earlier one."""
    _put_down(Job(tuple(files), session.choices(), "files", session.held("steps", ())))


def order_sample() -> None:
    """Reads the sample shop, with no decisions of other files."""
    from core.ingest import Choices

    _put_down(Job(tuple(session.sample_files()), Choices(), "shop"))


def order_again(told: Choices, steps: tuple[Step, ...] = ()) -> None:
    """Reads what was refused last, else what is loaded, with other decisions; without either they are kept for the next file."""
    refused = session.held("refused")
    if refused is not None:
        _put_down(replace(refused, decided=told, steps=steps))
    elif session.files():
        _put_down(Job(session.files(), told, session.source(), steps))
    else:
        session.decide(told)


def order_uploads(given: Sequence[Any], joining: str = "replace") -> None:
    """Orders what an uploader holds, as `order_files` does."""
    order_files([_taken(file) for file in given], joining)


def _taken(file: Any) -> InputFile:
    """An uploaded file, put on temporary disk once however many visitors bring it, and out of the server's memory.

    A box still lists what it has given before; that is remembered. Where the disk is full, the bytes stay in memory.
    """
    from core.ingest import InputFile
    from core.limits import limits
    from core.scratch import kept

    known: dict[str, InputFile] = session.held("uploads", {})
    if file.file_id not in known:
        data = file.getvalue()
        try:
            known[file.file_id] = InputFile(file.name, kept(limits().temp_folder, data))
        except (OSError, KefuError):
            return InputFile(file.name, data)
        session.hold(uploads=known)
        session.let_go(file.file_id)
    return known[file.file_id]


def order_files(fresh: Sequence[InputFile], joining: str = "replace") -> None:
    """Orders files: instead of what is loaded (``"replace"``) or together with it (``"add"``)."""
    order(together(session.files(), fresh) if joining == "add" else fresh)


def together(old: Sequence[InputFile], new: Sequence[InputFile]) -> list[InputFile]:
    """Old and new files, each content once; a new file under a taken name gets a number, so that both can be told apart.

    Whether their rows overlap is for the import to find out: it counts a row that two files hold once.
    """
    from core.ingest import InputFile

    found = list(old)
    for file in new:
        if any(other.name == file.name and other.read() == file.read() for other in found):
            continue
        found.append(InputFile(_free_name(file.name, {other.name for other in found}), file.data))
    return found


def _free_name(name: str, taken: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    number, wanted = 2, name
    while wanted in taken:
        wanted = f"{stem} ({number}){dot}{ending}"
        number += 1
    return wanted


def waiting() -> bool:
    """Whether something is to be read."""
    return session.held("job") is not None


def cancel() -> None:
    """Forgets what was to be read; for the button's callback, which runs after Streamlit has ended the reading."""
    session.hold(called_off=session.held("job"), job=None)


def called_off() -> bool:
    """Whether the last import was cancelled."""
    return session.held("called_off") is not None


def resume() -> None:
    """Reads after all what was cancelled; for a button's callback."""
    _put_down(session.held("called_off"))


def run(progress: Callable[..., None]) -> tuple[Issue, ...]:
    """Reads what was ordered; the issues of a failure, none after a success."""
    job = session.held("job")
    found = session.load_files(job.files, job.decided, progress, job.came_from)
    session.hold(job=None, refused=job if found else None, readings=session.held("readings", 0) + 1)
    session.forget_zone()
    if not found:
        session.hold(steps=job.steps)
    return found


def give_up() -> None:
    """Leaves the refused files alone and goes on with what is loaded."""
    session.hold(refused=None)
    session.forget_trouble()


# --- what can be corrected: the files refused last, else those that are loaded ------------------------------------------------


def decided() -> Choices:
    """The decisions under which those files were read."""
    refused = session.held("refused")
    return refused.decided if refused is not None else session.choices()


def reports() -> tuple[FileReport, ...]:
    """How those files were read."""
    if session.held("refused") is not None:
        return session.refused_reports()
    found = session.log()
    return found.ledger.files if found is not None else ()


def stamp() -> str:
    """Changes with every reading, so that a table of corrections starts afresh."""
    return str(session.held("readings", 0))


# --- one change after another ------------------------------------------------------------------------------------------------


def applied() -> tuple[Step, ...]:
    """The changes that led to the decisions of what is loaded, in order."""
    refused = session.held("refused")
    steps: tuple[Step, ...] = refused.steps if refused is not None else session.held("steps", ())
    return steps


def apply(cure: Cure) -> None:
    """Reads again with a cure; for a button's callback."""
    order_again(cure.choices, (*applied(), Step(cure, decided())))


def change(told: Choices) -> None:
    """Reads again with what was changed by hand."""
    order_again(told, (*applied(), Step(None, decided())))


def undo(at: int) -> None:
    """Goes back to the decisions before a change, and with it takes back those after it."""
    order_again(applied()[at].before, applied()[:at])


def settle(question: str) -> None:
    """The reader keeps the reading that was assumed: the question is not asked again."""
    session.hold(settled=session.held("settled", frozenset()) | {question})


def settled(question: str) -> bool:
    """Whether the reader has answered a question by keeping things as they are."""
    return question in session.held("settled", frozenset())
