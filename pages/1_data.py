"""Data: what did I load, and what can it answer?"""

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.text import Text
from pages import _importing as importing
from pages import _session as session
from pages import _widgets as widgets
from pages._shell import framed

TYPES = ["csv", "tsv", "txt", "xlsx", "parquet", "json", "jsonl", "ndjson", "zip"]


def _upload(text: Text) -> None:
    st.markdown(text("pages.data.upload_hint"))
    given = st.file_uploader(
        text("pages.data.upload"),
        type=TYPES,
        accept_multiple_files=True,
        help=text("pages.data.upload_help"),
        key="files",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            text("pages.data.sample"), help=text("pages.data.sample_help"), key="sample", icon=":material/science:"
        ):
            _read(text, partial(session.load_sample, "shop"))
        with st.popover(text("pages.data.mapping_load"), icon=":material/rule:"):
            mapping = st.file_uploader(
                text("pages.data.mapping_load"), type=["json"], key="mapping", label_visibility="collapsed"
            )
    if mapping is not None and session.is_new("mapping", mapping.file_id):
        decided = session.mapping(mapping.name, mapping.getvalue())
        if decided is not None:
            _read(text, partial(session.load_uploads, given, decided=decided))
    if given and session.is_new("files", tuple(file.file_id for file in given)):
        _read(text, partial(session.load_uploads, given))


def _read(text: Text, load: Callable) -> None:
    with st.status(text("pages.data.reading"), expanded=True) as status:
        bar = st.progress(0.0)
        found = load(progress=lambda done, of, name: bar.progress(min(done / max(of, 1), 1.0), text=name))
        status.update(
            label=text("pages.data.read_failed" if found else "pages.data.read_done"),
            state="error" if found else "complete",
        )
    if not found:
        st.rerun()


def _answers(text: Text) -> None:
    can, cannot = importing.can_answer(session.log(), text)
    left, right = st.columns(2)
    left.markdown(f"**{text('pages.data.answers_can', n=len(can))}**\n\n" + "\n".join(f"- {each}" for each in can))
    right.markdown(
        f"**{text('pages.data.answers_cannot', n=len(cannot))}**\n\n" + "\n".join(f"- {each}" for each in cannot)
    )
    if not cannot:
        right.caption(text("pages.data.answers_all"))


def _matching(text: Text) -> None:
    st.caption(text("pages.data.matching_help"))
    found = [report for report in session.log().ledger.files if report.columns]
    report = st.selectbox(
        text("pages.column.file"), found, format_func=lambda each: f"{each.file} {each.sheet}", key="matched_file"
    )
    edited = importing.editor(report, text)
    zone = st.selectbox(
        text("pages.data.zone"),
        importing.ZONES,
        help=text("pages.data.zone_help"),
        accept_new_options=True,
        **session.zone_widget(),
    )
    with st.container(horizontal=True):
        if st.button(text("pages.data.apply"), type="primary", key="apply", icon=":material/refresh:"):
            decided = importing.corrected(report, edited, session.choices(), zone)
            _read(text, partial(session.load_uploads, (), decided=decided))
        widgets.download_text(text("pages.data.mapping_save"), "mapping.json", session.mapping_file)


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


PARTS = {"answers": _answers, "ledger": _ledger, "matching": _matching, "preview": _preview}

framed()
words = session.text()
widgets.heading("data", words)
_upload(words)
widgets.issues(session.import_trouble())
if session.import_trouble() and session.log() is not None:
    st.info(words("pages.data.kept"))
if session.log() is not None:
    part = st.segmented_control(
        words("pages.data.parts"),
        list(PARTS),
        format_func=lambda each: words(f"pages.data.{each}"),
        required=True,
        label_visibility="collapsed",
        **session.widget("data_part", session.remembered("data_part", "answers"), words=True),
    )
    PARTS[part](words)
