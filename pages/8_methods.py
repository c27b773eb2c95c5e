"""Methods: what does each figure mean, how is it computed, what is left out, who defines it differently?"""

import streamlit as st

from pages import _planning as planning
from pages import _reference as reference
from pages import _session as session
from pages import _widgets as widgets
from pages._shell import framed

framed()
text = session.text()
widgets.heading("methods", text)
planning.show(text)
wanted = st.text_input(
    text("pages.methods.search"),
    placeholder=text("pages.methods.search_hint"),
    **session.widget("search", session.remembered("search", "")),
)

found = {section: reference.matching(each, wanted or "") for section, each in reference.entries(text).items()}
found = {section: each for section, each in found.items() if each}
if not found:
    st.info(text("pages.methods.nothing", word=wanted), icon=":material/search_off:")
st.markdown(
    " · ".join(f"[{text(f'pages.methods.{section}')}](#{section}) {len(each)}" for section, each in found.items())
)
for section, each in found.items():
    st.header(text(f"pages.methods.{section}"), anchor=section, divider="gray")
    reference.show(section, each)
