"""Keys planted in the environment, in addresses and in headers show up in no output.

Each provider has its own, in each of several shapes; servers send them back in all places.
"""

import asyncio
import contextlib
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import redis

from conftest import Way
from ledgers import PostgresServer, running_postgres, wait_for
from llmring import LLMRing, LLMRingError
from llmring.chat.events import Event, Finished, Started, TextDelta
from llmring.cli.main import main
from llmring.dialects.reply_encoding import Envelope
from llmring.limits import redis_connection
from llmring.providers.table import PROVIDERS
from llmring.redaction import MASK
from loopback import Answer, Loopback, as_stream
from planted import SHAPES, Mirror, Outputs, Planted, echoes
from rings import TODAY, run_program
from traces import Seen, collected
from vendors import APIS, USED, Api

Serve = Callable[..., Loopback]

# Those with an address, most of which take a key; the first four have APIs of their own.
NAMES = [row.name for row in PROVIDERS.values() if row.base_url_env]
OWN_APIS = 4
LEDGER = "ledger.sqlite"
ECHOES = list(echoes(Planted("openai", "of no known shape", "environment")))
BOUND = '["openai:any", "anthropic:any", "google:any"]'
HEAD = f"""
version = "1.0"
default_profile = "default"

[[profiles.default.bindings]]
alias = "fast"
models = {BOUND}

[profiles.recording]
extends = "default"
mode = "record"
recordings = "recordings"

"""


@pytest.fixture
def outputs(caplog: pytest.LogCaptureFixture) -> Outputs:
    """Return the outputs of a test, which logs everything."""
    caplog.set_level(logging.DEBUG)
    for name in ("aiohttp.client", "asyncio", "llmring"):
        caplog.set_level(logging.DEBUG, name)
    return Outputs()


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    with collected(monkeypatch) as result:
        yield result


def planted(turn: int = 0) -> list[Planted]:
    """Return the secrets of all providers; sources and shapes take turns, from this one on."""
    shapes, sources = list(SHAPES), ("environment", "lockfile")
    return [
        Planted(name, shapes[nth % len(shapes)], sources[nth % 2])
        for nth, name in enumerate(NAMES, turn)
    ]


def variables(url: str, secrets: list[Planted]) -> dict[str, str]:
    """Return the variables of a process with these secrets; its ledger is in this folder."""
    found = {
        "LLMRING_RETRIES": "0",
        "LLMRING_TODAY": TODAY,
        "LLMRING_LOG_CONTENT": "1",
        "LLMRING_LEDGER_URL": f"sqlite://{Path.cwd() / LEDGER}",
    }
    for each in secrets:
        found |= each.environ(url)
    return found


def write_lockfile(url: str, secrets: list[Planted], more: str = "") -> Path:
    path = Path("llmring.lock")
    path.write_text(HEAD + more + "\n".join(each.table(url) for each in secrets))
    return path


async def errors_of(ring: LLMRing, model: str, way: Way) -> list[LLMRingError]:
    """Make a whole and a streamed call, and return their errors."""
    found = []
    for streamed in (False, True):
        try:
            if way.name == "sync" and streamed:
                list(ring.chat_stream(model, "Hello", profile="recording"))
            elif way.name == "sync":
                ring.chat(model, "Hello", profile="recording").result()
            elif streamed:
                async for _ in ring.chat_stream(model, "Hello", profile="recording"):
                    pass
            else:
                await ring.chat(model, "Hello", profile="recording")
        except LLMRingError as error:
            found.append(error)
    return found


