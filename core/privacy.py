"""What is hidden before it is shown or leaves the machine: customers' ids, personal data in texts, agents' names in a meeting.

Masks are keyed by the log's digest: the same customer has the same mask everywhere in one log, and another one in the next log.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

_MAIL = re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,}")
_ID_CARD = re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])")
_PHONE = re.compile(
    r"(?<![0-9A-Za-z])(?:(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}|\+\d{1,3}[- .]?(?:\(?\d{1,4}\)?[- .]?){2,5}\d{2,4}"
    r"|0\d{2,3}-\d{7,8}|\(?\d{3}\)?[- .]\d{3}[- .]\d{4})(?![0-9A-Za-z])"
)
_LONG_NUMBER = re.compile(r"(?<![0-9A-Za-z.,])\d{9,}(?![0-9A-Za-z])")
_LABELLED = re.compile(
    r"(?i)(订单号?码?|单号|运单号?|order\s*(?:no\.?|number|id)?|tracking\s*(?:no\.?|number)?)(\s*[:：#]?\s*)((?=[A-Za-z\-]*\d)[A-Za-z0-9\-]{5,})"
)


def mask_id(value: str, key: str, length: int = 8) -> str:
    """A customer's id as a mask that says nothing about it; missing stays missing.

    Args:
        value: the id; an empty one gives an empty mask.
        key: the log's digest.
        length: hexadecimal digits of the mask; 8 keep 10,000 customers apart with 99 %.

    >>> mask_id("alice", "log-1") == mask_id("alice", "log-1"), mask_id("alice", "log-1") == mask_id("alice", "log-2")
    (True, False)
    >>> mask_id("", "log-1")
    ''
    """
    if not value:
        return ""
    digest = hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()
    return f"#{digest[:length]}"


def mask_cut(conversation: str, key: str) -> str:
    """A conversation's id; masked where it was made of the customer's, because the log names no conversations.

    >>> mask_cut("K17", "log-1"), mask_cut("cut|alice|chat|1", "log-1")[0]
    ('K17', '#')
    """
    return mask_id(conversation, key) if conversation.startswith("cut|") else conversation


def mask_text(text: str) -> str:
    """A text with e-mail addresses, phone numbers, identity-card, order and other long numbers replaced by what they were.

    It finds what looks like such data; names and addresses in words are not recognised.

    >>> mask_text("Call 13812345678 or mail a.b@c.com, order no: SO-12345")
    'Call [phone] or mail [email], order no: [number]'
    >>> mask_text("订单号123456789012，谢谢")
    '订单号[number]，谢谢'
    >>> mask_text("It costs 1299 and came 2024-01-02")
    'It costs 1299 and came 2024-01-02'
    """
    for pattern, mark in ((_MAIL, "[email]"), (_ID_CARD, "[number]"), (_PHONE, "[phone]")):
        text = pattern.sub(mark, text)
    text = _LABELLED.sub(r"\1\2[number]", text)
    return _LONG_NUMBER.sub("[number]", text)


def pseudonyms(agents: Iterable[str], key: str, prefix: str = "A") -> dict[str, str]:
    """A short name for every agent, in an order that does not follow their names; the same log gives the same names.

    >>> names = pseudonyms(["Ann", "Bob", "Ann"], "log-1")
    >>> sorted(names), sorted(names.values())
    (['Ann', 'Bob'], ['A01', 'A02'])
    """
    unique = sorted(set(agents), key=lambda agent: mask_id(agent, key, 64))
    width = max(2, len(str(len(unique))))
    return {agent: f"{prefix}{place:0{width}d}" for place, agent in enumerate(unique, start=1)}
