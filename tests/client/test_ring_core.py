"""The state that the parts of a ring share, made once, when it is first needed."""

import subprocess
import sys
from collections.abc import Callable

import pytest

import answers
from llmring import ConfigurationError, LLMRing
from loopback import Answer, Loopback
from rings import MODEL, ring_at

Serve = Callable[..., Loopback]


def test_chats_streams_and_embeddings_of_a_ring_share_one_connection(serve: Serve) -> None:
    vector = b'{"model": "e", "data": [{"index": 0, "embedding": [1.0]}]}'
    server = serve(
        answers.openai("Hi"),
        answers.openai_stream("Hi"),
        Answer([vector], headers={"content-type": "application/json"}),
    )

    with ring_at(server) as ring:
        ring.chat(MODEL, "Hello").result()
        list(ring.chat_stream(MODEL, "Hello"))
        ring.embed("openai:text-embedding-3-small", "Hello").result()

    assert server.connections == 1


def test_circuits_are_shared_by_all_calls_of_a_ring_and_not_with_other_rings(
    serve: Serve,
) -> None:
    server = serve(answers.openai_error(503))
    broken, other = ring_at(server), ring_at(server)

    for _ in range(3):
        with pytest.raises(Exception, match="503"):
            broken.chat(MODEL, "Hello").result()

    assert [each.model for each in broken.status().circuits] == [MODEL]
    assert other.status().circuits == ()


def test_a_setting_that_can_t_be_used_is_an_error_when_the_ring_is_made() -> None:
    with pytest.raises(ConfigurationError, match="LLMRING_REDIS_URL"):
        LLMRing(environ={"LLMRING_REDIS_URL": "localhost"})


def test_making_a_ring_loads_neither_the_http_library_nor_what_registered_files_need() -> None:
    code = (
        "import sys\nfrom llmring import LLMRing\nLLMRing()\n"
        'late = ["aiohttp", "llmring.files.registered", "llmring.limits.budgets", "redis"]\n'
        "print([each for each in late if each in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout == "[]\n"
