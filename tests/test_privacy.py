"""What is hidden stays hidden, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.privacy import mask_id, mask_text, pseudonyms


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我的电话是13812345678，快点", "我的电话是[phone]，快点"),
        ("+86 138 1234 5678", "[phone]"),
        ("call (555) 123-4567 now", "call [phone] now"),
        ("010-12345678", "[phone]"),
        ("mail li.si@example.com.cn!", "mail [email]!"),
        ("身份证11010519491231002X", "身份证[number]"),
        ("订单号：SO-2024-0001 没到", "订单号：[number] 没到"),
        ("运单号123456789012", "运单号[number]"),
        ("价格 1299 元，2024-01-02 10:30 到", "价格 1299 元，2024-01-02 10:30 到"),
        ("order please", "order please"),
        ("", ""),
    ],
)
def test_personal_data_in_texts(text: str, masked: str) -> None:
    """Phones, addresses, identity cards and order numbers are replaced by what they were; prices and dates are not."""
    assert mask_text(text) == masked


@given(st.text(max_size=40))
def test_masking_twice_changes_nothing(text: str) -> None:
    """A masked text is already masked."""
    assert mask_text(mask_text(text)) == mask_text(text)


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_masks_follow_id_and_log(one: str, other: str) -> None:
    """The same id in the same log has the same mask, which does not hold the id; other ids and logs differ."""
    mask = mask_id(one, "log", 64)
    assert mask == mask_id(one, "log", 64)
    assert (mask == mask_id(other, "log", 64)) == (one == other)
    assert mask != mask_id(one, "log 2", 64)


def test_a_missing_customer_has_no_mask() -> None:
    """Nobody is not somebody."""
    assert mask_id("", "log") == ""


def test_pseudonyms_are_short_stable_and_not_in_the_order_of_names() -> None:
    """Every agent gets one name; the order of the names does not give the agents away."""
    agents = [f"agent {number:03d}" for number in range(120)]
    names = pseudonyms(agents, "log")
    assert names == pseudonyms(reversed(agents), "log")
    assert len(set(names.values())) == 120
    assert sorted(names.values())[0] == "A001"
    assert [names[agent] for agent in agents] != sorted(names.values())
