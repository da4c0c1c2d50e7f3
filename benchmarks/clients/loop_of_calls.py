"""The plain loop that a batch is compared with: `loop_of_calls.py INPUT OUTPUT PLACES`.

It sends a chat for each line of a file, PLACES at a time, and writes a line for each answer.
"""

from __future__ import annotations

import asyncio
import json
import sys

from llmring import LLMRing


async def main(given: str, output: str, places: int) -> None:
    """Send a chat for each line."""
    ring = LLMRing("llmring.lock")
    with open(given, encoding="utf-8") as lines, open(output, "w", encoding="utf-8") as out:  # noqa: PTH123

        async def work() -> None:
            for line in lines:
                row = json.loads(line)
                answer = await ring.chat("fast", f"Tell me about {row['text']}")
                out.write(json.dumps({**row, "answer": answer.content}) + "\n")

        async with asyncio.TaskGroup() as group:
            for _ in range(places):
                group.create_task(work())
    await ring.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
