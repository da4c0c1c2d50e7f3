"""Calls of functions that represent the tools of a client, as calls of these tools again.

https://platform.openai.com/docs/guides/function-calling#custom-tools
https://platform.openai.com/docs/guides/function-calling#defining-namespaces
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from llmring.chat.events import Event, ProviderItem, Started, ToolCallDelta, UsageReport
from llmring.dialects.foreign.tool_names import ForeignTool
from llmring.dialects.openai_responses.text_argument import TextArgument
from llmring.dialects.reply_encoding import call_id


class RestoredCalls:
    """The events of a reply with the calls of a client's own tools restored.

    All pieces of one tool call come together, as an encoder of replies needs them. A call in a
    namespace comes after the item that has the namespace.

    Args:
        tools: The client's own tools by the names of their functions: see `foreign_tools`.
        reply_id: The ID of the reply, where the events give none.
    """

    def __init__(self, tools: Mapping[str, ForeignTool], reply_id: str = "") -> None:
        self._tools = tools
        self._reply_id = reply_id
        self._index: int | None = None
        self._tool: ForeignTool | None = None
        self._text: TextArgument | None = None

    def take(self, event: Event) -> list[Event]:
        """Return the events in place of one."""
        if isinstance(event, Started):
            self._reply_id = event.id or self._reply_id
        if isinstance(event, Started | UsageReport):
            return [event]
        if not isinstance(event, ToolCallDelta):
            return [*self.end(), event]
        if event.index == self._index:
            return self._piece(event)
        return [*self.end(), *self._begin(event)]

    def end(self) -> list[Event]:
        """Return the rest of the last call."""
        index, text = self._index, self._text
        self._index = self._tool = self._text = None
        if index is None or text is None or not (rest := text.end()):
            return []
        return [ToolCallDelta(index, arguments=rest, kind="custom")]

    def _begin(self, call: ToolCallDelta) -> list[Event]:
        self._index = call.index
        tool = self._tools.get(call.name or "") if call.kind == "function" else None
        if tool is None:
            return [call]
        self._tool = tool
        events: list[Event] = []
        if tool.namespace is not None:
            id_ = call_id(self._reply_id, call)
            call = msgspec.structs.replace(call, id=id_)
            kind = "custom_tool_call" if tool.takes_text else "function_call"
            place = {"call_id": id_, "name": tool.name, "namespace": tool.namespace}
            events.append(ProviderItem({"type": kind, **place}))
        call = msgspec.structs.replace(call, name=tool.name)
        if not tool.takes_text:
            return [*events, call]
        self._text = TextArgument()
        text = self._text.feed(call.arguments)
        return [*events, msgspec.structs.replace(call, arguments=text, kind="custom")]

    def _piece(self, call: ToolCallDelta) -> list[Event]:
        if self._tool is not None and call.name:
            # Some servers repeat the name.
            call = msgspec.structs.replace(call, name=self._tool.name)
        if self._text is None:
            return [call]
        text = self._text.feed(call.arguments)
        if not text and call.signature is None and call.extra is None:
            return []
        return [msgspec.structs.replace(call, arguments=text, kind="custom")]


def restored(
    events: Iterable[Event], tools: Mapping[str, ForeignTool], reply_id: str = ""
) -> Iterator[Event]:
    """Yield the events of a reply with the calls of a client's own tools restored.

    Args:
        events: The events; all pieces of one tool call come together.
        tools: The client's own tools by the names of their functions: see `foreign_tools`.
        reply_id: The ID of the reply, where the events give none.
    """
    calls = RestoredCalls(tools, reply_id)
    for event in events:
        yield from calls.take(event)
    yield from calls.end()
