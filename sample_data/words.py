"""Message texts of the sample shop: template banks per language, filled in whole columns."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from sample_data.story import CATEGORIES, LANGUAGES

NUMBERS = (2, 3, 5, 58, 62, 65, 70, 72, 75)
BY_CATEGORY = ("ask", "answer", "faq")


@cache
def _bank() -> dict:
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text("utf-8"))


@cache
def variants(language: str, says: str, category: str) -> np.ndarray:
    """Every finished sentence for one kind of message; shares of templates are equal.

    >>> len(variants("zh", "bye", "size")) > 1
    True
    """
    bank = _bank()[language]
    if says == "sorry_answer":
        gap = "" if language in {"zh", "ja"} else " "
        return np.array([bank["sorry"][0] + gap + a for a in variants(language, "answer", category)], dtype=object)
    templates = bank[says][category] if says in BY_CATEGORY else bank[says]
    filled = [[t.format(item=i, n=n) for i in bank["item"] for n in NUMBERS] for t in templates]
    return np.array([text for texts in filled for text in texts], dtype=object)


def write_texts(messages: pd.DataFrame, frame: pd.DataFrame, empty: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One text per message in the language of its conversation; None for events and pictures.

    `empty` marks agents (rows of the crew) who answer quickly and say nothing.
    """
    row = messages["row"].to_numpy()
    language, category = frame["language"].to_numpy()[row], frame["category"].to_numpy()[row]
    agent = messages["agent"].to_numpy()
    says = messages["says"].to_numpy(dtype=object).copy()
    shallow = np.isin(says, ["answer", "more_answer", "sorry_answer"]) & (agent >= 0) & empty[agent]
    says[shallow] = "empty"
    out = np.full(len(messages), None, dtype=object)
    draw = rng.random(len(messages))
    cells = pd.DataFrame({"s": says, "l": language, "c": category}).groupby(["s", "l", "c"], sort=True).indices
    for (what, lang, cat), here in cells.items():
        if what:
            texts = variants(LANGUAGES[lang], what, CATEGORIES[cat])
            out[here] = texts[(draw[here] * len(texts)).astype(int)]
    out[(messages["content_type"] == "image").to_numpy()] = None
    return out
