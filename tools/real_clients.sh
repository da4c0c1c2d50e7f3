#!/bin/sh
# Installs real client programs, and runs each through `llmring serve` onto scripted vendors of
# other APIs, on this machine alone:
#
#   tools/real_clients.sh [--folder FOLDER] [--only codex ...] [--checks reads ...] [--save]
#
# Programs: claude-code, codex, gemini-cli, opencode, aider, llm, continue. They need Node.js with
# npm, 1.2 GB, and up to an hour for all; --save writes the table in docs/gateway.md. The
# programs run without a network where the system allows that, as root on Linux.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
export PYTHONPATH="$root/src:$root/tests:$root/tools"
"$python" -m real_clients "$@" --install
if unshare -n true 2>/dev/null; then
	exec unshare -n sh -c 'ip link set lo up && exec "$@"' sh "$python" -m real_clients "$@"
fi
exec "$python" -m real_clients "$@"