@pytest.mark.parametrize("echo", ECHOES)
def test_a_key_that_a_server_sends_back_is_in_no_output(
    way: Way,
    serve: Serve,
    outputs: Outputs,
    seen: Seen,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    echo: str,
) -> None:
    turn = ECHOES.index(echo)
    secrets = planted(turn)
    secrets = secrets[:OWN_APIS] + secrets[OWN_APIS + turn % 3 :: 3]
    server = serve(Answer())
    ring = LLMRing(
        write_lockfile(server.url, secrets),
        environ=variables(server.url, secrets),
        telemetry="content",
        on_attempt=lambda attempt: outputs.add("an observer", repr(attempt)),
        on_failover=lambda *what: outputs.add("an observer", repr(what)),
    )
    with warnings.catch_warnings(record=True) as warned, ring:
        warnings.simplefilter("always")
        for each in secrets:
            server.answers = [echoes(each)[echo]]
            found = asyncio.run(errors_of(ring, f"{each.provider}:any", way))
            for error in found:
                outputs.add_error("an error", error)
            assert len(found) == 2
        outputs.add("status", ring.status().result().to_json())
        outputs.add("the ring", repr(ring) + repr(ring.list_bindings()))
    assert len(wait_for(Path(LEDGER), 2 * len(secrets))) == 2 * len(secrets)
    outputs.add("warnings", "".join(str(warning.message) for warning in warned))
    outputs.add_process(seen, caplog, capfd)
    outputs.add_files("files", tmp_path)

    assert {"an observer", "status", "spans", f"files: {LEDGER}"} <= outputs.places
    assert outputs.leaks(*secrets) == []


@pytest.mark.parametrize("name", APIS)
def test_a_key_that_a_server_gives_as_the_name_of_its_model_is_in_no_record(
    way: Way,
    serve: Serve,
    outputs: Outputs,
    seen: Seen,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    name: str,
) -> None:
    api = APIS[name]
    secrets = [Planted(api.provider, shape, "environment") for shape in SHAPES]
    for secret in secrets:
        server = serve(Answer())
        path = write_lockfile(server.url, [secret], api.lockfile)
        ring = LLMRing(path, environ=variables(server.url + api.path, [secret]))
        shown = " ".join(secret.sent)
        events: list[Event] = [
            Started(shown, shown),
            TextDelta("Hi"),
            USED,
            Finished("stop", shown),
        ]
        for streamed, call in ((False, way.chat), (True, way.stream)):
            server.answers = [answer_of(api, events, streamed=streamed)]
            call(ring, api.model, "Hello")
    assert len(wait_for(Path(LEDGER), 2 * len(secrets))) == 2 * len(secrets)
    outputs.add_process(seen, caplog, capfd)
    outputs.add_files("files", tmp_path)

    assert outputs.leaks(*secrets) == []


def answer_of(api: Api, events: list[Event], *, streamed: bool) -> Answer:
    """Return the answer of these events, as the API's own servers send it."""
    if streamed:
        pieces = api.encoding.stream(events, Envelope())
        return as_stream(*pieces, content_type=api.encoding.stream_type)
    body = api.encoding.whole(events, Envelope())
    return Answer([body], 200, {"content-type": "application/json"})


