"""Durations as mergeable histograms: what comes back of single values where the log lies elsewhere.

A bucket holds the values that agree in their first nine binary digits (256 steps from one power of two to the next), so it is never
wider than 1/256 of its lower end. Per cell of the cube and bucket come the count and the sum: a row stands for its mean, as often as
it was seen, and any order statistic of any grouping is at most 0.4 % off. Buckets of cells merge by being put together.
"""

from __future__ import annotations

STEPS = 256
"""Buckets between one power of two and the next."""
_OCTAVES = 42 - STEPS.bit_length()
"""Milliseconds up to 2 to the 41st, seventy years; what is longer stands in one last bucket of the same step."""
KEYS = ("agent", "local_day", "local_hour", "channel", "language", "category", "team", "shift")
"""Dimensions of the cube."""
_HOUR = "CAST((local_minute - mod(local_minute, 60)) / 60 AS INTEGER)"


def bucket(column: str) -> str:
    """The SQL of a value's bucket, as the bucket's lower end: integers and CASE only.

    >>> bucket("t")[:66]
    'CASE WHEN t < 512 THEN t - mod(t, 1) WHEN t < 1024 THEN t - mod(t,'
    """
    cases = " ".join(
        f"WHEN {column} < {2 * STEPS << octave} THEN {column} - mod({column}, {1 << octave})" for octave in range(_OCTAVES)
    )
    return f"CASE {cases} ELSE {column} - mod({column}, {1 << _OCTAVES}) END"


def histogram(rows: str, column: str, number: int = 0) -> str:
    """A SELECT of one row per cell × bucket: dimensions, clock_no (``number``), bucket_ms, seen, sum_ms.

    Args:
        rows: a SELECT with the dimensions, ``local_minute`` for the hour, and the column.
        column: a duration in milliseconds, never negative; missing values are left out.
        number: what tells the rows of several durations apart.
    """
    keys = ", ".join(name for name in KEYS if name != "local_hour")
    return f"""SELECT {keys}, local_hour, {number} AS clock_no, bucket_ms,
      CAST(count(*) AS BIGINT) AS seen, CAST(sum(wait_ms) AS BIGINT) AS sum_ms
    FROM (SELECT {keys}, {_HOUR} AS local_hour, wait_ms, {bucket("wait_ms")} AS bucket_ms
      FROM (SELECT {keys}, local_minute, {column} AS wait_ms FROM ({rows}) AS timed WHERE {column} IS NOT NULL) AS clocked) AS placed
    GROUP BY {keys}, local_hour, bucket_ms"""
