"""The house around the code: bootstrap, environment, configuration, fonts, licence."""

from __future__ import annotations

import doctest
import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

import run
from core.charts import font, theme

ROOT = Path(__file__).resolve().parent.parent
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the two requirement files and an environment that looks whole."""
    (tmp_path / "requirements.txt").write_text("streamlit\n", encoding="utf-8")
    (tmp_path / "requirements-dev.txt").write_text("pytest\n", encoding="utf-8")
    python = run.python_of(tmp_path / ".venv")
    python.parent.mkdir(parents=True)
    python.touch()
    return tmp_path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the bootstrap would run; every command succeeds without being run."""
    seen: list[list[str]] = []

    def pretend(command: list[str]) -> subprocess.CompletedProcess[bytes]:
        seen.append(command)
        return subprocess.CompletedProcess(command, 0, b"")

    monkeypatch.setattr(run, "quietly", pretend)
    return seen


def test_examples_of_the_bootstrap_hold() -> None:
    """The examples in run.py give what they say."""
    result = doctest.testmod(run)
    assert (result.failed, result.attempted >= 3) == (0, True)


@pytest.mark.parametrize(
    ("version", "refused"), [((3, 10, 13), True), ((2, 7), True), ((3, 11), False), ((4, 0), False)]
)
def test_old_pythons_are_refused_in_two_languages(version: tuple[int, ...], refused: bool) -> None:
    """Python below 3.11 gets a sentence in English and Chinese, newer ones get none."""
    sentence = run.refusal(version)
    assert bool(sentence) == refused
    if refused:
        assert "3.11 or newer" in sentence
        assert "需要" in sentence
        assert f"{version[0]}.{version[1]}" in sentence


def test_a_first_start_creates_and_installs_and_a_second_does_nothing(project: Path, commands: list[list[str]]) -> None:
    """The stamp written by the first start makes the second one run no command."""
    run.prepare(run.APP, project)
    assert [("venv" in c, "pip" in c) for c in commands] == [(True, False), (False, True)]
    commands.clear()
    assert run.prepare(run.APP, project) == run.python_of(project / ".venv")
    assert commands == []


def test_tests_add_their_packages_once(project: Path, commands: list[list[str]]) -> None:
    """After an app start the tests install both files; afterwards neither needs anything."""
    run.prepare(run.APP, project)
    commands.clear()
    run.prepare(run.TESTS, project)
    assert [c.count("-r") for c in commands] == [2]
    commands.clear()
    run.prepare(run.TESTS, project)
    run.prepare(run.APP, project)
    assert commands == []


def test_a_changed_requirement_installs_and_another_python_starts_afresh(
    project: Path, commands: list[list[str]]
) -> None:
    """A new line in a file leads to an installation, another interpreter to a new environment."""
    run.prepare(run.APP, project)
    folder = project / ".venv"
    (project / "requirements.txt").write_text("streamlit\npandas\n", encoding="utf-8")
    assert run.steps(folder, run.read_stamp(folder), run.APP, project) == ["install"]
    run.write_stamp(folder, run.read_stamp(folder) | {"python": "3.9.0"})
    assert run.steps(folder, run.read_stamp(folder), run.APP, project) == ["create", "install"]


def test_a_broken_stamp_or_a_lost_interpreter_starts_afresh(project: Path, commands: list[list[str]]) -> None:
    """What cannot be read or found is made again instead of being trusted."""
    run.prepare(run.APP, project)
    folder = project / ".venv"
    (folder / "kefulens.json").write_text("[1", encoding="utf-8")
    assert run.read_stamp(folder) == {}
    assert run.steps(folder, {}, run.APP, project) == ["create", "install"]
    run.python_of(folder).unlink()
    assert run.steps(folder, {"python": sys.version}, run.APP, project) == ["create", "install"]


def test_line_endings_do_not_change_the_fingerprint(project: Path) -> None:
    """A checkout with Windows line endings does not reinstall."""
    before = run.fingerprint(run.APP, project)
    (project / "requirements.txt").write_bytes(b"streamlit\r\n")
    assert run.fingerprint(run.APP, project) == before


