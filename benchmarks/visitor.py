"""A visitor without a browser: Streamlit's own messages over a WebSocket, as the page in a browser sends and gets them.

    async with visiting("http://127.0.0.1:8501", "scores?lang=en") as one:
        page = await one.run()                     # the first run of the page
        page = await one.move("w_quality", 70.0)   # a slider moved; page.seconds is the time to the end of the rerun

Needs ``websockets``. The messages are those of the installed Streamlit, so nothing is guessed about their form.
"""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

PATIENCE = 300.0
"""Seconds after which a rerun counts as lost."""
FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass
class Run:
    """What one run of the page showed: its elements, and how long it took."""

    elements: list[Any] = field(default_factory=list)
    seconds: float = 0.0

    def of(self, kind: str) -> list[Any]:
        """The elements of a kind, e.g. ``slider``, ``vega_lite_chart``, ``exception``."""
        return [getattr(one, kind) for one in self.elements if one.WhichOneof("type") == kind]

    def frames(self) -> list[pd.DataFrame]:
        """The data of every chart."""
        charts = self.of("vega_lite_chart")
        return [convert_arrow_bytes_to_pandas_df(chart.data.data) for chart in charts if chart.data.data]

    def words(self) -> str:
        """All texts of the page."""
        return "\n".join([one.body for one in self.of("markdown")] + [one.body for one in self.of("alert")])


class Visitor:
    """One session of the app."""

    def __init__(self, socket: Any, address: str, page: str) -> None:
        self.socket, self.address = socket, address
        place, _, self.query = page.partition("?")
        self.page, self.script = place, ""
        self.ids: dict[str, str] = {}
        self.parts: dict[str, str] = {}
        self.states: dict[str, WidgetState] = {}
        self.session = ""

    async def run(self, part: str = "") -> Run:
        """A run with the widgets as they stand; of the part of the page that runs alone, if one is named."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash, state.page_name = self.query, self.script, "" if self.script else self.page
        state.fragment_id = part
        state.context_info.locale, state.context_info.timezone = "en-US", "UTC"
        state.context_info.url = f"{self.address}/{self.page}"
        state.widget_states.widgets.extend(self.states.values())
        state.widget_states.SetInParent()
        began = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        found = await asyncio.wait_for(self._until_finished(), PATIENCE)
        found.seconds = time.perf_counter() - began
        return found

    async def _until_finished(self) -> Run:
        found = Run()
        while True:
            message = await self._next()
            kind = message.WhichOneof("type")
            if kind == "new_session":
                found = Run()
                self.session = message.new_session.initialize.session_id
            elif kind == "navigation":
                self.script = message.navigation.page_script_hash
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._note(message.delta.new_element, message.delta.fragment_id, found)
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "script_finished" and message.script_finished in FINISHED:
                return found

    async def _next(self) -> ForwardMsg:
        message = ForwardMsg()
        message.ParseFromString(await self.socket.recv())
        return message

    def _note(self, element: Any, part: str, found: Run) -> None:
        found.elements.append(element)
        shown = getattr(element, element.WhichOneof("type"))
        if getattr(shown, "id", ""):
            key = shown.id.rsplit("-", 1)[-1]
            self.ids[key], self.parts[key] = shown.id, part

    def set(self, key: str, change: Callable[[WidgetState], None]) -> None:
        """Change the state of the widget with this key, as a hand would."""
        state = WidgetState(id=self.ids[key])
        change(state)
        self.states[state.id] = state

    async def move(self, key: str, value: float) -> Run:
        """A slider moved to a value: as in a browser, only the part of the page runs that it stands in, where that runs alone."""
        self.set(key, lambda state: state.double_array_value.data.append(value))
        return await self.run(self.parts[key])

    async def choose(self, key: str, *labels: str) -> Run:
        """Options of a segmented control chosen by their words."""
        self.set(key, lambda state: state.string_array_value.data.extend(labels))
        return await self.run(self.parts[key])

    async def click(self, key: str) -> Run:
        """A button pressed; pressed once only."""
        self.set(key, lambda state: setattr(state, "trigger_value", True))
        found = await self.run(self.parts[key])
        self.states.pop(self.ids[key], None)
        return found

    async def upload(self, key: str, paths: list[Path]) -> Run:
        """Files put into an upload box. The server must do without its XSRF token: no browser, no cookie."""
        message = BackMsg()
        message.file_urls_request.request_id, message.file_urls_request.session_id = "files", self.session
        message.file_urls_request.file_names.extend(path.name for path in paths)
        await self.socket.send(message.SerializeToString())
        answer = await self._next()
        while answer.WhichOneof("type") != "file_urls_response":
            answer = await self._next()
        given = list(answer.file_urls_response.file_urls)
        for urls, path in zip(given, paths, strict=True):
            await asyncio.to_thread(self._put, urls, path)
        self.set(key, lambda state: _uploaded(state, given, paths))
        return await self.run()

    def _put(self, urls: FileURLs, path: Path) -> None:
        edge = b"kefulens"
        names = f'name="{urls.file_id}"; filename="{path.name}"'.encode()
        head = b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n" % (edge, names)
        body = head + path.read_bytes() + b"\r\n--%s--\r\n" % edge
        kind = {"Content-Type": f"multipart/form-data; boundary={edge.decode()}"}
        asked = urllib.request.Request(self.address + urls.upload_url, data=body, headers=kind, method="PUT")  # noqa: S310
        urllib.request.urlopen(asked, timeout=PATIENCE).close()  # noqa: S310


def _uploaded(state: WidgetState, given: list[FileURLs], paths: list[Path]) -> None:
    for urls, path in zip(given, paths, strict=True):
        one = state.file_uploader_state_value.uploaded_file_info.add(file_id=urls.file_id, name=path.name, size=path.stat().st_size)
        one.file_urls.CopyFrom(urls)


@asynccontextmanager
async def visiting(address: str, page: str) -> AsyncIterator[Visitor]:
    """A session for as long as the block lasts; ``page`` is the path with its query."""
    from websockets.asyncio.client import connect

    place = urlsplit(address)
    async with connect(
        f"ws://{place.netloc}/_stcore/stream", subprotocols=["streamlit"], max_size=None, ping_interval=None, compression=None
    ) as socket:
        yield Visitor(socket, address, page)
