"""``firstlight children``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_table, reason_option, short_time


@click.command("children")
@click.option("--case", "case_name", metavar="NAME", help="Of this case only.")
@click.option("--all", "is_all", is_flag=True, help="In every state.")
@reason_option
@json_option
@click.pass_obj
def command(
    given: dict[str, Any], case_name: str | None, is_all: bool, reason: str | None, as_json: bool
) -> None:
    """List the children not yet identified (partly identified ones too), oldest case first."""
    from firstlight.app.child import STATES, children_document
    from firstlight.app.home import open_home

    states = STATES if is_all else STATES[:2]
    with open_home(given["home"], reason or given["reason"], writing=False) as home:
        document = children_document(home, states=states, case_name=case_name)
    if as_json:
        print_json(document)
        return
    rows = [
        (
            c["child"],
            c["state"],
            _age(c),
            c["age_source"],
            c["case"],
            short_time(c["case_opened_at"]),
        )
        for c in document["children"]
    ]
    columns = ("child", "state", "age", "age from", "case", "case opened")
    print_table("Children", columns, rows)


def _age(child: dict[str, Any]) -> str:
    ages = [str(child[name]) for name in ("age_from", "age_to") if child[name] is not None]
    return " to ".join(dict.fromkeys(ages)) or "not stated"
