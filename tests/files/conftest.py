"""Files to send."""

from pathlib import Path

import pytest

from files.file_servers import PDF


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(PDF)
    return path
