"""A program that asks with one of the clients: `python -m transport.contract.asking_program NAME`.

TLS contexts read SSL_CERT_FILE once in a process, so a process of its own asks with it. It reads a
JSON list of requests from its standard input, and prints the outcomes as a JSON list.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TypedDict

from llmring.transport.options import TransportOptions
from transport.contract.contenders import CLIENTS, Contender
from transport.contract.outcomes import outcome_of, request_to


class Ask(TypedDict):
    """Requests to one address, one after the other.

    Attributes:
        url: The address.
        environ: Variables that are set for them.
        methods: A method for each request.
        bytes: The length of each body.
        seconds: The time for the head of each answer.
    """

    url: str
    environ: dict[str, str]
    methods: list[str]
    bytes: int
    seconds: float


async def answers_to(contender: Contender, ask: Ask) -> str:
    """Send the requests of one client, and return the outcomes, with commas."""
    client = contender.make(TransportOptions())
    body, headers = b"a" * ask["bytes"], {"authorization": "Bearer sk-1"}
    try:
        return ", ".join(
            [
                await outcome_of(
                    client, request_to(ask["url"], method, body, headers), seconds=ask["seconds"]
                )
                for method in ask["methods"]
            ]
        )
    finally:
        await client.aclose()


def main() -> None:
    """Ask everything that the standard input names."""
    [contender] = [each for each in CLIENTS if each.name == sys.argv[1]]
    outcomes = []
    ask: Ask
    for ask in json.load(sys.stdin):
        os.environ.update(ask["environ"])
        outcomes.append(asyncio.run(answers_to(contender, ask)))
        for name in ask["environ"]:
            del os.environ[name]
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    main()