def test_a_key_that_a_server_sends_back_to_any_operation_is_in_no_error(
    outputs: Outputs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "notes.pdf"
    file.write_bytes(b"%PDF-1.4 notes")
    failures = 0
    for secret in planted():
        with Mirror(Answer()) as server:
            path = write_lockfile(server.url, [secret])
            with LLMRing(path, environ=variables(server.url, [secret])) as ring:
                ring.register_file(file, "notes")
                for operation in OPERATIONS:
                    try:
                        outputs.add("a result", repr(operation(ring, secret.provider)))
                    except LLMRingError as error:
                        failures += 1
                        outputs.add_error("an error", error)
            assert server.requests, secret.provider
    outputs.add("the log", caplog.text)

    assert failures > 3 * len(NAMES)
    assert outputs.leaks(*planted()) == []


def max_of(numbers: list[int]) -> int:
    """Return the largest number."""
    return max(numbers)


OPERATIONS: list[Callable[[LLMRing, str], object]] = [
    lambda ring, name: ring.embed(f"{name}:any", "Hello").result(),
    lambda ring, name: ring.list_models(name).result(),
    lambda ring, name: ring.count_tokens(f"{name}:any", "Hello").result(),
    lambda ring, name: ring.run_tools(f"{name}:any", "Hello", tools=[max_of]).result(),
    lambda ring, name: list(ring.stream_tools(f"{name}:any", "Hello", tools=[max_of])),
    lambda ring, name: ring.chat(f"{name}:any", "Hello", files=["notes"]).result(),
]

COMMANDS = [
    ["chat", "Hello"],
    ["chat", "Hello", "--stream"],
    ["chat", "Hello", "--json"],
    ["--debug", "chat", "Hello", "--explain", "-v"],
    ["doctor"],
    ["doctor", "--json"],
    ["doctor", "--live"],
    ["doctor", "--live", "--json"],
    ["status"],
    ["status", "--json"],
    ["providers"],
    ["providers", "--json"],
    ["aliases"],
    ["explain", "fast"],
    ["explain", "fast", "--json"],
    ["info", "fast"],
    ["list", "--json"],
    ["logs"],
    ["logs", "--json", "--failed"],
    ["stats", "--json"],
    ["trust", "--show", "--json"],
    ["lock", "validate"],
    ["lock", "validate", "--json"],
    ["lock", "check"],
    ["lock", "cost"],
    ["lock", "scan"],
    ["lock", "diff", "llmring.lock"],
    ["lock", "try", "fast", "openai:other"],
    ["registry", "update"],
]


@pytest.mark.parametrize("source", ["environment", "lockfile"])
def test_a_planted_key_is_in_no_output_of_a_command(
    outputs: Outputs,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    source: str,
) -> None:
    rounds = [
        [each for each in planted(turn) if each.source == source] for turn in range(len(SHAPES))
    ]
    for secrets in rounds:
        with Mirror(Answer()) as server, pytest.MonkeyPatch.context() as patch:
            path = write_lockfile(server.url, secrets)
            models = json.dumps([f"{each.provider}:any" for each in secrets])
            path.write_text(path.read_text().replace(BOUND, models))
            for name, value in variables(server.url, secrets).items():
                patch.setenv(name, value)
            registry = f"{server.url}/catalog?token={secrets[0].value('key')}"
            patch.setenv("LLMRING_REGISTRY_URL", registry)
            patch.setenv("LLMRING_TRUST", "1")
            for words in COMMANDS:
                patch.setattr("sys.stdin", io.StringIO(""))
                try:
                    main(words)
                except LLMRingError as error:  # with --debug
                    outputs.add_error(" ".join(words), error)
                outputs.add(" ".join(words), "".join(capfd.readouterr()))
            assert len(server.requests) >= 6 * len(secrets)
    outputs.add("the log", caplog.text)

    assert outputs.leaks(*(each for secrets in rounds for each in secrets)) == []


# Addresses that can't be used, with a place for a password and one for a key.
BROKEN = [
    "http://me:{password}@127.0.0.1:9/v1?key={key}",
    "http://127.0.0.1:9/v1?key={key}#{password}",
    "http://me:{password}@[::1/v1?key={key}",
    "ftp://me:{password}@127.0.0.1/?key={key}",
    "me:{password}@127.0.0.1:99999/?key={key}",
    "//me:{password}@127.0.0.1/?key={key}",
    "http://me:{password}@127.0.0.1:{key}/v1",
    "http://me:{password}@127.0.0.1:9/{key} /v1",
]
IN_QUERY = [each for each in BROKEN if "key={key}" in each]


@pytest.mark.parametrize("address", BROKEN)
def test_a_key_in_an_address_that_cannot_be_used_is_in_no_output(
    outputs: Outputs,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    address: str,
) -> None:
    secrets = [Planted(name, "of no known shape", "environment") for name in NAMES]
    write_lockfile("", [])
    for each in secrets:
        written = address.format(password=each.value("password"), key=each.value("key"))
        monkeypatch.setenv(PROVIDERS[each.provider].base_url_env[0], written)
        for name, value in each.variables.items():
            monkeypatch.setenv(name, value)
    ring = LLMRing()
    for each in secrets:
        with pytest.raises(LLMRingError) as caught:
            ring.chat(f"{each.provider}:any", "Hello").result()
        outputs.add_error(each.provider, caught.value)
    outputs.add("status", ring.status().result().to_json() + repr(ring))
    for words in COMMANDS:
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        with contextlib.suppress(LLMRingError):
            main(words)
        outputs.add(" ".join(words), "".join(capfd.readouterr()))
    outputs.add("the log", caplog.text)

    assert outputs.leaks(*secrets) == []


@pytest.mark.parametrize("address", IN_QUERY)
def test_a_key_in_an_address_of_a_lockfile_is_in_no_output(
    outputs: Outputs,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    address: str,
) -> None:
    secret = Planted("openai", "of no known shape", "environment")
    written = address.format(password=secret.value("password"), key=secret.value("key"))
    write_lockfile("", [], f"[providers.openai]\nbase_url = {json.dumps(written)}\n")
    with pytest.raises(LLMRingError) as caught:
        LLMRing("llmring.lock").chat("openai:any", "Hello").result()
    outputs.add_error("an error", caught.value)
    monkeypatch.setenv("LLMRING_TRUST", "1")
    for words in COMMANDS:
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        with contextlib.suppress(LLMRingError):
            main(words)
        outputs.add(" ".join(words), "".join(capfd.readouterr()))
    outputs.add("the log", caplog.text)

    assert outputs.leaks(secret) == []


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


def call_all(
    outputs: Outputs, secrets: list[Planted], more: Mapping[str, str], timeout: float | None = 30
) -> None:
    """Call each provider of a server that sends its key back, and add the errors."""
    for each in secrets:
        with Mirror(Answer()) as server:
            path = write_lockfile(server.url, [each])
            with LLMRing(path, environ={**variables(server.url, [each]), **more}) as ring:
                for _ in range(6):
                    with pytest.raises(LLMRingError) as caught:
                        ring.chat(f"{each.provider}:any", "Hello", timeout=timeout).result()
                    outputs.add_error("an error", caught.value)
                outputs.add("status", ring.status().result().to_json())


def test_a_key_that_a_server_sends_back_is_in_no_key_and_no_value_of_redis(
    outputs: Outputs,
    redis_url: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)
    secrets = planted()
    call_all(outputs, secrets, {"LLMRING_REDIS_URL": redis_url})
    reasons = 0
    with redis.Redis.from_url(redis_url) as connection:
        for key in connection.scan_iter():
            outputs.add("a key in Redis", key)
            kind = connection.type(key)
            if kind == b"hash":
                fields = connection.hgetall(key)
                reasons += MASK.encode() in fields.get(b"reason", b"")
                outputs.add("a hash in Redis", repr(fields))
            else:
                read = {b"string": connection.get, b"set": connection.smembers}
                values = read[kind](key) if kind in read else connection.zrange(key, 0, -1)
                outputs.add("a value in Redis", repr(values))
    outputs.add("the log", caplog.text)

    assert reasons == len(secrets)
    assert outputs.leaks(*secrets) == []


def test_a_key_that_a_server_sends_back_is_in_no_row_of_postgresql(
    outputs: Outputs, postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = planted()
    call_all(outputs, secrets, {"LLMRING_LEDGER_URL": postgres_server.url})
    assert len(wait_for(postgres_server.url, 6 * len(secrets))) == 6 * len(secrets)
    with psycopg.connect(postgres_server.url) as connection:
        for (row,) in connection.execute("SELECT t::text FROM llmring_calls t"):
            outputs.add("the calls", row)
        for (row,) in connection.execute("SELECT t::text FROM llmring_ledger t"):
            outputs.add("the ledger", row)
    outputs.add("the log", caplog.text)

    assert "the calls" in outputs.places
    assert outputs.leaks(*secrets) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_the_password_of_redis_and_of_a_database_is_in_no_output_when_they_are_down(
    serve: Serve, outputs: Outputs, tmp_path: Path, shape: str
) -> None:
    secret = Planted("openai", shape, "environment")
    password = quote(secret.value("password"), safe="")
    more = {
        **secret.environ("http://127.0.0.1:9/v1"),
        "LLMRING_LEDGER_URL": f"postgresql://me:{password}@127.0.0.1:9/calls",
        "LLMRING_REDIS_URL": f"redis://me:{password}@127.0.0.1:9/0",
    }
    with Mirror(Answer()) as server:
        more |= secret.environ(server.url)
        code = """
import logging
logging.basicConfig(level=logging.DEBUG)
for _ in range(6):
    try:
        ring.chat(MODEL, "a").result()
    except Exception as error:
        print(repr(error), error)
print(ring.status().result().to_json(), ring)
"""
        out, err, _ = run_program(code, serve(Answer()), more)
    outputs.add("standard output", out)
    outputs.add("standard error", err)
    outputs.add_files("files", tmp_path / "state")

    assert any(place.endswith(".jsonl") for place in outputs.places)
    assert "Redis" in err
    assert outputs.leaks(secret) == []
