"""Where each engine is: its address and environment for a process of its own, or the reason why it cannot be had here."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
OLD_DUCKDB = "1.5.6"
LABELS = ("DuckDB 2", f"DuckDB {OLD_DUCKDB}", "PostgreSQL", "ClickHouse", "Spark", "Spark Connect")


@dataclass(frozen=True)
class Place:
    """An engine that can be asked: its kind and address, and what its process needs in the environment."""

    kind: str
    address: str = ""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Outcome:
    """What one engine gave: a line per log that was compared, or why there is none."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""


def lacking(label: str) -> str:
    """Why an engine cannot be tried here; empty when it can."""
    if label == f"DuckDB {OLD_DUCKDB}":
        return "" if (old_duckdb() / "duckdb").is_dir() else f"DuckDB {OLD_DUCKDB} is not installed beside the other"
    modules = {"ClickHouse": ("chdb",), "Spark": ("py4j",), "Spark Connect": ("py4j", "grpc"), "PostgreSQL": ("psycopg",)}
    missing = [name for name in modules.get(label, ()) if importlib.util.find_spec(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    return "there is no Java" if label.startswith("Spark") and not shutil.which("java") else ""


def old_duckdb() -> Path:
    """The folder that `run.py` installs the older line of DuckDB into."""
    return Path(sys.prefix) / f"duckdb-{OLD_DUCKDB}"


@contextmanager
def connect_server(folder: Path) -> Iterator[str]:
    """A Spark Connect server of our own on loopback, from the package that is installed; ended with the block."""
    home = Path(next(iter(importlib.util.find_spec("pyspark").submodule_search_locations)))  # type: ignore[union-attr,arg-type]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1", "spark.connect.grpc.binding.port": port, "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.sql.warehouse.dir": folder / "warehouse",
    }  # fmt: skip
    command = ["bash", str(home / "bin" / "spark-submit"), "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    command += ["--master", "local[2]", *(word for key, value in settings.items() for word in ("--conf", f"{key}={value}"))]
    environment = os.environ | spark_environment() | {"SPARK_HOME": str(home)}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
    try:
        _listening(port, server)
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def _listening(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(900):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            break
        time.sleep(0.2)
    pytest.skip("the Spark Connect server did not start within three minutes")


def spark_environment() -> dict[str, str]:
    """Loopback, and this Python."""
    return {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}


def asked(place: Place, paths: tuple[Path, Path], label: str, seconds: float) -> Outcome:
    """The worker on every log of ``paths[0]`` against ``paths[1]``, at most so long; what it had said by then is kept."""
    command = [sys.executable, "-m", "tests.engines.worker", place.kind, place.address, *map(str, paths), label]
    outcome = Outcome()
    errors = paths[1].parent / f"{label or 'reference'}.err"
    with errors.open("wb") as log:
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=os.environ | place.environment, stdout=subprocess.PIPE, stderr=log, timeout=seconds, check=False
            )
            said = done.stdout
        except subprocess.TimeoutExpired as expired:
            said = expired.stdout or b""
            outcome.reason = f"not done within {seconds:.0f} s"
    outcome.lines = [json.loads(line) for line in said.decode("utf-8").splitlines() if line.startswith("{")]
    if not outcome.reason and done.returncode:
        outcome.lines.append({"log": "-", "cells": 0, "differing": 1, "first": errors.read_text("utf-8", "replace")[-1500:], "seconds": 0})
    return outcome
