"""How commands print: a table on a terminal, one JSON document with ``--json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(function: Command) -> Command:
    """Add ``--json`` to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(
        function
    )


def reason_option(function: Command) -> Command:
    """Add ``--reason`` to a command, so that it may stand behind the command's name too."""
    return click.option(
        "--reason", metavar="TEXT", default=None, help="Purpose, written into the custody log."
    )(function)


def print_json(document: Any) -> None:
    """Print one JSON document, ASCII only, so that any consumer can read it."""
    json.dump(document, sys.stdout, ensure_ascii=True, indent=2)
    sys.stdout.write("\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; markup in names is never interpreted."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*[Text("" if cell is None else str(cell)) for cell in row])
    Console(file=sys.stdout, highlight=False).print(table)


def short_time(text: str | None) -> str:
    """Shorten an ISO 8601 time in UTC for a table."""
    return "" if text is None else text[:16].replace("T", " ") + " UTC"


def print_lines(lines: Iterable[str]) -> None:
    """Print plain lines."""
    for line in lines:
        click.echo(line)
