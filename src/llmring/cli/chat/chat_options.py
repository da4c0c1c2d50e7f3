"""The arguments of `llmring chat`."""

import argparse

from llmring.cli.chat.model_choice import DEFAULT_ALIAS
from llmring.cli.chat.placeholders import pair
from llmring.cli.env_file_option import add_env_file_option
from llmring.cli.lockfile_options import add_options
from llmring.cli.trust_check import add_trust_option


def add_chat_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments, in the order in which the help lists them."""
    _add_question(parser)
    _add_call(parser)
    _add_output(parser)
    add_env_file_option(parser)
    add_trust_option(parser)
    add_options(parser)


def _add_question(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "message",
        metavar="MESSAGE",
        nargs="*",
        help="the message; piped input is appended to it; without one, a terminal "
        "starts a conversation",
    )
    parser.add_argument(
        "--model",
        "-m",
        metavar="ALIAS",
        help=f"alias or provider:model (default: {DEFAULT_ALIAS}, else the profile's first alias)",
    )
    parser.add_argument("--system", "-s", metavar="TEXT", help="system prompt")
    parser.add_argument(
        "--attach",
        "-a",
        action="append",
        default=[],
        metavar="FILE",
        help="attach an image, a PDF or a text, by its path or URL; repeatable",
    )
    parser.add_argument(
        "--set",
        "-t",
        action="append",
        default=[],
        type=pair,
        metavar="NAME=VALUE",
        help="replace {NAME} in the message and the system prompt; repeatable",
    )
    parser.add_argument(
        "--continue",
        "-c",
        action="store_true",
        dest="resume",
        help="go on with the last conversation",
    )
    parser.add_argument(
        "--keep",
        action=argparse.BooleanOptionalAction,
        help="keep the conversation for --continue (default: on a terminal)",
    )


def _add_call(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--temperature", type=float, metavar="T", help="sampling temperature")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="limit the answer to N tokens")
    parser.add_argument(
        "--timeout", type=float, metavar="S", help="limit the whole call to S seconds"
    )
    parser.add_argument(
        "--schema",
        metavar="SCHEMA",
        help="answer with JSON of this schema: a file, JSON, or fields like "
        '"name str, age int: in years"',
    )
    parser.add_argument(
        "--tool",
        action="append",
        default=[],
        metavar="PLACE",
        help="let the model call a Python function: module:function; repeatable",
    )
    parser.add_argument(
        "--mcp",
        action="append",
        default=[],
        metavar="SERVER",
        help="let the model call the tools of an MCP server: a URL or a command line",
    )
    parser.add_argument(
        "--yes", "-y", action="store_true", help="call functions without asking on a terminal"
    )
    parser.add_argument(
        "--frozen",
        action="store_true",
        help="call only models that match their pins in the lockfile",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stream",
        action=argparse.BooleanOptionalAction,
        help="print the answer as it arrives (default: on a terminal)",
    )
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    parser.add_argument(
        "--extract", "-x", action="store_true", help="print the last code block of the answer alone"
    )
    parser.add_argument(
        "--verbose",
        "-v",
        action="store_true",
        help="report the model that answered, tokens and cost",
    )
    parser.add_argument(
        "--explain", action="store_true", help="report every attempt after the answer"
    )
    parser.add_argument(
        "--stdin",
        action="store_true",
        help="wait for standard input (default with a MESSAGE: 3 s for its first byte)",
    )
