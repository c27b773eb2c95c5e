"""Data: what did I load, and what can it answer?"""

import streamlit as st

from core.text import Text
from pages import _importing as importing
from pages import _session as session
from pages import _widgets as widgets
from pages._shell import framed


def _answers(text: Text) -> None:
    can, cannot = importing.can_answer(session.log(), text)
    left, right = st.columns(2)
    left.markdown(f"**{text('pages.data.answers_can', n=len(can))}**\n\n" + "\n".join(f"- {each}" for each in can))
    right.markdown(
        f"**{text('pages.data.answers_cannot', n=len(cannot))}**\n\n" + "\n".join(f"- {each}" for each in cannot)
    )
    if not cannot:
        right.caption(text("pages.data.answers_all"))


def _preview(text: Text) -> None:
    st.caption(text("pages.data.preview_masked"))
    shown = st.selectbox(
        text("pages.data.preview_pick"),
        importing.previews(session.log()),
        format_func=lambda each: each.file,
        key="previewed",
    )
    st.markdown(f"**{text('pages.data.preview_raw')}**")
    st.dataframe(importing.raw_rows(shown, session.log()), hide_index=True, key="raw_rows")
    st.markdown(f"**{text('pages.data.preview_read')}**")
    st.dataframe(importing.understood_rows(shown, session.log(), text), hide_index=True, key="understood_rows")


def _ledger(text: Text) -> None:
    files = session.log().ledger.files
    counted = importing.balance(files, text)
    st.markdown(f"{text('pages.data.ledger_help')} {counted}")
    widgets.table(importing.reports(files, text), text, "reports")
    found = importing.ledger(files, text)
    if len(found):
        st.table(importing.worded(found, text))
        widgets.download(text("pages.download.csv"), "ledger", found)
    else:
        st.success(text("pages.data.ledger_clean"))


PARTS = {"answers": _answers, "ledger": _ledger, "matching": importing.matching, "preview": _preview}

framed()
words = session.text()
widgets.heading("data", words)
importing.upload(words)
widgets.issues(session.import_trouble())
if session.import_trouble() and session.log() is not None:
    st.info(words("pages.data.kept"))
if session.log() is not None:
    widgets.issues(session.log().ledger.errors)
    part = st.segmented_control(
        words("pages.data.parts"),
        list(PARTS),
        format_func=lambda each: words(f"pages.data.{each}"),
        required=True,
        label_visibility="collapsed",
        **session.widget("data_part", session.remembered("data_part", "answers"), words=True),
    )
    PARTS[part](words)
