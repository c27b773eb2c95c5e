"""What a database answers when it does not answer: its error → an issue with a cure, and never a word of the password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.errors import Issue

if TYPE_CHECKING:
    from sqlalchemy import URL

_STATES = {
    "28P01": "source_password", "28000": "source_password", "3D000": "source_no_database", "42P01": "source_no_table",
    "42703": "source_no_column", "42601": "source_syntax", "25006": "source_write", "57014": "source_timeout",
    "42501": "source_permission", "57P01": "source_cut", "57P02": "source_cut", "57P03": "source_unreachable",
}  # fmt: skip
"""Codes of the SQL standard and of PostgreSQL."""
_SAYS = (
    ("source_password", r"password authentication|no password|access denied|认证失败|authentication failed"),
    (
        "source_no_database",
        r"database .* does not exist|unknown database|数据库.*不存在|file is not a database|unable to open",
    ),
    ("source_no_host", r"resolve|translate host|name or service|getaddrinfo|nodename|no address"),
    (
        "source_cut",
        r"closed the connection|connection .*(lost|closed|reset)|terminat|eof detected|gone away|consuming input",
    ),
    (
        "source_unreachable",
        r"refused|timed? ?out expired|connection timeout|no route|unreachable|can't connect|is the server running",
    ),
    ("source_no_table", r"no such table|table .* doesn't exist|invalid object name"),
    ("source_no_column", r"no such column|unknown column|invalid column name"),
    ("source_write", r"read-?only"),
    ("source_timeout", r"interrupted|statement timeout|execution time exceeded|max_statement_time"),
    ("source_permission", r"permission denied|not authorized|privilege"),
    ("source_syntax", r"syntax error|incomplete input|unrecognized token|error in your sql syntax"),
)
"""What drivers write where they give no code."""
_SECRET_WORDS = ("pass", "secret", "token", "key")
_CREDENTIALS = re.compile(r"(://[^:/\s]*):\S*@")
_PARAMETERS = re.compile(r"((?:pass\w*|secret|token)\s*=\s*)[^&\s]+", re.IGNORECASE)


def masked(words: str) -> str:
    """The words with every password of an address in them covered.

    >>> masked("no file postgresql://shop:pa/s@s@db/shop?sslpassword=x")
    'no file postgresql://shop:***@db/shop?sslpassword=***'
    """
    return _PARAMETERS.sub(r"\1***", _CREDENTIALS.sub(r"\1:***@", words))


def refusal(error: Exception, place: URL, name: str) -> Issue:
    """The issue that explains an error of SQLAlchemy or of a driver.

    Args:
        error: what was raised.
        place: the address; its secrets are taken out of the driver's words.
        name: what the source is called in the ledger.
    """
    cause = getattr(error, "orig", None) or error
    said = next((line.strip() for line in str(cause).splitlines() if line.strip()), type(cause).__name__)
    return Issue(code_of(cause, str(cause)), "error", file=name, value=_without_secrets(said, place)[:200])


def code_of(cause: BaseException, said: str) -> str:
    """The code of an issue by a driver's error and its words; ``source_failed`` where neither is known."""
    state = str(getattr(cause, "sqlstate", None) or "")
    if state in _STATES:
        return _STATES[state]
    if state.startswith("08"):
        return "source_cut"
    return next((code for code, words in _SAYS if re.search(words, said, re.IGNORECASE)), "source_failed")


def _without_secrets(said: str, place: URL) -> str:
    secrets = [str(place.password or "")]
    secrets += [str(value) for key, value in place.query.items() if any(word in key.lower() for word in _SECRET_WORDS)]
    for secret in filter(None, secrets):
        said = said.replace(secret, "***")
    return masked(said)
