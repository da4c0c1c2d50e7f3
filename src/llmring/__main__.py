"""`python -m llmring` is the command `llmring`."""

from llmring.cli.main import run

if __name__ == "__main__":
    run()
