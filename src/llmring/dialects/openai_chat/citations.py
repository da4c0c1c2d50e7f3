"""Sources in replies of Chat Completions, which each vendor puts elsewhere.

- `annotations` of a message: OpenAI's search models, OpenRouter
  (https://openrouter.ai/docs/features/web-search)
- `citations` of a reply: addresses (xAI, https://docs.x.ai/docs/guides/live-search) or objects
- `search_results` of a reply: Perplexity
  (https://docs.perplexity.ai/api-reference/chat-completions-post)
- `web_search` of a reply: Zhipu (https://docs.z.ai/api-reference/llm/chat-completion)
- `search_info` of a reply: Qwen (https://www.alibabacloud.com/help/en/model-studio/web-search)
- `executed_tools` of a message: Groq (https://console.groq.com/docs/compound)
- parts of the content: Mistral (https://docs.mistral.ai/capabilities/citations/)

Perplexity's numbers in the text, as in "[1]", count the addresses in `citations` from 1.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from llmring.chat.citation import Citation
from llmring.dialects.citation_fields import count, inner, objects, result, results, word
from llmring.dialects.openai.citations import citations as annotated

__all__ = ["annotated", "of_part", "of_reply", "of_tools"]


def of_reply(
    citations: object, search_results: object, web_search: object, search_info: object
) -> tuple[Citation, ...]:
    """Return the sources that a reply, or a chunk of it, lists for the whole answer."""
    found = results(search_results)
    by_url = {each.url: each for each in reversed(found) if each.url}
    numbered = [
        replace(by_url.get(source.url or "", source), index=at)
        for at, each in enumerate(citations if isinstance(citations, list) else (), start=1)
        if (source := result(each)) is not None
    ]
    listed = {each.url for each in numbered if each.url}
    rest = [each for each in found if each.url not in listed]
    return (
        *numbered,
        *rest,
        *results(web_search),
        *results(inner(search_info, "search_results")),
    )


def of_tools(executed: object) -> Iterator[Citation]:
    """Yield the search results of the tools that the server ran itself."""
    for tool in objects(executed):
        yield from results(inner(tool, "search_results", "results"))


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
