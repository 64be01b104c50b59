"""What the demonstration prints: steps, leads, recall and precision class by class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from examples.scoring import Score
from examples.truth import Truth

LEADS_SHOWN = 12
PLAIN_WIDTH = 110
"""Columns when the output is no terminal."""


def _console() -> Console:
    width = None if os.isatty(1) else PLAIN_WIDTH
    return Console(highlight=False, width=width)


def _table(title: str, columns: Sequence[str], numbers: int = 0) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    for place, column in enumerate(columns):
        is_number = place >= len(columns) - numbers
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    return table


def print_steps(steps: Sequence[tuple[str, float]], ingests: Sequence[dict[str, Any]]) -> None:
    """Print what was run and how long it took, then what was met."""
    table = _table("\nWhat was run", ("command", "seconds"), numbers=1)
    for name, seconds in steps:
        table.add_row(Text(name), f"{seconds:.1f}")
    _console().print(table)
    columns = ("case", "files", "media", "on a list", "on none", "stacks", "failed", "not opened")
    table = _table("\nWhat was met", columns, numbers=7)
    for one in ingests:
        counts = [one[name] for name in ("files", "media", "matched_media", "new_media", "stacks")]
        troubles = [len(one.get(name, ())) for name in ("failed", "not_opened")]
        table.add_row(Text(one["case"]), *[str(count) for count in (*counts, *troubles)])
    _console().print(table)


def print_leads(documents: Sequence[dict[str, Any]]) -> None:
    """Print the first leads of each case, and how many of each kind there are."""
    for document in documents:
        leads = document["leads"]
        table = _table(
            f"\nFirst leads of {document['case']}", ("kind", "what was found", "media"), 1
        )
        seen: dict[str, int] = {}
        for lead in leads:
            seen[lead["kind"]] = seen.get(lead["kind"], 0) + 1
            if seen[lead["kind"]] <= 2 and table.row_count < LEADS_SHOWN:
                table.add_row(Text(lead["kind"]), Text(lead["title"]), str(len(lead["media"])))
        _console().print(table)
        kinds = ", ".join(f"{name} {count}" for name, count in seen.items())
        _console().print(Text(f"{len(leads)} leads in all: {kinds}"))


def print_scores(scores: Sequence[Score], truth: Truth) -> None:
    """Print recall and precision against the truth; classes beyond PDQ's reach stand apart."""
    required = [row for row in scores if row.is_required]
    shown = [row for row in scores if not row.is_required]
    _print_table("\nAgainst the truth: what must be found", required)
    _print_table("\nBeyond what PDQ is meant for, or at its edge: shown, not required", shown)
    for missing in truth.not_drawn:
        _console().print(Text(f"not drawn: {missing.what} ({missing.reason})"))


def _print_table(title: str, rows: Sequence[Score]) -> None:
    columns = ("part", "class", "expected", "found", "wrong", "recall", "precision")
    table = _table(title, columns, numbers=5)
    last = ""
    for row in rows:
        table.add_row(
            Text(row.part if row.part != last else ""), Text(row.label), str(row.expected),
            str(row.found), str(row.wrong), _share(row.recall), _share(row.precision),
            style=None if row.is_good else "bold red",
        )  # fmt: skip
        last = row.part
    _console().print(table)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
