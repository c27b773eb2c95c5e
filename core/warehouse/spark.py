"""Spark, in this process or by Spark Connect: steps are Parquet in a scratch folder, or cached, behind temporary views of one session.

A step that is only cached keeps its whole history in the plan, and each later step is planned anew over all of it: a scratch folder that
every executor can reach is many times faster. On one machine it is a temporary folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, TypeVar
from uuid import uuid4

import pandas as pd

from core.errors import InputError, Issue
from core.limits import limits
from core.scratch import scratch as own_folder
from core.warehouse.answers import addressed, frame, refused
from core.warehouse.engines import MOST_ROWS
from core.warehouse.stamps import code_of, quoted, wall_as_utc

_TYPES = {"text": "STRING", "integer": "BIGINT", "number": "DOUBLE", "small": "SMALLINT"}
_HERE = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
Found = TypeVar("Found")


def opened(
    kind: str, address: str, partitions: int | None = None, scratch: str = "", config: Mapping[str, str] | None = None
) -> Spark:
    """A session of its own.

    Args:
        kind: ``spark`` for a driver in this process, ``spark_connect`` for a server that holds it.
        address: a master (``local[2]``, ``spark://host:7077``, ``yarn``) or ``sc://host:15002``; ``env:NAME`` names a variable with it.
        partitions: of a shuffle; None leaves it to the cluster (its own setting is made for large logs: 2 to 8 are enough for small ones).
        scratch: folder for the steps that all executors reach (``hdfs://…``, ``s3a://…``, a mounted path); each session makes a folder of
            its own in it and removes it. Without one, a driver on one machine takes a temporary folder, others cache the steps.
        config: ``spark.…`` settings that start the driver, where this process starts it.

    Raises:
        InputError: no Java, no such host, another master in this process already …
    """
    place = addressed(address)
    name = (place if kind == "spark_connect" else f"spark://{place}").split("/;")[0]
    try:
        session = _connected(place) if kind == "spark_connect" else _started(place, config or {})
        session.conf.set("spark.sql.session.timeZone", "UTC")
        if partitions:
            session.conf.set("spark.sql.shuffle.partitions", str(partitions))
    except Exception as error:  # noqa: BLE001 - Python, Java and gRPC raise errors of their own
        raise refused(error, name) from None
    if kind == "spark" and place.startswith("local"):
        scratch = scratch or str(own_folder(limits().temp_folder))
    return Spark(kind, name, session, scratch)


def _connected(place: str) -> Any:
    return import_module("pyspark.sql.connect.session").SparkSession.builder.remote(place).create()


def _started(master: str, config: Mapping[str, str]) -> Any:
    """A new session of the one driver a process can have."""
    builder = import_module("pyspark.sql").SparkSession.builder
    settings = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.app.name": "KefuLens"}
    if master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        settings |= _HERE
    running = import_module("pyspark").SparkContext._active_spark_context
    if running is not None and running.master != master:
        raise InputError(Issue("engine_other_master", "error", file=f"spark://{master}", value=str(running.master)))
    for key, value in (settings | dict(config)).items():
        builder = builder.config(key, value)
    return builder.master(master).getOrCreate().newSession()


class Spark:
    """One session. It needs to read the log's tables, and room for the steps in the executors' memory and local disks."""

    def __init__(self, kind: str, name: str, session: Any, scratch: str = "") -> None:
        self.kind, self.name, self.session = kind, name, session
        self._tag = f"kefulens-{uuid4().hex}"
        self._folder = f"{scratch.rstrip('/')}/{self._tag}" if scratch else ""
        self._kept: set[str] = set()

    def rows(self, select: str, most: int = MOST_ROWS) -> pd.DataFrame:
        """See `Warehouse`."""
        return frame(self._asked(lambda: self.session.sql(select).limit(most + 1).toArrow()), most, self.name)

    def keep(self, name: str, select: str) -> None:
        """See `Warehouse`; what an executor loses with its life is read or computed again by another."""
        self.drop(name)
        self._asked(lambda: self._stored(name, self.session.sql(select)))

    def _stored(self, name: str, found: Any) -> None:
        if self._folder:
            place = f"{self._folder}/{name}-{uuid4().hex[:8]}"
            found.write.parquet(place)
            found = self.session.read.schema(found.schema).parquet(place)
        self._kept.add(name)
        found.createOrReplaceTempView(name)
        if not self._folder:
            # by its name: a server looks every name of a frame up again, and by then some of them are gone
            self.session.catalog.cacheTable(name)
            self.session.table(name).count()

    def drop(self, name: str) -> None:
        """See `Warehouse`; files go with the session, a later step may still be reading them."""
        if name in self._kept:
            self._kept.remove(name)
            if not self._folder:
                self._asked(lambda: self.session.catalog.uncacheTable(name))
            self._asked(lambda: self.session.catalog.dropTempView(name))

    def columns(self, table: str) -> Mapping[str, str]:
        """See `Warehouse`."""
        fields = self._asked(lambda: self.session.sql(f"SELECT * FROM {self.quoted(table)}").schema.fields)
        return {field.name: _code(field.dataType.simpleString()) for field in fields}

    def quoted(self, name: str) -> str:
        """See `Warehouse`."""
        return quoted(name, "`")

    def typed(self, expression: str, code: str) -> str:
        """See `Warehouse`."""
        return f"CAST({expression} AS {_TYPES[code]})"

    def stamp_ms(self, column: str, kind: str, zone: str) -> str:
        """See `Warehouse`; the session's own zone is UTC, so that a wall clock is taken as it stands."""
        known = f"unix_millis(CAST({column} AS TIMESTAMP))"
        return known if kind == "stamp_tz" else wall_as_utc(known, zone)

    def cancel(self) -> None:
        """See `Warehouse`."""
        with suppress(Exception):
            self.session.interruptTag(self._tag)

    def close(self) -> None:
        """See `Warehouse`; a driver in this process stays for the next session, a server forgets this one."""
        with suppress(Exception):
            for name in list(self._kept):
                self.drop(name)
            self._cleared()
            if self.kind == "spark_connect":
                self.session.stop()

    def _cleared(self) -> None:
        """Removes the scratch folder; a server's own, out of reach from here, stays until its owner removes it."""
        if self._folder and self.kind == "spark":
            place = self.session._jvm.org.apache.hadoop.fs.Path(self._folder)
            place.getFileSystem(self.session._jsc.hadoopConfiguration()).delete(place, True)
        elif self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _asked(self, question: Callable[[], Found]) -> Found:
        try:
            self.session.addTag(self._tag)
            return question()
        except Exception as error:  # noqa: BLE001 - see `opened`
            raise refused(error, self.name) from None


def _code(kind: str) -> str:
    """Spark's plain timestamp is an instant, the one without a zone says so."""
    return {"timestamp": "stamp_tz", "timestamp_ntz": "stamp"}.get(kind) or code_of(kind)
