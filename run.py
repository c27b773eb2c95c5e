"""Start KefuLens, or test it, on a fresh machine: ``python3 run.py``, ``python3 run.py test [pytest arguments]`` and
``python3 run.py test engines``.

Only the standard library is used. The environment lives in ``.venv`` beside this file; a stamp in it remembers which
Python and which requirements it was made from, so that a second start installs nothing.
"""

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST = (3, 11)
APP = ("requirements.txt",)
TESTS = ("requirements.txt", "requirements-dev.txt")
# mypy is strict by pyproject.toml; on the command line the word would undo the exceptions named there. It keeps a core busy for half a
# minute on a fresh machine, so it works beside the tests and is printed after them. Tests of one file stay together, since they share what
# they have loaded; more than four processes would only take memory, and one besides, since one of them mostly waits for a browser.
WORKERS = str(min(os.cpu_count() or 1, 4) + 1)
CHECKS = (
    ("ruff", ["-m", "ruff", "check", "."]),
    ("pytest", ["-m", "pytest", "-n", WORKERS, "--dist", "loadfile"]),
)
BESIDE = ("mypy", ["-m", "mypy", "core"])
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input")
USAGE = """python3 run.py                        start the app with the sample shop at http://127.0.0.1:8501
                                      启动应用（示例店铺）
python3 run.py test [pytest options]  check and test everything
                                      检查并测试全部代码
python3 run.py test engines           the same numbers on DuckDB, PostgreSQL, ClickHouse and Spark
                                      在各引擎上核对同一套数字"""
# Other engines: an environment of their own, since Spark alone is half a gigabyte. What cannot be installed is named and skipped.
ENGINES = ".venv-engines"
EXTRAS = ("requirements-postgres.txt", "requirements-clickhouse.txt", "requirements-spark.txt")
OLD_DUCKDB = "duckdb==1.5.6"
NOT_MADE = 3


def refusal(version: tuple) -> str:
    """Why this Python cannot be used, or an empty string.

    >>> refusal((3, 11, 0))
    ''
    """
    if tuple(version[:2]) >= OLDEST:
        return ""
    return "KefuLens needs Python 3.11 or newer, this is {}.{}. 需要 Python 3.11 或更新版本。".format(*version[:2])


def python_of(folder: Path, windows: bool = os.name == "nt") -> Path:
    """The interpreter inside an environment.

    >>> python_of(Path("e"), windows=True).as_posix(), python_of(Path("e"), windows=False).as_posix()
    ('e/Scripts/python.exe', 'e/bin/python')
    """
    return folder / "Scripts" / "python.exe" if windows else folder / "bin" / "python"


def fingerprint(names: tuple, root: Path = ROOT) -> str:
    """A digest of requirement files that does not mind line endings."""
    digest = hashlib.sha256()
    for name in names:
        digest.update("\n".join((root / name).read_text(encoding="utf-8").splitlines()).encode("utf-8"))
    return digest.hexdigest()[:16]


