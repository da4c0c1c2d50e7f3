"""The table of providers: its rows, and the templates for servers of one's own."""

import pytest

from llmring.address import is_usable, variables_in
from llmring.providers.table import KINDS, PROVIDERS, Provider

each_row = pytest.mark.parametrize("row", PROVIDERS.values(), ids=PROVIDERS)


@each_row
def test_a_row_is_found_under_its_own_name(row: Provider) -> None:
    assert PROVIDERS[row.name] is row


@each_row
def test_the_address_of_a_row_takes_paths(row: Provider) -> None:
    assert not row.base_url.endswith("/") or row.base_url.endswith("://")
    assert variables_in(row.base_url) or is_usable(row.base_url) or row.base_url.endswith("://")


@each_row
def test_headers_are_in_lower_case(row: Provider) -> None:
    assert all(name == name.lower() for name in (*row.headers, row.key_header or ""))


@each_row
def test_the_main_api_is_the_one_for_chat_and_for_unknown_names(row: Provider) -> None:
    assert row.speaking(None) is row.speaking("chat") is row.speaking("no such api") is row.dialect
    assert all(row.speaking(name).name == api for name, api in row.apis.items())


def test_the_variables_of_a_row_are_those_of_its_key_and_its_address() -> None:
    row = Provider(
        name="mine",
        main_api="openai_chat",
        base_url="https://{REGION}.example.com",
        base_url_env=("MINE_URL",),
        key_env=("MINE_KEY", "OTHER_KEY"),
    )

    assert row.variables == ("MINE_KEY", "OTHER_KEY", "MINE_URL", "REGION")


@pytest.mark.parametrize("row", KINDS.values(), ids=KINDS)
def test_a_template_reads_no_variables_and_has_no_address(row: Provider) -> None:
    assert (row.variables, row.base_url) == ((), "")
    assert row.dialect is PROVIDERS[row.name].dialect


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        PROVIDERS["mine"] = PROVIDERS["openai"]  # type: ignore[index]
