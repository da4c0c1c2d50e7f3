"""What came of the calls, and the tables of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

# What a client can see: the right answer; another one that looks complete; one that ends without
# an error, but without the mark of a complete answer; an error.
KINDS = ("well", "wrong", "short", "error")
TITLES = {
    "chat": "Chat Completions",
    "responses": "Responses",
    "messages": "Messages",
    "gemini": "Gemini",
    "ollama": "Ollama",
}


class Seen(NamedTuple):
    """What the client of a call has seen.

    Attributes:
        kind: One of `KINDS`.
        sent: Requests that it has sent.
        seconds: Its time.
        note: The error, or the text that was wrong.
    """

    kind: str
    sent: int
    seconds: float
    note: str


class Outcome(NamedTuple):
    """What came of one call.

    Attributes:
        api: The client's API.
        fault: The fault of the first model.
        seen: What the client has seen.
        first: Requests to the first model.
        second: Requests to the second model.
        tokens: Tokens that both have sent.
    """

    api: str
    fault: str
    seen: Seen
    first: int
    second: int
    tokens: int

    def told(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        seen = self.seen._replace(seconds=round(self.seen.seconds, 2), note=self.seen.note[:300])
        return {**self._asdict(), "seen": seen._asdict()}


class Measured(NamedTuple):
    """A gateway with its version, and what came of its calls."""

    gateway: str
    outcomes: list[Outcome]

    @property
    def missed(self) -> list[Outcome]:
        """The calls whose first model was never asked."""
        return [each for each in self.outcomes if not each.first]


def table(results: Sequence[Measured], apis: Sequence[str]) -> list[str]:
    """Format a row for each gateway and API."""
    titles = ["gateway", "client's API", "answered well", "wrong", "cut short", "error"]
    titles += ["client's requests", "requests to models", "tokens bought", "per right answer"]
    titles += ["seconds"]
    lines = [_row(titles), "|---|---|" + "--:|" * (len(titles) - 2)]
    for each in results:
        others = []
        for api in apis:
            mine = [outcome for outcome in each.outcomes if outcome.api == api]
            if mine:
                lines.append(_row([each.gateway, TITLES[api], *_cells(mine)]))
            else:
                others.append(TITLES[api])
        if others:
            empty = [""] * (len(titles) - 3)
            lines.append(_row([each.gateway, ", ".join(others), "not offered", *empty]))
    return lines


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cells(outcomes: Sequence[Outcome]) -> list[str]:
    counts = {kind: sum(each.seen.kind == kind for each in outcomes) for kind in KINDS}
    total = len(outcomes)
    tokens = sum(each.tokens for each in outcomes)
    well = counts["well"]
    return [
        f"{well} of {total}",
        *(str(counts[kind]) for kind in KINDS[1:]),
        f"{sum(each.seen.sent for each in outcomes):,}",
        f"{sum(each.first + each.second for each in outcomes):,}",
        f"{tokens:,}",
        f"{tokens / well:.0f}" if well else "none",
        f"{sum(each.seen.seconds for each in outcomes) / total:.1f}",
    ]


def table_of_faults(results: Sequence[Measured]) -> list[str]:
    """Format a row for each fault, with the gateways next to each other."""
    faults = dict.fromkeys(outcome.fault for each in results for outcome in each.outcomes)
    lines = [_row(["fault", *(each.gateway for each in results)])]
    lines.append("|---|" + "--:|" * len(results))
    for fault in faults:
        cells = [_share(one for one in each.outcomes if one.fault == fault) for each in results]
        lines.append(_row([fault, *cells]))
    return lines


def _share(outcomes: Iterable[Outcome]) -> str:
    found = list(outcomes)
    share = f"{sum(each.seen.kind == 'well' for each in found)} of {len(found)}"
    wrong = sum(each.seen.kind in ("wrong", "short") for each in found)
    return f"{share} ({wrong} without error)" if wrong else share
