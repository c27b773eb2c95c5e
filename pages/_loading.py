"""An import under way: what is to be read, how far it is, and that it can be called off.

Streamlit ends a running script at its next call whenever the reader clicks anything. So what is to be read is put down first
(`order`) and read in whatever run comes next (`run`): another click starts the reading again, only `cancel` forgets it. Nothing of the
session changes before a reading is complete, so what was loaded before stays after a cancellation as it does after a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import Issue
from pages import _session as session

if TYPE_CHECKING:
    from core.ingest import Choices, InputFile
    from core.log import FileReport

JOINING = ("replace", "add")


@dataclass(frozen=True)
class Job:
    """Files to be read with decisions; ``came_from`` as in `session.source`."""

    files: tuple[InputFile, ...]
    decided: Choices
    came_from: str


def order(files: Sequence[InputFile], decided: Choices | None = None, came_from: str = "files") -> None:
    """Puts down what is to be read in the next run; a later order takes the place of an earlier one."""
    session.hold(job=Job(tuple(files), decided or session.choices(), came_from), called_off=False)


def order_again(decided: Choices) -> None:
    """Reads what was refused last, else what is loaded, with other decisions; without either they are kept for the next file."""
    refused = session.held("refused")
    if refused is not None:
        order(refused.files, decided, refused.came_from)
    elif session.files():
        order(session.files(), decided, session.source())
    else:
        session.decide(decided)


def order_uploads(given: Sequence[Any], joining: str = "replace", decided: Choices | None = None) -> None:
    """Reads what an uploader holds: instead of what is loaded (``"replace"``) or together with it (``"add"``)."""
    from core.ingest import InputFile

    fresh = [InputFile(file.name, file.getvalue()) for file in given]
    order(together(session.files(), fresh) if joining == "add" else fresh, decided)


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
    session.hold(called_off=waiting(), job=None)


def called_off() -> bool:
    """Whether the last import was cancelled."""
    return bool(session.held("called_off"))


def run(progress: Callable[..., None]) -> tuple[Issue, ...]:
    """Reads what was ordered; the issues of a failure, none after a success."""
    job = session.held("job")
    found = session.load_files(job.files, job.decided, progress, job.came_from)
    session.hold(job=None, refused=job if found else None, readings=session.held("readings", 0) + 1)
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
