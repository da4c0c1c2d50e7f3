import json
import platform
from importlib.metadata import version

from cli.terminal import Call


def test_the_version_in_json_has_python_s_too(call: Call) -> None:
    result = call("version", "--json")

    assert json.loads(result.out) == {
        "llmring": version("llmring"),
        "python": platform.python_version(),
    }
