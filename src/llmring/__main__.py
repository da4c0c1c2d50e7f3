"""The entry point of `python -m llmring`."""

from llmring.cli.main import run

if __name__ == "__main__":
    run()
