"""Models named in examples: known to the bundled catalog, and listed before they retire."""

import importlib.util
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from llmring.registry.bundled import bundled
from llmring.registry.catalog import ModelFacts

ROOT = Path(__file__).resolve().parents[2]

# Names that the docs make up outside a page's own `[registry.models]`.
MADE_UP = {
    "anthropic:steady-1": "the fallback in docs/upgrading.md, which is never replaced",
    "openai:chat": "an alias in docs/lockfile.md that a provider's name hides",
    "openai:swift-2": "the model in docs/drift.md that a frozen lockfile refuses",
}


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("examples", ROOT / "tools" / "examples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def retiring() -> ModelFacts:
    return next(model for model in bundled().models if model.provider == "openai" and model.retires)


def test_every_model_in_an_example_is_in_the_catalog_or_is_known_to_be_made_up(
    tool: ModuleType,
) -> None:
    unknown = {each.name for each in tool.examples() if each.facts is None}

    assert unknown == MADE_UP.keys()


def test_no_model_in_an_example_had_retired_on_the_date_of_the_catalog(tool: ModuleType) -> None:
    day = bundled().date
    listed = [each for each in tool.examples() if each.facts is not None]

    assert listed
    assert [each for each in listed if each.facts.retires and each.facts.retires <= day] == []


@pytest.mark.parametrize("place", ["README.md", "docs/lockfile.md", "skills/lockfile/SKILL.md"])
def test_pages_and_skills_are_searched_for_models(tool: ModuleType, place: str) -> None:
    assert any(each.path == Path(place) for each in tool.examples())


def test_the_help_texts_of_commands_are_searched_for_models(tool: ModuleType) -> None:
    assert any(each.path.name == "bind.py" for each in tool.examples())


@pytest.mark.parametrize(
    ("days", "code"), [(89, 1), (90, 0)], ids=["in 89 days, is listed", "in 90 days, is not"]
)
def test_a_model_that_retires(
    tool: ModuleType,
    retiring: ModelFacts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    days: int,
    code: int,
) -> None:
    assert retiring.retires is not None
    today = retiring.retires - timedelta(days=days)
    monkeypatch.setenv("LLMRING_TODAY", today.isoformat())
    (tmp_path / "README.md").write_text(f"# Title\n\nAsk `{retiring}`.\n")

    assert tool.main(tmp_path) == code
    found = capsys.readouterr().out
    assert found.startswith(f"README.md:3: {retiring} retires on {retiring.retires}") == bool(code)


def test_a_model_without_its_provider_and_one_in_a_help_text_are_listed_with_their_lines(
    tool: ModuleType, retiring: ModelFacts, tmp_path: Path
) -> None:
    source = f'# {retiring}\nEXAMPLES = """examples:\n  llmring info {retiring}\n"""\n'
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "info.py").write_text(source)
    (tmp_path / "README.md").write_text(f"\nAnswers of {retiring.name}.\n")

    assert [(str(path), line, name) for path, line, name, _ in tool.examples(tmp_path)] == [
        ("README.md", 2, retiring.name),
        ("src/info.py", 3, str(retiring)),
    ]


def test_a_model_that_its_page_defines_is_left_out(tool: ModuleType, tmp_path: Path) -> None:
    page = '[registry.models."openai:made-up"]\nAsk openai:made-up, then openai:unheard-of.\n'
    (tmp_path / "README.md").write_text(page)

    assert [each.name for each in tool.examples(tmp_path)] == ["openai:unheard-of"]
