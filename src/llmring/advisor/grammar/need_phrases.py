"""Phrases that describe a model: "a cheap model of google that reads PDFs and calls tools"."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from llmring.advisor.grammar.chart import Chart, Rule, Values, rules
from llmring.advisor.grammar.intent_parts import DescribedModel
from llmring.advisor.ranking import Need, Order
from llmring.registry.catalog import Capability

Kind = Literal[
    "order", "capability", "provider", "line", "input price", "output price", "context", "none"
]


class Feature(Struct, frozen=True):
    """A part of a description."""

    kind: Kind
    value: Any = None


Features = tuple[Feature, ...]

_NOTHING = Feature("none")
# The providers of the user's own machine.
OWN_MACHINE = ("local", "ollama")


def provider(chart: Chart, at: int) -> Iterator[tuple[str, int]]:
    """Yield the name of a provider."""
    token = chart.tokens[at] if at < len(chart.tokens) else None
    if token is not None and token.word in chart.names.providers:
        yield token.word, at + 1


def brand(chart: Chart, at: int) -> Iterator[tuple[str, int]]:
    """Yield the first word of the names of a line of models, such as "gemini"."""
    token = chart.tokens[at] if at < len(chart.tokens) else None
    word = token.word.removesuffix("s") if token is not None else ""
    if word in chart.names.models.brands - chart.names.providers:
        yield word, at + 1


def _is(kind: Kind, value: Any = None) -> Any:
    return lambda _: Feature(kind, value)


def _order(order: Order) -> Any:
    return _is("order", order)


def _able(capability: Capability) -> Any:
    return lambda _: capability


def _one(v: Values) -> Any:
    return (v["one"],)


def _more(v: Values) -> Any:
    return (v["one"], *v["more"])


def _features(v: Values) -> Features:
    found: list[Feature] = []
    for value in v.values():
        found += value if isinstance(value, tuple) else (value,)
    return tuple(found)


def described(features: Features) -> DescribedModel | None:
    """Combine the parts of a description; None if they contradict each other."""
    by_kind: dict[Kind, list[Any]] = {}
    for feature in features:
        values = by_kind.setdefault(feature.kind, [])
        if feature.value not in values:
            values.append(feature.value)
    for kind in ("input price", "output price", "context"):
        if len(by_kind.get(kind, ())) > 1:
            return None
    orders: list[Order] = by_kind.get("order", [])
    providers = [name for group in by_kind.get("provider", ()) for name in group]
    need = Need(
        capabilities=tuple(sorted(by_kind.get("capability", ()))),
        min_context=next(iter(by_kind.get("context", ())), None),
        max_input_price=next(iter(by_kind.get("input price", ())), None),
        max_output_price=next(iter(by_kind.get("output price", ())), None),
        providers=tuple(dict.fromkeys(providers)),
        lines=tuple(by_kind.get("line", ())),
        order=orders[0] if orders else "cheapest",
    )
    is_local = set(providers) == set(OWN_MACHINE)
    says_more = orders or need.capabilities or need.min_context or need.max_input_price
    return DescribedModel(need, is_precise=len(orders) < 2 and bool(says_more or is_local))


def _described(v: Values) -> DescribedModel | None:
    return described(_features(v))


def _context(v: Values) -> Feature | None:
    tokens = v["number"]
    return Feature("context", int(tokens)) if tokens >= 1000 else None


def _price(v: Values) -> Features:
    limit: Decimal = v["money"]
    return (Feature("input price", limit),)


def _output_price(v: Values) -> Features:
    return (Feature("output price", v["money"]),)


_READ = (
    "(read|reads|reading|see|sees|seeing|understand|understands|understanding|handle|handles|"
    "handling|process|processes|processing|take|takes|taking|accept|accepts|accepting|support|"
    "supports|supporting|parse|parses|parsing|look at|looks at|looking at|analyze|analyzes|"
    "analyse|analyses|view|views|has|have|having|do|does|doing|get|gets|deal with|deals with|"
    "work with|works with|ingest|ingests|open|opens)"
)
_CALL = (
    "(call|calls|calling|use|uses|using|support|supports|supporting|handle|handles|do|does|has|"
    "have|invoke|invokes|make|makes|accept|accepts|take|takes)"
)
_WRITE = (
    "(return|returns|returning|output|outputs|produce|produces|producing|emit|emits|write|writes|"
    "writing|generate|generates|support|supports|supporting|speak|speaks|give|gives|do|does|has|"
    "have|follow|follows|respond in|answer in|answers in|answers with)"
)
_HEAR = "(hear|hears|hearing|listen to|listens to|listening to|transcribe|transcribes)"
_BELOW = (
    "(under|below|less than|at most|cheaper than|for less than|up to|max|maximum|costing less than|"
    "not more than|no more than|for at most|for under|within|that costs less than|"
    "that costs at most|costs less than|that is under|priced under|costing at most|for max|"
    "that costs under|costing under|costs under|costs at most|costs no more than|costs not more "
    "than|costs up to|that costs no more than|costs below|that costs below|is under|is below|"
    "is cheaper than|that is cheaper than|that is below|is less than|that is less than)"
)
_IMAGES = "(images|image|photos|photo|pictures|screenshots|image input|image inputs|scans)"
_PDFS = "(pdfs|pdf|documents|pdf files|pdf documents|pdf input)"
_AUDIO = "(audio|speech|voice|recordings|sound|audio files|audio input)"
_TOOLS = "(tools|tool|functions|function calling|tool calling|tool calls|function calls|tool use)"
_JSON = (
    "(json|structured output|structured outputs|json schema|json schemas|json_schema|schemas|"
    "json output|json mode|structured json)"
)

RULES: dict[str, tuple[Rule, ...]] = {
    "ability": rules(
        (f"[{_READ}] (vision|{_IMAGES}|multimodal)", _able("vision")),
        (f"[{_READ}] {_PDFS}", _able("documents")),
        (f"[{_READ}|{_HEAR}] {_AUDIO}", _able("audio")),
        (f"[{_CALL}] {_TOOLS}", _able("tools")),
        (f"[{_WRITE}] {_JSON}", _able("json_schema")),
        (
            "(reason|reasons|reasoning|think|thinks|thinking|support reasoning|supports reasoning|"
            "support thinking|supports thinking|do reasoning|has reasoning)",
            _able("reasoning"),
        ),
        (f"[{_READ}] (caching|prompt caching|cache prompts)", _able("caching")),
    ),
    "abilities": rules(
        ("<one:ability>", _one),
        (
            "[both] <one:ability> (and|,|, and|plus|and can|and that|and which|"
            "or) <more:abilities>",
            _more,
        ),
    ),
    "vendor": rules(
        ("<provider>", lambda v: Feature("provider", (v["provider"],))),
        ("<brand>", lambda v: Feature("line", v["brand"])),
    ),
    "vendors": rules(
        ("<one:vendor>", _one),
        ("[either] <one:vendor> (and|or|,|, or) <more:vendors>", _more),
    ),
    "quality": rules(
        (
            "(cheapest|cheap|inexpensive|not expensive|affordable|low cost|low-cost|budget|"
            "economical|lowest cost|least expensive|lowest priced|most affordable|cost effective|"
            "cost-effective)",
            _order("cheapest"),
        ),
        (
            "(fast|fastest|quick|quickest|small|smallest|lightweight|light|speedy|low-latency|"
            "low latency|tiny)",
            _order("cheapest"),
        ),
        (
            "(best|smart|smartest|strongest|strong|powerful|most powerful|most capable|capable|"
            "top|premium|highest quality|high quality|high-quality|flagship|most intelligent|"
            "most expensive|deep|top quality)",
            _order("best"),
        ),
        ("(newest|latest|most recent|recent|new)", _order("newest")),
        (
            "(longest context|largest context|biggest context|long context|long-context|"
            "large context|big context)",
            _order("longest context"),
        ),
        ("(vision|multimodal|image)", _is("capability", "vision")),
        (
            "(tool calling|tool-calling|function calling|function-calling|tool using)",
            _is("capability", "tools"),
        ),
        ("(reasoning|thinking)", _is("capability", "reasoning")),
        ("(json|structured output)", _is("capability", "json_schema")),
        ("(audio|speech)", _is("capability", "audio")),
        ("(pdf|document)", _is("capability", "documents")),
        (
            "(local|offline|self-hosted|self hosted|on-device|locally running)",
            _is("provider", OWN_MACHINE),
        ),
        ("<vendor> ['s]", lambda v: v["vendor"]),
        ("(good|decent|solid|suitable|some|any|capable enough|chat|text)", lambda _: _NOTHING),
    ),
    "superlative": rules(
        ("(cheapest|least expensive|most affordable)", _order("cheapest")),
        ("(best|smartest|strongest|most powerful|most capable)", _order("best")),
        ("(newest|latest|most recent)", _order("newest")),
    ),
    "qualities": rules(
        ("<one:quality>", _one),
        ("<one:quality> [and|,|but|yet] <more:qualities>", _more),
    ),
    "able_to": rules(
        (
            "<abilities>",
            lambda v: tuple(Feature("capability", each) for each in v["abilities"]),
        ),
    ),
    "noun": rules(
        ("(model|models|one|something|anything|option|ones)", lambda _: ()),
    ),
    "tail": rules(
        (
            "(that|which|who) [can|could|is able to|are able to|knows how to|will|should] [be able "
            "to] <abilities>",
            lambda v: tuple(Feature("capability", each) for each in v["abilities"]),
        ),
        (
            "(with|supporting|having|including|capable of|able to|for|to|can|needing|with support "
            "for|"
            "that is capable of|that is good at|that has support for) <abilities>",
            lambda v: tuple(Feature("capability", each) for each in v["abilities"]),
        ),
        (
            "(supporting|reading|calling|handling) <abilities>",
            lambda v: tuple(Feature("capability", each) for each in v["abilities"]),
        ),
        ("(from|by|of|made by|at|on|hosted by) <vendors>", lambda v: v["vendors"]),
        (
            f"{_BELOW} <money:price> [(per|each|for) (million|1m|1 million|m) [input|prompt] "
            "[tokens]]",
            _price,
        ),
        (
            f"{_BELOW} <money:price> (per|each|for) (million|1m|1 million|m) (output|"
            "completion) [tokens]",
            _output_price,
        ),
        (
            "[with|of|that has|has|having] [at least|minimum|min|over|more than] <number> [tokens] "
            "[of] (context|tokens|context window|token context)",
            lambda v: _context(v) and (_context(v),),
        ),
        (
            "[with] context [window] of [at least] <number> [tokens]",
            lambda v: _context(v) and (_context(v),),
        ),
        (
            "(for|with|that reads|that takes|that handles) (long|large|huge|big|very long) "
            "(documents|context|contexts|inputs|texts|prompts|files|context window)",
            lambda _: (Feature("order", "longest context"),),
        ),
        (
            "[that] [runs|running|run|that runs] (locally|offline|on own machine|on own computer|"
            "on this machine|on laptop|on machine|on computer)",
            lambda _: (Feature("provider", OWN_MACHINE),),
        ),
        (
            "[,] [and] [with] (no|without|without any|not in|not from) (cloud|cloud models|"
            "cloud providers|internet|network|external apis|external calls)",
            lambda _: (Feature("provider", OWN_MACHINE),),
        ),
        (
            "(that|which) [should] (is|be) <qualities>",
            lambda v: v["qualities"],
        ),
        (
            "[,|;|.] [and] (it should be|keep it|make it|preferably|ideally|as) <qualities> [as "
            "possible|one|ones|if you can]",
            lambda v: v["qualities"],
        ),
        (
            "(you know|you have|you can find|there is|available|in catalog|in registry)",
            lambda _: (),
        ),
        (
            "[,|;] <superlative> (one|possible|available|there is|you have|you can find|you know)",
            lambda v: (v["superlative"],),
        ),
        (
            "[,|;] [and] (preferably|ideally|prefer|i prefer|we prefer) [one|ones] [from|of|by] "
            "<vendors>",
            lambda v: v["vendors"],
        ),
    ),
    "tails": rules(
        ("<one:tail>", lambda v: v["one"]),
        ("<one:tail> [and|,|, and] <more:tails>", lambda v: (*v["one"], *v["more"])),
    ),
    "need": rules(
        (
            "<provider>",
            lambda v: DescribedModel(Need(providers=(v["provider"],)), is_precise=False),
        ),
        ("<qualities> <noun> [<tails>]", _described),
        ("<noun> <tails>", _described),
        ("(something|anything|model) <qualities> [<tails>]", _described),
        ("<qualities> <vendor> [<tails>]", _described),
        ("<superlative> <tails>", _described),
        (
            "(whatever|whichever|what|anything that|something that|one that|whatever model) is "
            "<qualities> [[,] (and|that|which) [can] <can:able_to>]",
            _described,
        ),
        (
            "(whatever|whichever|whatever model|whichever model) <can:able_to> [and is "
            "<qualities>]",
            _described,
        ),
        ("<vendor> <noun> <tails>", _described),
    ),
    # Parts of a description alone, as in an answer to a question for needs.
    "needs": rules(
        ("<one:part>", lambda v: v["one"]),
        ("<one:part> [and|,|, and] <more:needs>", lambda v: (*v["one"], *v["more"])),
    ),
    "part": rules(
        ("<quality>", lambda v: (v["quality"],)),
        ("<tail>", lambda v: v["tail"]),
        ("<ability>", lambda v: (Feature("capability", v["ability"]),)),
        ("<context>", lambda v: (v["context"],)),
    ),
    "context": rules(
        ("[context] [of] [at least] <number> [tokens|context]", _context),
    ),
}
LEXEMES = {"provider": provider, "brand": brand}
