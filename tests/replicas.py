"""Three replicas of the gateway behind nginx, with one PostgreSQL and one Redis, under load.

Each replica has a state folder of its own, as on machines of their own. While clients ask, one
replica is killed and started again, and both servers restart: `make replicas SECONDS=60`.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from ledgers import PostgresServer, running_postgres
from llmring.ledger.daily_report import DayFilter, daily_total
from llmring.ledger.journal import take_up
from llmring.ledger.open import store_at
from llmring.ledger.reader import CallFilter, entries_in
from llmring.ledger.spool import Spool
from redis_server import RedisServer

REPLICAS = 3
CLIENTS = 6

# The key of the last clients may call so often in any minute; that of the others, always.
LIMITED = "limited"
LIMITED_CLIENTS = 2
RPM = 30
PAUSE_SECONDS = 0.05
HOST = "127.0.0.1"

LOCKFILE = """
name = "fleet"

[[profiles.default.bindings]]
alias = "fast"
models = ["mock:stall?ms=20&text=one%20two%20three"]
"""

NGINX = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream gateways {{
    {servers}
    keepalive 32;
  }}
  server {{
    listen {host}:{port};
    location / {{
      proxy_pass http://gateways;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_buffering off;
      proxy_next_upstream error;
    }}
  }}
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def obstacle() -> str | None:
    """Return the reason why no fleet can be started here, or None."""
    if shutil.which("nginx") is None:
        return "nginx is not installed; run apt-get install nginx-light"
    if shutil.which("redis-server") is None and shutil.which("valkey-server") is None:
        return "Redis is not installed; run apt-get install redis-server"
    return PostgresServer.obstacle()


class Replica:
    """A gateway in a process of its own, which can be killed and started again."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        folder.mkdir()
        self.port = free_port()
        self.address = f"{HOST}:{self.port}"
        self._folder = folder
        self._env = {
            **env,
            **{f"XDG_{kind}_HOME": str(folder / kind) for kind in ("STATE", "CACHE", "CONFIG")},
            "HOME": str(folder),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def spool(self) -> Path:
        """The folder of the calls that could not be written."""
        return self._folder / "STATE" / "llmring" / "spool"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.begin()
        self.wait()

    def wait(self) -> None:
        """Wait until it answers."""
        wait_until(lambda: answers(self.port, "/healthz"), self.log)

    def begin(self) -> None:
        """Start it."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "llmring", "serve", "--port", str(self.port)],
                cwd=self._folder.parent,
                env=self._env,
                stdout=log,
                stderr=log,
            )

    def send(self, number: signal.Signals) -> None:
        """Send a signal, and wait for the end."""
        self.signal(number)
        self.ended()

    def ended(self) -> None:
        """Wait for the end."""
        if self._process is not None:
            self._process.wait(30)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-2000:]


class Fleet(msgspec.Struct):
    """What runs.

    Attributes:
        port: The port of nginx.
        replicas: The gateways.
        database: The PostgreSQL server.
        redis: The Redis server.
        keys: A key for each client.
    """

    port: int
    replicas: Sequence[Replica]
    database: PostgresServer
    redis: RedisServer
    keys: Sequence[str]


class Load:
    """Clients that ask one question after the other.

    Args:
        port: The port of nginx.
        keys: A key for each client.
    """

    def __init__(self, port: int, keys: Sequence[str]) -> None:
        self._port = port
        self._keys = keys
        self._ending = threading.Event()
        self.answered: list[str] = []
        self.statuses: Counter[int | str] = Counter()
        self._threads = [
            threading.Thread(target=self._ask, args=(number,)) for number in range(len(keys))
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(60)

    def _ask(self, client: int) -> None:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=20)
        for number in itertools.count():
            if self._ending.is_set():
                break
            request_id = f"call-{client}-{number}"
            body = {
                "model": "fast",
                "stream": number % 2 == 1,
                "messages": [{"role": "user", "content": f"Question {number}"}],
            }
            headers = {"x-request-id": request_id, "authorization": f"Bearer {self._keys[client]}"}
            try:
                connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.statuses[type(error).__name__] += 1
                connection.close()
                continue
            self.statuses[answer.status] += 1
            if answer.status == 429:
                time.sleep(PAUSE_SECONDS)
            is_whole = not body["stream"] or content.endswith(b"data: [DONE]\n\n")
            if answer.status == 200 and is_whole:
                self.answered.append(request_id)
        connection.close()


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has found.

    Attributes:
        answered: Number of answered calls.
        recorded: Number of calls in the ledger.
        counted: Number of calls in its sums by day.
        lost: Answered calls that are not in the ledger.
        twice: Requests with several calls in the ledger.
        limited: The largest number of calls to models in a minute with the limited key.
        blind: The same for those that began without Redis, or after it was gone: each machine keeps
            to its share.
        statuses: Number of answers by their status or failure.
    """

    answered: int
    recorded: int
    counted: int
    lost: Sequence[str]
    twice: Sequence[str]
    limited: int
    blind: int
    statuses: Mapping[int | str, int]


def answers(port: int, path: str) -> bool:
    """Return True if a server answers well."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_until(holds: Callable[[], bool], log: Callable[[], str], seconds: float = 40) -> None:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(log())
        time.sleep(0.05)


@contextmanager
def running_fleet() -> Iterator[Fleet]:
    """Run everything."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "llmring.lock").write_text(LOCKFILE)
        database = stack.enter_context(running_postgres())
        redis = RedisServer(folder, durable=True)
        redis.start()
        stack.callback(redis.stop)
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "LLMRING_LOCKFILE_PATH": str(folder / "llmring.lock"),
            "LLMRING_GATEWAY_DB": database.url,
            "LLMRING_REDIS_URL": redis.url,
            "LLMRING_GATEWAY_SECRET": "a secret of at least 32 characters",
        }
        free = _key(env, "free")
        limited = _key(env, LIMITED, "--rpm", str(RPM))
        keys = [*[free] * (CLIENTS - LIMITED_CLIENTS), *[limited] * LIMITED_CLIENTS]
        replicas = [Replica(folder / f"replica-{number}", env) for number in range(REPLICAS)]
        for replica in replicas:
            stack.callback(replica.send, signal.SIGKILL)
            replica.begin()
        for replica in replicas:
            replica.wait()
        port = _nginx(stack, folder, [replica.address for replica in replicas])
        yield Fleet(port, replicas, database, redis, keys)


