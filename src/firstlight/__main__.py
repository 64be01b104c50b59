"""Lets ``python -m firstlight`` run the program."""

from firstlight.cli.main import run

run()
