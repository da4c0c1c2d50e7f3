"""The gateway behind nginx, which keeps its connections for the requests of many clients."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from llmring.gateway.http import GatewayAnswer
from served_gateway import (
    CHAT,
    ServedGateway,
    echo,
    eventually,
    read_all,
    read_until,
    request,
)

NGINX = shutil.which("nginx")

needs_nginx = pytest.mark.skipif(NGINX is None, reason="needs nginx; apt-get install nginx-light")

CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/errors;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream gateway {{
        server 127.0.0.1:{gateway};
        keepalive 4;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://gateway;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host localhost;
            proxy_request_buffering off;
        }}
    }}
}}
"""
HEAD = f"POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n".encode()
NEXT = b"GET /stolen HTTP/1.1\r\nhost: localhost\r\nx-a: "
ATTACKS = {
    "a length and chunks": HEAD
    + b"content-length: %d\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(NEXT))
    + NEXT,
    "chunks and a shorter length": HEAD
    + b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n%x\r\n" % len(NEXT)
    + NEXT
    + b"\r\n0\r\n\r\n",
    "two lengths": HEAD + b"content-length: 2\r\ncontent-length: 40\r\n\r\n{}" + NEXT,
    "a length with a sign": HEAD + b"content-length: +2\r\n\r\n{}" + NEXT,
    "a list of lengths": HEAD + b"content-length: 2, 2\r\n\r\n{}" + NEXT,
    "a coding with a space": HEAD + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n" + NEXT,
    "an unknown coding": HEAD + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n" + NEXT,
    "two codings": HEAD
    + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n"
    + NEXT,
    "a coding after a tab": HEAD + b"transfer-encoding:\tchunked\r\n\r\n0\r\n\r\n" + NEXT,
    "a coding in a folded line": HEAD + b"x-b: c\r\n transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "an underscore": HEAD + b"transfer_encoding: chunked\r\ncontent-length: 2\r\n\r\n{}" + NEXT,
    "lines without a return": HEAD.replace(b"\r\n", b"\n") + b"content-length: 2\n\n{}" + NEXT,
    "a chunk with an extension": HEAD
    + b'transfer-encoding: chunked\r\n\r\n2;a="\r\n{}\r\n0\r\n\r\n'
    + NEXT,
    "a chunk of a bad size": HEAD + b"transfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk with too much": HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\n{}xx\r\n0\r\n\r\n",
    "trailers": HEAD
    + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nhost: evil\r\nx-request-id: 9\r\n\r\n",
    "a whole address": HEAD.replace(CHAT.encode(), b"http://evil.example" + CHAT.encode())
    + b"content-length: 2\r\n\r\n{}",
    "a body that is cut": HEAD + b"content-length: 50\r\n\r\n{}",
    "a wait for the gateway": HEAD + b"content-length: 2\r\nexpect: 100-continue\r\n\r\n{}" + NEXT,
}


class Proxied(ServedGateway):
    """nginx, to which connections can be made."""

    def __init__(self, port: int) -> None:
        self.port = port


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder: Path = tmp_path_factory.mktemp("nginx")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"data: x\n\n"
            await asyncio.sleep(0.3)

    async def stream(**_: Any) -> GatewayAnswer:
        return GatewayAnswer(headers={"content-type": "text/event-stream"}, body=pieces())

    handlers: Any = {"endpoints.chat:answer_chat": echo, "endpoints.models:list_models": stream}
    user = "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
    with ServedGateway(handlers) as gateway:
        config = CONFIG.format(folder=folder, gateway=gateway.port, port=port, user=user)
        (folder / "nginx.conf").write_text(config)
        assert NGINX is not None
        process = subprocess.Popen(
            [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "log")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            proxied = Proxied(port)
            assert eventually(lambda: _answers(proxied), 10), (folder / "log").read_text()
            yield proxied
        finally:
            process.terminate()
            process.wait(10)


def _answers(proxied: Proxied) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", proxied.port), 5):
        return True
    return False


@needs_nginx
@pytest.mark.parametrize("attack", ATTACKS)
def test_g158_no_request_becomes_a_part_of_another_client_s(nginx: Proxied, attack: str) -> None:
    for _ in range(2):
        with nginx.connect() as opened:
            opened.settimeout(0.3)
            opened.sendall(ATTACKS[attack])
            with suppress(TimeoutError):
                assert b" 500 " not in opened.recv(65536)

        # Those who come next, by the same connections of nginx, get their own answers.
        for number in range(4):
            reply = nginx.ask(body=b'{"own": %d}' % number, x_request_id=f"own-{number}")

            assert reply.status == 200
            assert reply.headers["x-request-id"] == f"own-{number}"
            assert reply.json["path"] == CHAT
            assert reply.json["body"] == f'{{"own": {number}}}'


@needs_nginx
def test_g158_the_pieces_of_a_stream_pass_nginx_as_they_come(nginx: Proxied) -> None:
    with nginx.connect() as opened:
        began = time.monotonic()
        opened.sendall(request("GET", "/v1/models", connection="close"))
        read_until(opened, b"data: x")
        first = time.monotonic() - began
        rest = read_all(opened)

    assert first < 0.3 < time.monotonic() - began
    assert rest.count(b"data: x") == 2
