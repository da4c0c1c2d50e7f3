"""Made-up requests for all endpoints of a real gateway, by its description in OpenAPI.

    PYTHONPATH=tests python -m gateway.openapi.fuzz_api --seconds 600

Schemathesis makes requests that fit the description and requests that do not, and checks that no
answer is a fault of the server, that each answer is as described, and that what does not fit is
refused. That all that fits is accepted is not checked: JSON Schema can't express, for instance,
that the result of a tool follows its call.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from gateway.openapi.obliging_vendor import ObligingVendor
from gateway_process import started

_LOCKFILE = """\
version = "1.0"
default_profile = "default"

[providers.obliging]
kind = "openai"
base_url = "{url}"

[gateway.names]
"*" = "fast"

[[profiles.default.bindings]]
alias = "fast"
models = ["obliging:m"]
"""


def fuzz(seconds: int, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Send made-up requests for some time; the exit code is 0 if every answer was right.

    Args:
        seconds: The time.
        folder: An empty folder, for the lockfile.
    """
    with ObligingVendor() as vendor:
        lockfile = folder / "llmring.lock"
        lockfile.write_text(_LOCKFILE.format(url=vendor.url))
        environment = {"LLMRING_CACHE_DIR": str(folder), "LLMRING_LEDGER": "0"}
        with started("--file", str(lockfile), env=environment) as gateway:
            return subprocess.run(
                [
                    *(sys.executable, "-m", "schemathesis.cli", "run"),
                    f"http://127.0.0.1:{gateway.port}/openapi.json",
                    *("--max-time", str(seconds)),
                    *("--phases", "coverage,fuzzing"),
                    *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
                    *("--warnings", "off", "--continue-on-failure", "--max-failures", "20"),
                    "--generation-database=none",
                ],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    with tempfile.TemporaryDirectory() as folder:
        ended = fuzz(parser.parse_args().seconds, Path(folder))
    print(ended.stdout)  # noqa: T201 -- the report
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
