"""TLS: trusted certificates, and errors for others."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

import answers
from conftest import Way
from llmring import LLMRing, ProviderConnectionError
from loopback import Loopback
from rings import KEY, MODEL, ring_at, run_program

AUTHORITY = trustme.CA()


@pytest.fixture
def secure() -> Iterator[Callable[[str], Loopback]]:
    """Start servers with a certificate for the given host, signed by the test's authority."""
    servers = []

    def start(host: str) -> Loopback:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        AUTHORITY.issue_cert(host).configure_cert(context)
        servers.append(Loopback(answers.openai("Hi"), tls=context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def trusted(tmp_path: Path) -> dict[str, str]:
    """Return the variable that makes a process trust the test's authority."""
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}


def test_a_server_of_an_unknown_authority_is_refused_with_its_name_and_the_reason(
    way: Way, secure: Callable[[str], Loopback]
) -> None:
    server = secure("127.0.0.1")

    with pytest.raises(ProviderConnectionError) as caught:
        way.chat(ring_at(server), MODEL, "Hello")

    assert "certificate of '127.0.0.1' is refused" in caught.value.message
    assert "issuer" in caught.value.message
    assert server.requests == []


def test_SSL_CERT_FILE_names_an_authority_to_trust(
    secure: Callable[[str], Loopback], trusted: dict[str, str]
) -> None:
    code = 'print(ring.chat(MODEL, "Hello").content)'
    out, err, _ = run_program(code, secure("127.0.0.1"), trusted)

    assert (out, err) == ("Hi\n", "")


def test_a_client_certificate_is_shown_to_a_server_that_asks_for_one(
    trusted: dict[str, str], tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    AUTHORITY.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    own = AUTHORITY.issue_cert("client.example")
    own.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "own.pem"))
    code = 'print(ring.chat(MODEL, "Hello").content)'

    with Loopback(answers.openai("Hi"), tls=context) as server:
        out, _, _ = run_program(code, server, trusted)
        assert "Hi" not in out
        variable = {"LLMRING_CLIENT_CERT": str(tmp_path / "own.pem")}
        out, err, _ = run_program(code, server, trusted | variable)

    assert (out, err) == ("Hi\n", "")


def test_the_next_connection_to_a_host_resumes_its_session(
    trusted: dict[str, str], secure: Callable[[str], Loopback]
) -> None:
    server = secure("127.0.0.1")
    code = """
for _ in range(2):
    with ring:
        ring.chat(MODEL, "Hello")
"""
    _, err, _ = run_program(code, server, trusted)

    assert err == ""
    assert server.resumed == [False, True]


def test_a_certificate_for_another_host_is_refused(
    secure: Callable[[str], Loopback], trusted: dict[str, str]
) -> None:
    server = secure("api.example")
    code = """
from llmring import ProviderConnectionError
try:
    ring.chat(MODEL, "Hello")
except ProviderConnectionError as error:
    print(error.message)
"""
    out, _, _ = run_program(code, server, trusted)

    assert "certificate of '127.0.0.1' is refused" in out
    assert "not valid for '127.0.0.1'" in out
    assert server.requests == []


def test_a_server_without_TLS_is_named_with_the_reason(way: Way) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer_plainly, args=(listener,), daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
        environ = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": KEY, "LLMRING_RETRIES": "0"}
        ring = LLMRing(environ=environ)

        with pytest.raises(ProviderConnectionError) as caught:
            way.chat(ring, MODEL, "Hello")

    assert caught.value.message.startswith("can't open a TLS connection to '127.0.0.1': ")
    assert "http://" in caught.value.message


def answer_plainly(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
