"""Options of HTTP connections from the environment."""

from pathlib import Path

import pytest

from llmring import ConfigurationError
from llmring.config.transport_settings import transport_options
from llmring.transport.options import TransportOptions


def test_an_empty_environment_gives_the_defaults() -> None:
    assert transport_options({}) == TransportOptions()


def test_each_bound_can_be_set() -> None:
    limits = transport_options(
        {
            "LLMRING_MAX_ANSWER_MIB": "3",
            "LLMRING_MAX_ERROR_MIB": "2",
            "LLMRING_MAX_EVENT_MIB": "5",
            "LLMRING_MAX_UNPACK_RATIO": "7",
        }
    ).limits

    assert (limits.body, limits.error, limits.event) == (3 * 2**20, 2 * 2**20, 5 * 2**20)
    assert limits.ratio == 7


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "much", "²", "1000000"])
def test_a_bound_that_is_not_a_number_from_1_is_named(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"LLMRING_MAX_ANSWER_MIB is .* from 1"):
        transport_options({"LLMRING_MAX_ANSWER_MIB": value})


def test_the_files_of_a_certificate_are_named(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.touch()
    key.touch()

    options = transport_options(
        {"LLMRING_CLIENT_CERT": str(certificate), "LLMRING_CLIENT_KEY": str(key)}
    )

    assert (options.certificate, options.key) == (str(certificate), str(key))


def test_a_file_that_is_missing_is_an_error_with_its_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"LLMRING_CLIENT_CERT is .*absent.pem., but no"):
        transport_options({"LLMRING_CLIENT_CERT": str(tmp_path / "absent.pem")})
