"""``firstlight judge``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, reason_option


@click.command("judge")
@click.argument("items", nargs=-1, type=int)
@click.option("--case", "case_name", required=True, metavar="NAME", help="Case of the items.")
@click.option("--code", metavar="CODE", help="All items of the case with this code.")
@click.option(
    "--decision",
    type=click.Choice(["looked-at", "not-looked-at"]),
    default="looked-at",
    show_default=True,
)
@click.option("--note", metavar="TEXT", help="What was seen.")
@reason_option
@json_option
@click.pass_obj
def command(
    given: dict[str, Any],
    items: tuple[int, ...],
    case_name: str,
    code: str | None,
    decision: str,
    note: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Record that a person has looked at failed or unopened ITEMS (numbers: sighting_id)."""
    from firstlight.app.home import open_home
    from firstlight.app.judgement import judge_items

    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        document = judge_items(
            home, case_name, sighting_ids=items, code=code, decision=decision, note=note
        )
    if as_json:
        print_json(document)
    else:
        print_lines([f"{len(document['items'])} items: {decision}"])
