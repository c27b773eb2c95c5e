"""Data: what did I load, and what can it answer?"""

import streamlit as st

from pages import _bookkeeping as bookkeeping
from pages import _far as far
from pages import _importing as importing
from pages import _keeping as keeping
from pages import _loading as loading
from pages import _matching as matching
from pages import _preview as preview
from pages import _remedies as remedies
from pages import _session as session
from pages import _understood as understood
from pages import _widgets as widgets
from pages._shell import framed

PARTS = {
    "answers": understood.can_and_cannot,
    "ledger": bookkeeping.ledger,
    "matching": matching.matching,
    "preview": preview.preview,
}

framed()
words = session.text()
widgets.heading("data", words)
# The box stands below what was understood, yet is asked first: what it holds decides whether there is something to read.
above, box = st.container(), st.container()
with box:
    importing.upload(words)
with above:
    if loading.waiting():
        importing.read(words)
    if far.waiting():
        far.read(words)
    importing.notes(words)
    far.notes(words)
    if session.log() is not None:
        if not session.import_trouble() and session.far() is None:
            remedies.questions(words)
        understood.summary(words)
if session.log() is not None:
    left_out = ("matching", "preview") if session.far() is not None else ("matching",) if session.import_trouble() else ()
    parts = [each for each in PARTS if each not in left_out]
    chosen = session.remembered("data_part", "answers")
    part = st.segmented_control(
        words("pages.data.parts"),
        parts,
        format_func=lambda each: words(f"pages.data.{each}"),
        required=True,
        label_visibility="collapsed",
        **session.widget("data_part", chosen if chosen in parts else parts[0], words=True),
    )
    PARTS[part](words)
keeping.kept(words)
