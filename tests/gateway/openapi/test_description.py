"""The description of the gateway's endpoints: whole, valid, and true of a real gateway."""

import re
from pathlib import Path
from typing import Any

import pytest

from gateway.openapi.fuzz_api import fuzz
from llmring.access.access_records import AccessKey
from llmring.access.key_edits import settings_of
from llmring.gateway import routes
from llmring.gateway.openapi.description import openapi_document

SECONDS = 12


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document()


def operations(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(path, method) for path, methods in document["paths"].items() for method in methods}


def test_g019_every_path_with_a_name_is_described(document: dict[str, Any]) -> None:
    served = {
        (path, method.lower()) for path, methods in routes._EXACT.items() for method in methods
    }

    assert served <= operations(document)


@pytest.mark.parametrize("verb", routes._VERBS)
def test_g021_every_verb_of_google_s_api_is_described(document: dict[str, Any], verb: str) -> None:
    assert (f"/v1beta/models/{{model}}:{verb}", "post") in operations(document)


def test_g021_every_path_that_is_described_is_served(document: dict[str, Any]) -> None:
    for path, method in operations(document):
        route = routes.find_route(method.upper(), path.replace("{model}", "m"), {})

        assert route.refusal is None, path


def test_g021_every_schema_is_one(document: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_g021_every_reference_leads_to_a_schema_and_every_schema_is_used(
    document: dict[str, Any],
) -> None:
    referred = set(re.findall(r"#/components/schemas/(\w+)", str(document["paths"])))

    assert referred == document["components"]["schemas"].keys()


def test_g119_every_setting_of_a_key_is_described(document: dict[str, Any]) -> None:
    described = document["components"]["schemas"]["KeySettings"]["properties"]

    assert described.keys() == {"name", *settings_of(AccessKey)}


def test_g021_made_up_requests_for_all_endpoints_find_no_fault(tmp_path: Path) -> None:
    ended = fuzz(SECONDS, tmp_path)

    assert ended.returncode == 0, ended.stdout
