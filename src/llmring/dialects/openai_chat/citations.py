"""Sources in replies of Chat Completions, which each vendor puts elsewhere.

- `annotations` of a message: OpenAI's search models, OpenRouter
  (https://openrouter.ai/docs/features/web-search)
- `citations` of a reply: addresses (xAI, https://docs.x.ai/docs/guides/live-search) or objects
- `search_results` of a reply: Perplexity
  (https://docs.perplexity.ai/api-reference/chat-completions-post)
- `web_search` of a reply: Zhipu (https://docs.z.ai/api-reference/llm/chat-completion)
- `search_info` of a reply: Qwen (https://www.alibabacloud.com/help/en/model-studio/web-search)
- `executed_tools` of a message: Groq (https://console.groq.com/docs/compound)
- `context` of a message: Azure
  (https://learn.microsoft.com/en-us/azure/ai-foundry/openai/references/on-your-data#context)
- parts of the content: Mistral (https://docs.mistral.ai/capabilities/citations/)

Perplexity's numbers in the text, as in "[1]", count the addresses in `citations` from 1, and so do
Azure's, as in "[doc1]".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from llmring.chat.citation import Citation
from llmring.dialects.citation_fields import count, inner, objects, result, results, word
from llmring.dialects.openai.citations import citations as annotated


def of_reply(
    citations: object, search_results: object, web_search: object, search_info: object
) -> tuple[Citation, ...]:
    """Return the sources that a reply, or a chunk of it, lists for the whole answer."""
    found = results(search_results)
    by_url = {each.url: each for each in reversed(found) if each.url}
    numbered = [
        replace(by_url.get(each.url or "", each), index=each.index) for each in _numbered(citations)
    ]
    listed = {each.url for each in numbered if each.url}
    rest = [each for each in found if each.url not in listed]
    return (
        *numbered,
        *rest,
        *results(web_search),
        *results(inner(search_info, "search_results")),
    )


def of_message(annotations: object, executed: object, context: object) -> tuple[Citation, ...]:
    """Return the sources that a message, or a piece of it, has.

    Args:
        annotations: Its annotations.
        executed: The tools that the server ran itself, with what they found.
        context: The documents that the server looked up.
    """
    ran = [found for tool in objects(executed) for found in _found(tool)]
    return (*annotated(annotations), *ran, *_numbered(inner(context, "citations")))


def _found(tool: Mapping[str, Any]) -> list[Citation]:
    return results(inner(tool, "search_results", "results"))


def _numbered(citations: object) -> list[Citation]:
    """Return sources that the text names by their place in the list."""
    return [
        replace(source, index=at)
        for at, each in enumerate(citations if isinstance(citations, list) else (), start=1)
        if (source := result(each)) is not None
    ]


def of_part(
    kind: object, reference_ids: object, url: object, title: object, text: object
) -> Iterator[Citation]:
    """Yield the sources that a part of the content names.

    Args:
        kind: The part's type.
        reference_ids: Numbers of results that the request gave the model.
        url: The address of a page that a tool found.
        title: Its title.
        text: An excerpt of it.
    """
    for each in reference_ids if isinstance(reference_ids, list) else ():
        if (number := count(each)) is not None:
            yield Citation(kind="document", index=number)
    if kind == "tool_reference" and (word(url) or word(title)):
        yield Citation(url=word(url), title=word(title), cited_text=word(text))
