"""The lockfile in the package."""

import subprocess
import sys
import zipfile
from pathlib import Path

import llmring
from llmring.lockfile.default_lockfile import BUNDLED, bundled_lockfile


def test_in_an_installed_package_it_is_the_file_itself() -> None:
    assert bundled_lockfile() == BUNDLED
    assert BUNDLED.is_file()


def test_from_an_archive_the_bundled_lockfile_and_catalog_are_read(tmp_path: Path) -> None:
    package = Path(llmring.__file__).parent
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        for each in package.rglob("*"):
            if each.is_file() and each.suffix != ".pyc":
                archive.write(each, Path("llmring") / each.relative_to(package))
    code = """
import sys; sys.path.insert(0, "app.zip")
from llmring import LLMRing
ring = LLMRing()
print("app.zip" in sys.modules["llmring"].__file__, ring.list_aliases() != {})
print(ring.chat("mock:echo", "Hi").content, ring.explain("fast").steps != ())
"""

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == ["True", "True", "Hi", "True"], done.stderr