def test_a_failed_installation_ends_with_its_reason_and_is_tried_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last words of pip and a sentence are shown, and no stamp claims that the packages are there."""
    outcomes = itertools.chain([0], itertools.repeat(1))
    monkeypatch.setattr(run, "quietly", lambda c: subprocess.CompletedProcess(c, next(outcomes), b"no such host\n"))
    with pytest.raises(SystemExit) as ended:
        run.prepare(run.APP, project)
    assert "no such host" in str(ended.value)
    assert "package index" in str(ended.value)
    folder = project / ".venv"
    assert run.steps(folder, run.read_stamp(folder), run.APP, project) == ["install"]


@pytest.mark.parametrize("failing", ["ruff", "pytest", "mypy", ""])
def test_arguments_after_test_go_to_pytest_and_every_check_runs(
    failing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All run whichever fails, mypy beside the others and shown last; only pytest sees the arguments; one failure fails the whole."""
    ran: list[list[str]] = []

    def pretend(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        ran.append(command[1:])
        return subprocess.CompletedProcess(command, int(command[2] == failing), f"words of {command[2]}".encode())

    monkeypatch.setattr(run.subprocess, "run", pretend)
    monkeypatch.setattr(run, "prepare", lambda names: Path("python"))
    assert run.main(["test", "-k", "fixture_t"]) == int(failing != "")
    assert sorted(ran) == [
        ["-m", "mypy", "core"],
        ["-m", "pytest", "-n", run.WORKERS, "--dist", "loadfile", "-k", "fixture_t"],
        ["-m", "ruff", "check", "."],
    ]
    told = capsys.readouterr().out.splitlines()
    assert told[:4] == ["── ruff", "── pytest", "── mypy", "words of mypy"]
    assert failing in told[4]
    assert told[4].startswith("Failed" if failing else "All passed")


def test_engines_have_an_environment_of_their_own_and_a_missing_one_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each extra is installed for itself, once; one that cannot be is named, and tried again the next time."""
    for name in run.EXTRAS:
        (project / name).write_text("driver>=1\n", encoding="utf-8")
    seen: list[str] = []

    def pretend(command: list[str]) -> subprocess.CompletedProcess[bytes]:
        seen.append(command[-1])
        return subprocess.CompletedProcess(command, int("spark" in command[-1]), b"no such package")

    monkeypatch.setattr(run, "quietly", pretend)
    folder = project / run.ENGINES
    folder.mkdir()
    assert run.add_engines(folder, project) == ["requirements-spark.txt"]
    assert len(seen) == len(run.EXTRAS) + 1
    assert "no such package" in capsys.readouterr().out
    assert run.add_engines(folder, project) == ["requirements-spark.txt"]
    assert len(seen) == len(run.EXTRAS) + 2


def test_engines_are_asked_for_by_their_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """``test engines`` runs their tests alone, with the switch that lets them be collected, and gives back what pytest gave."""
    ran: list[tuple[list[str], str]] = []

    def pretend(command: list[str], *, env: dict[str, str], **_: object) -> subprocess.CompletedProcess[bytes]:
        ran.append((command[1:], env["KEFULENS_TEST_ENGINES"]))
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(run.subprocess, "run", pretend)
    monkeypatch.setattr(run, "prepare", lambda names, called: Path("python"))
    monkeypatch.setattr(run, "add_engines", lambda folder: [])
    assert run.main(["test", "engines", "-x"]) == 1
    assert ran == [(["-m", "pytest", "-p", "no:xdist", "-rs", "tests/engines", "-x"], "1")]
    monkeypatch.setattr(run, "prepare", _refusing)
    assert run.main(["test", "engines"]) == run.NOT_MADE


def _refusing(names: tuple[str, ...], called: str) -> Path:
    raise SystemExit("no package index")


def test_an_unknown_word_shows_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """A typo explains the commands and fails; asking for help explains them and does not."""
    assert run.main(["tests"]) == 2
    assert run.main(["--help"]) == 0
    assert capsys.readouterr().out.count("run.py test") == 4


def test_the_sample_is_asked_for_unless_declined() -> None:
    """The app starts with the sample shop; variables of the user win and Streamlit's own pass through."""
    assert run.app_environment({})["KEFULENS_SAMPLE"] == "1"
    given = {"KEFULENS_SAMPLE": "0", "STREAMLIT_SERVER_PORT": "9000"}
    assert run.app_environment(given) == given


def test_the_pipeline_runs_what_everybody_runs() -> None:
    """.ci/run is executable and ends in the same command."""
    script = ROOT / ".ci" / "run"
    assert "python3 run.py test" in script.read_text(encoding="utf-8")
    if os.name != "nt":
        assert os.access(script, os.X_OK)


def test_requirements_are_ranges() -> None:
    """Every requirement has a lower bound and none is pinned to one version."""
    for name in run.TESTS:
        lines = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
        assert lines
        assert [line for line in lines if ">=" not in line or "==" in line] == []


def test_licence_and_changelog_are_there() -> None:
    """The licence is Apache 2.0 in full; the changelog has a place for what is not released."""
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_app_is_private_and_offline_by_default() -> None:
    """No telemetry, no other interface than the local one, no font or picture from elsewhere, no data in error pages."""
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["client"]["showErrorDetails"] == "type"
    text = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert re.findall(r"https?://", text) == []


def test_the_reader_may_choose_light_or_dark() -> None:
    """Both grounds are described and none is forced."""
    assert {"light", "dark"} <= set(CONFIG["theme"])
    assert "base" not in CONFIG["theme"]


def test_screen_and_files_have_the_same_colours() -> None:
    """The colours of config.toml are those of the chart theme."""
    assert CONFIG["theme"]["chartCategoricalColors"] == theme.CATEGORY
    light, dark = CONFIG["theme"]["light"], CONFIG["theme"]["dark"]
    assert (light["chartSequentialColors"], light["chartDivergingColors"]) == (theme.SEQUENTIAL, theme.DIVERGING)
    assert (dark["chartSequentialColors"], dark["chartDivergingColors"]) == (
        theme.SEQUENTIAL_DARK,
        theme.DIVERGING_DARK,
    )


# Viénot-type simulation in linear RGB (Machado, Oliveira and Fernandes 2009, severity 1).
EYES = {
    "normal": np.eye(3),
    "deuteranope": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "protanope": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
}  # fmt: skip
LMS = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]])  # fmt: skip # noqa: E501
LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]])  # fmt: skip # noqa: E501


