"""Redis or Valkey, used by scripts from a thread that may block, with a short timeout.

Event loops that are busy take none of its time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from llmring.limits import redis_connection
from llmring.limits.counts import StoreError
from llmring.limits.redis_connection import LuaScript, usable_address

if TYPE_CHECKING:
    from redis.connection import ConnectionInterface

_REASON = 200
_MOST_PIECES = 4


class BlockingRedis:
    """One connection to a server, for one thread at a time.

    Args:
        url: The server's address; see `usable_address`.

    Raises:
        ConfigurationError: The address is invalid, or the library is not installed.
    """

    def __init__(self, url: str) -> None:
        self._url, self.place = usable_address(url)
        self._connection: ConnectionInterface | None = None

    def run(self, script: LuaScript, keys: Sequence[str], values: Mapping[str, Any]) -> Any:
        """Return the result of a script.

        Args:
            script: The script.
            keys: The keys that it uses.
            values: Its other arguments.

        Raises:
            StoreError: The server did not give one in time.
        """
        given = (len(keys), *keys, msgspec.json.encode(values))
        is_new = self._connection is None
        try:
            return self._answer(script, given)
        except Exception as error:  # noqa: BLE001 -- of a server that may send anything
            self.close()
            fault = error
        if not is_new and not isinstance(fault, TimeoutError):
            # The server may have closed the connection in the meantime.
            try:
                return self._answer(script, given)
            except Exception as error:  # noqa: BLE001 -- as above
                self.close()
                fault = error
        reason = " ".join(str(fault).split())[:_REASON] or type(fault).__name__
        raise StoreError(reason) from None

    def _answer(self, script: LuaScript, given: tuple[Any, ...]) -> Any:
        from redis.exceptions import NoScriptError

        self._connection = connection = self._connection or _connection(self._url)
        # The time limit is for each piece of an answer, and the pieces may be many.
        patience = threading.Timer(
            _MOST_PIECES * redis_connection.BUDGET_SECONDS, _end, (connection,)
        )
        patience.daemon = True
        patience.start()
        try:
            try:
                return _ask(connection, "EVALSHA", script.sha, *given)
            except NoScriptError:
                return _ask(connection, "EVAL", script.text, *given)
        finally:
            patience.cancel()

    def close(self) -> None:
        """Close the connection; it is opened again on demand."""
        connection, self._connection = self._connection, None
        if connection is not None:
            _end(connection)


def _end(connection: ConnectionInterface) -> None:
    """Close a connection, whatever state its server has left it in."""
    end: Callable[[], None] = connection.disconnect
    with contextlib.suppress(Exception):
        end()


def _ask(connection: ConnectionInterface, *command: Any) -> Any:
    """Return the answer to a command.

    Raises:
        RedisError: The server answers with an error, or can't be reached.
    """
    connect: Callable[[], None] = connection.connect
    send: Callable[..., None] = connection.send_command
    connect()
    send(*command)
    return connection.read_response()


def _connection(url: str) -> ConnectionInterface:
    from redis import ConnectionPool
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    pool = ConnectionPool.from_url(
        url,
        decode_responses=True,
        socket_timeout=redis_connection.BUDGET_SECONDS,
        socket_connect_timeout=redis_connection.BUDGET_SECONDS,
        # Of a lost answer it is not known whether the script has run.
        retry=Retry(NoBackoff(), 0),
    )
    return pool.make_connection()
