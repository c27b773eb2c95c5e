"""When garbage is collected, and what the collector need not look at again and again.

While the garbage collector looks through everything, nobody's page moves. The modules of pandas, SciPy and DuckDB alone are some 180,000
objects, 0.1 s each time; they stay as long as the process does, so they are put aside. Streamlit's own collection after every rerun is off;
what is left is collected now and then.
"""

from __future__ import annotations

import atexit
import gc
import sys
from functools import lru_cache
from time import monotonic

from core.turns import Seldom

_ANEW_S = 3600
_COLLECTED = Seldom(30, gc.collect)
atexit.register(gc.unfreeze)  # so that libraries can clear up behind themselves at the end


def settle() -> None:
    """Put aside what there is when modules were loaded since the last time, and once an hour.

    What is put aside still goes as soon as nothing names it; only rings of objects wait for the next time.
    """
    _settled(len(sys.modules), int(monotonic() // _ANEW_S))
    collect()


def collect() -> None:
    """Collect what came since, if the last time is long enough ago."""
    _COLLECTED.pass_by()


@lru_cache(maxsize=1)
def _settled(modules: int, hour: int) -> None:
    gc.unfreeze()
    gc.collect()
    gc.freeze()