def linear(colour: str) -> np.ndarray:
    """A hex colour as linear RGB."""
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG contrast of two colours."""
    lights = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) + 0.05 for colour in (one, other))
    return lights[1] / lights[0]


@pytest.mark.parametrize("eye", EYES)
def test_categories_are_told_apart(eye: str) -> None:
    """Any two category colours stay 0.09 or more apart in OKLab, also without red or green."""
    seen = [LAB @ np.cbrt(LMS @ np.clip(EYES[eye] @ linear(colour), 0, 1)) for colour in theme.CATEGORY]
    assert min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)) >= 0.09


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_colours_and_text_stand_out_on_both_grounds(ground: str) -> None:
    """Category colours keep contrast 2.4, text 7, the primary colour 4.5."""
    back = CONFIG["theme"][ground]["backgroundColor"]
    assert min(contrast(colour, back) for colour in theme.CATEGORY) >= 2.4
    assert contrast(CONFIG["theme"][ground]["textColor"], back) >= 7
    assert contrast(CONFIG["theme"][ground]["primaryColor"], back) >= 4.5


def test_the_shipped_font_has_every_letter_of_the_chinese_words() -> None:
    """No word of the Chinese locale would be drawn as an empty box in a file."""
    letters = {c for path in (ROOT / "core/locales/zh").glob("*.toml") for c in path.read_text(encoding="utf-8")}
    face = ImageFont.truetype(str(font.FOLDER / "NotoSansSC-Regular.otf"), 24)
    box = bytes(face.getmask("\U000e0fff"))
    assert [c for c in sorted(letters) if not c.isspace() and bytes(face.getmask(c)) == box] == []


def test_the_font_travels_with_its_licence_and_stays_small() -> None:
    """The subset is under 2 MB and its licence lies beside it."""
    assert (font.FOLDER / "NotoSansSC-Regular.otf").stat().st_size < 2_000_000
    assert "SIL OPEN FONT LICENSE Version 1.1" in (font.FOLDER / "OFL.txt").read_text(encoding="utf-8")


def test_the_stamp_is_plain_json(project: Path, commands: list[list[str]]) -> None:
    """The stamp can be read by people: Python's version and a digest per file."""
    run.prepare(run.TESTS, project)
    stamp = json.loads((project / ".venv" / "kefulens.json").read_text(encoding="utf-8"))
    assert set(stamp) == {"python", "requirements.txt", "requirements-dev.txt"}
