"""The trace of a tool that `run_tools` runs.

https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md#execute-tool-span
"""

from __future__ import annotations

import time
from collections.abc import Awaitable

from llmring.chat.tool_conversation import ToolRun
from llmring.chat.tools import Tool, ToolCall
from llmring.redaction import redact
from llmring.telemetry.attributes import error_type, present
from llmring.telemetry.tracing import Telemetry, mark_error


async def traced_run(
    telemetry: Telemetry | None, call: ToolCall, tool: Tool | None, run: Awaitable[ToolRun]
) -> ToolRun:
    """Run a tool within a span, `execute_tool NAME`; without OpenTelemetry, only run it.

    Spans that the tool begins are children of its span.

    Args:
        telemetry: The ring's; None for no trace.
        call: The call as the model requested it.
        tool: The tool; None for an unknown name.
        run: The run of the tool.
    """
    instruments = None if telemetry is None else telemetry.instruments()
    if telemetry is None or instruments is None:
        return await run
    from opentelemetry.trace import use_span

    name = call["function"]["name"]
    known = {"gen_ai.tool.name": name, "gen_ai.tool.type": "function"}
    span = instruments.tracer.start_span(
        f"execute_tool {name}",
        attributes=present(
            {
                "gen_ai.operation.name": "execute_tool",
                **known,
                "gen_ai.tool.call.id": call["id"],
                "gen_ai.tool.description": None if tool is None else tool.description,
            }
        ),
    )
    began = time.perf_counter()
    failure: BaseException | None = None
    try:
        with use_span(span, record_exception=False, set_status_on_exception=False):
            result = await run
        failure = result.error
        if telemetry.has_content:
            texts = {"arguments": call["function"]["arguments"], "result": result.message.text}
            for each, text in texts.items():
                span.set_attribute(f"gen_ai.tool.call.{each}", redact(text))
    except BaseException as error:
        failure = error
        raise
    finally:
        if failure is not None:
            mark_error(span, failure, with_text=telemetry.has_content)
            known["error.type"] = (
                error_type(failure) if isinstance(failure, Exception) else "cancelled"
            )
        instruments.tool_duration.record(time.perf_counter() - began, known)
        span.end()
    return result
