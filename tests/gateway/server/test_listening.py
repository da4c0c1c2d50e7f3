"""The socket of the gateway."""

import pytest

from llmring import ConfigurationError
from llmring.gateway.server.listening import listening


def test_g173_a_free_port_is_found() -> None:
    with listening("127.0.0.1", 0) as door:
        host, port = door.getsockname()

    assert host == "127.0.0.1"
    assert port > 0


def test_g173_a_port_in_use_is_named() -> None:
    with listening("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port}"):
            listening("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "x" * 300])
def test_g173_an_address_of_another_machine_is_an_error(host: str) -> None:
    with pytest.raises(ConfigurationError, match="--host"):
        listening(host, 0)
