"""The state that the parts of a ring share, made once, when it is first needed."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from llmring import ConfigurationError, LLMRing, ProviderTimeoutError
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
        'late = ["httptools", "llmring.files.registered", "llmring.limits.lease_broker", "redis"]\n'
        "print([each for each in late if each in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout == "[]\n"


def test_a_ring_pickles_as_its_arguments(
    lockfile: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
    ring = LLMRing(lockfile(fast=["mock:echo", "mock:slow?ms=60000"]), timeout=0.2)

    data = pickle.dumps(ring)
    again = pickle.loads(data)  # noqa: S301 -- the test's own

    assert b"sk-first" not in data
    assert again.resolve_alias("fast") == "mock:echo"
    assert again.chat("fast", "Hi").content == "Hi"
    with pytest.raises(ProviderTimeoutError):
        again.chat("mock:slow?ms=60000", "Hi")


def test_a_process_pool_gets_a_ring(lockfile: Callable[..., Path], tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"""
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from llmring import LLMRing

def echo(ring):
    return ring.chat("fast", "Hi").content

if __name__ == "__main__":
    ring = LLMRing({str(lockfile(fast=["mock:echo"]))!r})
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        print(pool.submit(echo, ring).result(60))
""")

    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout == "Hi\n", done.stderr


def test_a_ring_with_keys_of_its_own_does_not_pickle_and_says_why(
    lockfile: Callable[..., Path],
) -> None:
    ring = LLMRing(lockfile(fast=["mock:echo"]), environ={"OPENAI_API_KEY": "sk-none"})

    with pytest.raises(TypeError, match=r"made with environ= is not pickled.*make one in each"):
        pickle.dumps(ring)
