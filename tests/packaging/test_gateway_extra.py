"""The packages that the gateway adds to the library, as uv.lock has them."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[2] / "uv.lock"


@cache
def packages() -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in tomllib.loads(LOCK.read_text())["package"]}


def needed(names: list[str], known: dict[str, dict[str, Any]]) -> set[str]:
    found: set[str] = set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            names += [each["name"] for each in known[name].get("dependencies", ())]
    return found


def test_g172_the_gateway_adds_a_server_and_what_it_is_made_of() -> None:
    known = packages()
    library = known["llmring"]
    extra = [each["name"] for each in library["optional-dependencies"]["gateway"]]
    own = needed([each["name"] for each in library["dependencies"]], known)

    assert needed(extra, known) - own == {"click", "h11", "uvicorn", "uvloop"}


def test_g172_every_package_that_the_gateway_adds_is_locked_by_its_hashes() -> None:
    known = packages()
    extra = [each["name"] for each in known["llmring"]["optional-dependencies"]["gateway"]]

    for name in needed(extra, known):
        files = [known[name]["sdist"], *known[name]["wheels"]]

        assert all(each["hash"].startswith("sha256:") for each in files), name
