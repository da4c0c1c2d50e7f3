"""The environments of the other gateways.

    python benchmarks/gateways/installed.py .venv-peers

installs the newest version of each that the indexes have. Those that can't be installed are
reported and left out.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import peers

PORTKEY = "portkey"
ENVIRONMENTS = ("litellm-proxy", PORTKEY, "tensorzero")

# With the newer versions of the server's library that npm would take, every answer of the gateway
# is a 500 ("immutable"). Its repository has this version, with this change in `patches`.
NODE_SERVER = "1.13.5"
_BEFORE = "return responseViaResponseObject(res, outgoing, options);"
_AFTER = "return await responseViaResponseObject(res, outgoing, options);"
_CHANGED = "node_modules/@hono/node-server/dist/index.mjs"


def install(folder: Path, names: Iterable[str] = ENVIRONMENTS) -> dict[str, str]:
    """Install what is missing; return why some could not be."""
    wanted = set(names)
    failed = peers.install(folder, wanted - {PORTKEY})
    place = folder / PORTKEY
    done = place / peers.DONE
    if PORTKEY in wanted and not done.is_file():
        fault = _portkey(place)
        if fault is None:
            done.write_text(NODE_SERVER)
        else:
            failed[PORTKEY] = fault
            sys.stderr.write(f"{PORTKEY} can't be installed: {fault}\n")
    return failed


def _portkey(place: Path) -> str | None:
    npm = shutil.which("npm")
    if npm is None:
        return "there is no npm"
    sys.stderr.write(f"installing {PORTKEY}\n")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    wanted = {
        "private": True,
        "dependencies": {"@portkey-ai/gateway": "latest"},
        "overrides": {"@hono/node-server": NODE_SERVER},
    }
    (place / "package.json").write_text(json.dumps(wanted))
    ended = subprocess.run(  # noqa: S603  # our own table
        [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        return (ended.stderr.strip().splitlines() or [f"npm ended {ended.returncode}"])[0]
    changed = place / _CHANGED
    changed.write_text(changed.read_text().replace(_BEFORE, _AFTER))
    return None


if __name__ == "__main__":
    sys.exit(1 if install(Path(sys.argv[1])) else 0)