def _key(env: Mapping[str, str], name: str, *settings: str) -> str:
    """Make a key, as an operator does."""
    made = subprocess.run(
        [sys.executable, "-m", "llmring", "keys", "create", "--name", name, "--json", *settings],
        env=env,
        check=True,
        capture_output=True,
    )
    key: str = json.loads(made.stdout)["key"]
    return key


def _nginx(stack: ExitStack, folder: Path, addresses: Sequence[str]) -> int:
    port = free_port()
    configuration = folder / "nginx.conf"
    servers = " ".join(f"server {each} max_fails=1 fail_timeout=1s;" for each in addresses)
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(
        NGINX.format(folder=folder, servers=servers, host=HOST, port=port, user=user)
    )
    log = folder / "error.log"
    process = subprocess.Popen(
        [
            shutil.which("nginx") or "nginx",
            "-p",
            str(folder),
            "-c",
            str(configuration),
            "-e",
            str(log),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def stop() -> None:
        process.terminate()
        process.wait(20)

    stack.callback(stop)
    wait_until(lambda: answers(port, "/healthz"), log.read_text)
    return port


def run(fleet: Fleet, seconds: float) -> Findings:
    """Load a fleet, kill a replica and restart both servers meanwhile; return what was found.

    Args:
        fleet: The fleet; its replicas have ended afterwards.
        seconds: How long clients ask, apart from the time that starts take.
    """
    load, step = Load(fleet.port, fleet.keys), seconds / 6
    time.sleep(step)
    victim = fleet.replicas[0]
    victim.send(signal.SIGKILL)
    time.sleep(step)
    victim.start()
    time.sleep(step)
    fleet.database.stop()
    time.sleep(step)
    fleet.database.start()
    gone = datetime.now(UTC)
    fleet.redis.stop()
    time.sleep(step)
    fleet.redis.start()
    time.sleep(step)
    load.end()
    for replica in fleet.replicas:
        replica.signal(signal.SIGTERM)
    for replica in fleet.replicas:
        replica.ended()
    # What could not be written in time is in files, which the next process would take up.
    store = store_at(fleet.database.url)
    for replica in fleet.replicas:
        spool = Spool(replica.spool, fleet.database.url)
        spool.write_to(store)
        take_up(spool.folder, store)
    store.close()
    return _found(fleet, load, gone)


def _found(fleet: Fleet, load: Load, gone: datetime) -> Findings:
    place = fleet.database.url
    calls = [*entries_in(place, CallFilter())]
    recorded = [entry.request_id or "" for entry in calls]
    times = Counter(recorded)
    limited = [each.at for each in calls if each.key == LIMITED and each.attempts]
    missing = [each for each in load.answered if each not in times]
    return Findings(
        answered=len(load.answered),
        recorded=len(recorded),
        counted=daily_total(place, DayFilter()).calls,
        lost=missing,
        twice=[each for each, count in times.items() if count > 1 and each.startswith("call-")],
        limited=_most_in_a_minute([at for at in limited if at < gone]),
        blind=_most_in_a_minute([at for at in limited if at >= gone]),
        statuses=load.statuses,
    )


def _most_in_a_minute(times: Sequence[datetime]) -> int:
    minute = timedelta(minutes=1)
    return max((bisect_left(times, at + minute) - nth for nth, at in enumerate(times)), default=0)


def main() -> int:
    """Run a fleet, and print what was found; fail if a call was lost, counted twice or too many."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    if (reason := obstacle()) is not None:
        sys.stderr.write(f"{reason}\n")
        return 2
    with running_fleet() as fleet:
        found = run(fleet, arguments.seconds)
    sys.stdout.write(f"{msgspec.json.format(msgspec.json.encode(found)).decode()}\n")
    is_right = not found.lost and not found.twice and found.recorded == found.counted
    is_right = is_right and found.limited <= RPM * 1.05 and found.blind <= RPM
    return 0 if is_right and found.answered else 1


if __name__ == "__main__":
    sys.exit(main())
