"""What may be asked of a database: one statement that reads.

A second fence beside the read-only transaction, and the only one where a database has none. It would rather refuse a harmless
statement than let a harmful one pass: where databases differ in what a quotation mark ends, nothing is taken for a quotation.
"""

from __future__ import annotations

import re

from core.errors import InputError, Issue

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_READ_DIFFERENTLY = re.compile(
    r"\\|\$\w*\$|[`\[#]|/\*!|/\*(?:(?!\*/).)*/\*|--(?!\s|$)|\bn?q'", re.DOTALL | re.IGNORECASE
)
_WRITES = re.compile(
    r"\b(insert|update|delete|merge|into|for\s+(?:no\s+key\s+|key\s+)?share|set_config|load_extension|dblink\w*|lo_\w+"
    r"|pg_(?:terminate|cancel)_backend|pg_(?:read|ls|stat)_\w*(?:file|dir)\w*|pg_reload_conf|pg_\w*advisory\w*)\b",
    re.IGNORECASE,
)
_STARTS = re.compile(r"[\s(]*(?:select|with)\b", re.IGNORECASE)


def reading(statement: str) -> str:
    """The statement without its closing semicolon, when it can do nothing but read.

    Raises:
        InputError: nothing was written, it is no SELECT, there are several statements, or a word in it writes.

    >>> reading("SELECT id, 'a; drop' FROM messages;")
    "SELECT id, 'a; drop' FROM messages"
    >>> reading("SELECT 1; DROP TABLE messages")
    Traceback (most recent call last):
    core.errors.InputError: source_several_statements
    """
    asked = statement.strip().rstrip(";").rstrip()
    if not asked:
        raise InputError(Issue("source_nothing_asked", "error"))
    bare = (
        asked
        if _READ_DIFFERENTLY.search(asked)
        else _QUOTED.sub(lambda found: " '' " if found[0][0] in "'\"" else " ", asked)
    )
    if not _STARTS.match(bare):
        raise InputError(Issue("source_not_select", "error", value=bare.split()[0][:30]))
    if ";" in bare:
        raise InputError(Issue("source_several_statements", "error"))
    found = _WRITES.search(bare)
    if found:
        raise InputError(Issue("source_write", "error", value=found[0]))
    return asked
