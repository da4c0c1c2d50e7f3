"""The layout of the folders: small enough to read, without circles, each name once.

The layers, and circles of imports at run time, are checked by import-linter (`make lint`).
"""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
FILES = sorted((SOURCE / "llmring").rglob("*.py"))

MOST_FILES = 24

# Folders that give the names of their files a meaning: an API, a command, a thing that is edited.
NAMING = ("dialects/", "cli/commands", "cli/lock", "lockfile/edit")

# In the registry a model's drift is found; in the audit it is found for a lockfile.
TWICE = {"drift"}

# Errors have the request and the response as attributes, and requests raise errors.
ONLY_TYPES = {("llmring.exceptions", "llmring.chat")}


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def imports(module: str) -> Iterator[str]:
    """Yield the modules that a module imports anywhere, for type checkers too."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)


def is_only_for_types(module: str, imported: str) -> bool:
    return any(module == one and imported.startswith(other) for one, other in ONLY_TYPES)


def test_no_module_imports_itself_through_others_not_even_for_types() -> None:
    # The package itself has the public names, and imports all of them when they are used.
    graph = {
        module: {
            each
            for each in imports(module)
            if each not in (module, "llmring") and not is_only_for_types(module, each)
        }
        for module in MODULES
        if module != "llmring"
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_folder_has_more_files_than_can_be_surveyed() -> None:
    counts = Counter(path.parent for path in FILES if path.name != "__init__.py")

    assert {str(path): count for path, count in counts.items() if count > MOST_FILES} == {}


def test_no_file_name_occurs_twice_unless_its_folder_gives_it_a_meaning() -> None:
    places = defaultdict(list)
    for path in FILES:
        place = str(path.relative_to(SOURCE / "llmring"))
        if path.name != "__init__.py" and not place.startswith(NAMING):
            places[path.stem].append(place)

    assert {
        name: each for name, each in places.items() if len(each) > 1 and name not in TWICE
    } == {}


def test_a_folder_of_the_source_has_one_line_of_its_own() -> None:
    """Names are imported from modules, not from folders; only the package itself is lazy."""
    more = {
        str(path.parent.relative_to(SOURCE))
        for path in FILES
        if path.name == "__init__.py" and len(ast.parse(path.read_text()).body) > 1
    }

    assert more == {"llmring", "llmring/batch", "llmring/testing"}


def test_no_class_name_occurs_twice() -> None:
    places = defaultdict(list)
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name.lstrip("_")].append(module)

    assert {name: each for name, each in places.items() if len(each) > 1} == {}
