"""Costs of recorded calls, by llmring and by genai-prices.

    python tests/recorded_costs.py

prints the comparison as a Markdown table.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import genai_prices
from msgspec import Struct

from llmring.chat.events import Usage
from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import TextPart
from llmring.chat.reply import fold
from llmring.chat.request import LLMRequest
from llmring.dialects.anthropic import dialect as anthropic
from llmring.dialects.dialect import Dialect
from llmring.dialects.gemini import dialect as gemini
from llmring.dialects.ollama import dialect as ollama
from llmring.dialects.openai_chat import dialect as openai_chat
from llmring.dialects.openai_responses import dialect as openai_responses
from llmring.exceptions import LLMRingError, ProviderError
from llmring.registry.bundled import bundled
from llmring.registry.catalog import unpinned
from llmring.registry.price import Unpriced, cost_of, dollars
from llmring.wire import HttpHead

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "recordings"

DIALECTS: dict[str, Dialect] = {
    "anthropic": anthropic.DIALECT,
    "google": gemini.DIALECT,
    "ollama": ollama.DIALECT,
    "openai_chat": openai_chat.DIALECT,
    "openai_responses": openai_responses.DIALECT,
}
# Our names of providers that have another name in the recordings.
OURS = {"vertex": "google"}
# The same for genai-prices.
THEIRS = {"vertex": "google", "xai": "x-ai", "moonshot": "moonshotai"}
FLAVORS = {"openai_chat": ("chat", "default"), "openai_responses": ("responses",)}


class Priced(Struct, frozen=True, kw_only=True):
    """One recorded call.

    Attributes:
        id: The ID of the recording.
        api: The provider.
        model: The provider's name of the model.
        usage: The token counts as llmring reads them.
        ours: USD by llmring, or the reason why the cost is unknown.
        theirs: USD by genai-prices, or the reason why the cost is unknown.
    """

    id: str
    api: str
    model: str
    usage: Usage
    ours: Decimal | str
    theirs: Decimal | str

    @property
    def kind(self) -> str:
        """The result of the comparison, with the kind of usage that may explain a difference."""
        match self.ours, self.theirs:
            case str(), str():
                return "priced by neither"
            case str(), _:
                return "priced by genai-prices alone"
            case _, str():
                return "priced by llmring alone"
        return "the same" if self.ours == self.theirs else f"different: {self._what_for}"

    @property
    def _what_for(self) -> str:
        usage = self.usage
        kinds = {
            "searches": usage.provider_tool_calls,
            "a cache for an hour": usage.cache_write_1h_tokens,
            "sound": usage.audio_prompt_tokens or usage.audio_completion_tokens,
        }
        return next((kind for kind, count in kinds.items() if count), "plain tokens")


def recorded() -> Iterator[Priced]:
    """Yield all recorded answers that have usage."""
    for path in sorted(FOLDER.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["kind"] in ("chat", "stream"):
                found = _priced(path.stem, record)
                if found is not None:
                    yield found


def _priced(dialect: str, record: dict[str, Any]) -> Priced | None:
    usage = _usage(DIALECTS[dialect], record)
    if usage is None:
        return None
    raw = _raw(record)
    model = str(raw.get("model") or raw.get("modelVersion") or _asked_for(record))
    api = record["api"]
    facts = bundled().find(OURS.get(api, api), model)
    cost = cost_of(usage, facts, bundled().date)
    return Priced(
        id=record["id"],
        api=api,
        model=model,
        usage=usage,
        ours=cost.reason if isinstance(cost, Unpriced) else cost,
        theirs=_theirs(dialect, THEIRS.get(api, api), model, raw),
    )


def _usage(dialect: Dialect, record: dict[str, Any]) -> Usage | None:
    response = record["response"]
    head, body = HttpHead(response["status"], response["headers"]), response["body"].encode()
    try:
        if record["kind"] == "chat":
            events = dialect.decode(head, body)
        else:
            decoder = dialect.decoder(head)
            events = [*decoder.feed(body), *decoder.end()]
        return fold("a:model", events).usage
    except ProviderError:
        return None


def _raw(record: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an answer that its price depends on; a stream's pieces are merged."""
    body: str = record["response"]["body"]
    pieces = [body] if record["kind"] == "chat" else body.splitlines()
    whole: dict[str, Any] = {}
    for piece in pieces:
        try:
            sent = json.loads(piece.removeprefix("data:"))
        except ValueError:
            continue
        for each in sent if isinstance(sent, list) else [sent]:
            if isinstance(each, dict):
                _add(whole, each)
    return whole


