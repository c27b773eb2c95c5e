"""Facts and cube: where the heavy work runs.

``facts.sql`` turns messages into conversations and turns with every clock (slow, once per log and slow knobs); ``judged.sql`` asks a
rule set (fast); ``cube.sql`` adds up. All are plain SQL in a dialect-free subset, run here by an embedded DuckDB.
"""

from core.engine.observe import Cube, Observed, Source, observe
from core.engine.runner import Facts, SlowKnobs, build_facts, cut_conversations

__all__ = ["Cube", "Facts", "Observed", "SlowKnobs", "Source", "build_facts", "cut_conversations", "observe"]