def read_stamp(folder: Path) -> dict:
    """What an environment was made from; empty when it is not known."""
    try:
        stamp = json.loads((folder / "kefulens.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(folder: Path, stamp: dict) -> None:
    """Remember what an environment was made from."""
    (folder / "kefulens.json").write_text(json.dumps(stamp), encoding="utf-8")


def steps(folder: Path, stamp: dict, names: tuple, root: Path = ROOT) -> list:
    """What is left to do before an environment holds the requirements: ``create``, ``install``, both or nothing."""
    if not python_of(folder).exists() or stamp.get("python") != sys.version:
        return ["create", "install"]
    return [] if stamp.get(names[-1]) == fingerprint(names, root) else ["install"]


def prepare(names: tuple, root: Path = ROOT, called: str = ".venv") -> Path:
    """Make or complete the environment and give back its interpreter; a failure ends the program with its reason."""
    folder = root / called
    stamp = read_stamp(folder)
    todo = steps(folder, stamp, names, root)
    if "create" in todo:
        create(folder)
        stamp = {"python": sys.version}
        write_stamp(folder, stamp)
    if "install" in todo:
        install(folder, names, root)
        held = {name: fingerprint(names[: place + 1], root) for place, name in enumerate(names)}
        write_stamp(folder, dict(stamp, **held))
    return python_of(folder)


def create(folder: Path) -> None:
    """An empty environment; one that another Python made is replaced."""
    say("Making the environment " + folder.name + " … 正在创建运行环境 …")
    done = quietly([sys.executable, "-m", "venv", "--clear", str(folder)])
    if done.returncode:
        stop("The environment could not be made (on Debian: apt install python3-venv). 无法创建运行环境。", done.stdout)


def install(folder: Path, names: tuple, root: Path = ROOT) -> None:
    """The packages that the requirement files name; nothing is printed but one line, unless it fails."""
    say("Installing packages, once, a minute or two … 正在安装依赖（仅一次，约一两分钟）…")
    files = [word for name in names for word in ("-r", str(root / name))]
    done = quietly([str(python_of(folder)), *PIP, *files])
    if done.returncode:
        stop(
            "The packages could not be installed; is a package index in reach? 依赖安装失败，请检查软件源。",
            done.stdout,
        )


def add_engines(folder: Path, root: Path = ROOT) -> list:
    """The drivers of other engines, each for itself; gives back the names of those that could not be installed."""
    stamp, missing = read_stamp(folder), []
    old = folder / OLD_DUCKDB.replace("==", "-")
    wanted = [(name, ("-r", str(root / name)), fingerprint((name,), root)) for name in EXTRAS]
    wanted.append((OLD_DUCKDB, ("--no-deps", "--upgrade", "--target", str(old), OLD_DUCKDB), OLD_DUCKDB))
    for name, words, mark in wanted:
        if stamp.get(name) == mark:
            continue
        say("Installing " + name + " … 正在安装 …")
        done = quietly([str(python_of(folder)), *PIP, *words])
        if done.returncode:
            last = done.stdout.decode("utf-8", "replace").strip().splitlines()[-1:]
            say("Skipped, it could not be installed: 未能安装，跳过：" + name + " – " + "".join(last))
            missing.append(name)
        else:
            stamp[name] = mark
            write_stamp(folder, stamp)
    return missing


def quietly(command: list) -> subprocess.CompletedProcess:
    """A finished command whose words are kept instead of shown."""
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def say(sentence: str) -> None:
    """One line to the person who waits."""
    print(sentence, flush=True)


def stop(sentence: str, words: bytes) -> None:
    """End with a sentence and the last words of the command that failed."""
    tail = words.decode("utf-8", "replace").strip().splitlines()[-15:]
    sys.exit("\n".join([*tail, "", sentence]))


def app_environment(given: dict) -> dict:
    """The variables the app sees: what was given, and the sample shop unless it was declined (``KEFULENS_SAMPLE=0``).

    >>> app_environment({"KEFULENS_SAMPLE": "0"})
    {'KEFULENS_SAMPLE': '0'}
    """
    return dict({"KEFULENS_SAMPLE": "1"}, **given)


def serve(python: Path) -> int:
    """Streamlit in the place of this program, so that every signal reaches it; on Windows this program waits for it."""
    command = [str(python), "-m", "streamlit", "run", "app.py"]
    environment = app_environment(dict(os.environ))
    os.chdir(ROOT)
    if os.name != "nt":
        os.execve(command[0], command, environment)
    running = subprocess.Popen(command, env=environment)
    while True:
        try:
            return running.wait()
        except KeyboardInterrupt:
            continue  # Ctrl-C reached Streamlit as well; it is given the time to close.


def test(python: Path, arguments: list) -> int:
    """All checks, each to its end, so that one run shows everything; the number of those that failed decides."""
    failed = []
    with ThreadPoolExecutor(1) as worker:
        beside = worker.submit(quietly, [str(python), *BESIDE[1]])
        for name, command in CHECKS:
            say("── " + name)
            more = arguments if name == "pytest" else []
            if subprocess.run([str(python), *command, *more], cwd=ROOT, check=False).returncode:
                failed.append(name)
        say("── " + BESIDE[0])
        say(beside.result().stdout.decode("utf-8", "replace").strip())
    if beside.result().returncode:
        failed.append(BESIDE[0])
    say("Failed: 未通过：" + ", ".join(failed) if failed else "All passed. 全部通过。")
    return 1 if failed else 0


def test_engines(arguments: list) -> int:
    """The definitions on every engine that can be had here, compared cell by cell; 3 where not even the environment could be made."""
    try:
        python = prepare(TESTS, called=ENGINES)
    except SystemExit as refused:
        say(str(refused))
        return NOT_MADE
    missing = add_engines(ROOT / ENGINES)
    command = [str(python), "-m", "pytest", "-p", "no:xdist", "-rs", "tests/engines", *arguments]
    failed = subprocess.run(command, cwd=ROOT, env=dict(os.environ, KEFULENS_TEST_ENGINES="1"), check=False).returncode
    if missing:
        say("Not installed, so not compared: 未安装，未核对：" + ", ".join(missing))
    return failed


def main(arguments: list) -> int:
    """Do what the command line asks for."""
    if refusal(sys.version_info):
        sys.exit(refusal(sys.version_info))
    if not arguments:
        return serve(prepare(APP))
    if arguments[:2] == ["test", "engines"]:
        return test_engines(arguments[2:])
    if arguments[0] == "test":
        return test(prepare(TESTS), arguments[1:])
    say(USAGE)
    return 0 if arguments[0] in ("-h", "--help") else 2


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console without Chinese must not end the program
    sys.exit(main(sys.argv[1:]))