def _add(whole: dict[str, Any], sent: dict[str, Any]) -> None:
    inner = sent.get("message") or sent.get("response")
    if isinstance(inner, dict) and "model" in inner:
        sent = inner
    for name, value in sent.items():
        if name in ("usage", "usageMetadata") and isinstance(value, dict):
            result = {key: count for key, count in value.items() if count is not None}
            whole[name] = {**whole.get(name, {}), **result}
        elif value is not None:
            whole[name] = value


def _asked_for(record: dict[str, Any]) -> str:
    path = str(record["request"]["path"])
    return str(record["request"]["json"].get("model") or path.rpartition("/")[2].partition(":")[0])


def _theirs(dialect: str, provider: str, model: str, raw: dict[str, Any]) -> Decimal | str:
    day = datetime.combine(bundled().date, datetime.min.time(), UTC)
    reason = "no way to read the usage"
    for flavor in FLAVORS.get(dialect, ("default",)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read = genai_prices.extract_usage(raw, provider_id=provider, api_flavor=flavor)
                price = genai_prices.calc_price(
                    read.usage, model, provider_id=provider, genai_request_timestamp=day
                )
        except (LookupError, ValueError, TypeError) as error:
            reason = f"{type(error).__name__}: {error}"
        else:
            return price.total_price
    return reason


def recorded_sizes() -> Iterator[tuple[LLMRequest, Usage]]:
    """Yield the recorded requests of texts and functions with the usage of their answers."""
    for path in sorted(FOLDER.glob("*.jsonl")):
        dialect = DIALECTS[path.stem]
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["kind"] not in ("chat", "stream") or "server_tools" in record["tags"]:
                continue
            usage = _usage(dialect, record)
            try:
                body = json.dumps(record["request"]["json"]).encode()
                request = dialect.request_decoding()(body, {}).request
                turns = parse_request(request).turns
            except LLMRingError:
                continue
            texts = all(isinstance(part, TextPart) for turn in turns for part in turn.parts)
            if usage is not None and texts:
                yield request, usage


def table(calls: list[Priced]) -> list[str]:
    """Format the comparison in Markdown, one line for each kind of difference."""
    by_kind: dict[str, list[Priced]] = {}
    for call in calls:
        by_kind.setdefault(call.kind, []).append(call)
    lines = [
        "| calls | count | llmring | genai-prices | models |",
        "|---|---|---|---|---|",
    ]
    for kind, found in sorted(by_kind.items()):
        models = Counter(f"{call.api}:{unpinned(call.model)}" for call in found)
        listed = ", ".join(f"{model} {count}" for model, count in models.most_common(6))
        ours, theirs = (_sum(call.ours for call in found), _sum(call.theirs for call in found))
        lines.append(f"| {kind} | {len(found)} | {ours} | {theirs} | {listed} |")
    return lines


def _sum(costs: Iterable[Decimal | str]) -> str:
    known = [cost for cost in costs if not isinstance(cost, str)]
    return dollars(sum(known, Decimal(0))) if known else "none"


def main() -> None:
    """Print the comparison."""
    sys.stdout.write("\n".join(table(list(recorded()))) + "\n")


if __name__ == "__main__":
    main()
