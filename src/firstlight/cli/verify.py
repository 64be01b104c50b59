"""``firstlight verify``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, print_table, reason_option

SHOWN_BREAKS = 20


@click.command("verify")
@reason_option
@json_option
@click.pass_obj
def command(given: dict[str, Any], reason: str | None, as_json: bool) -> int:
    """Recompute the custody log and every record; name the first break; exit 5 if there is one."""
    from firstlight.app.home import open_home
    from firstlight.app.verification import verify

    with open_home(given["home"], reason or given["reason"], writing=False) as home:
        document = verify(home)
    if as_json:
        print_json(document)
    elif document["ok"]:
        print_lines([f"verified: {document['events']} events, every record as it was written"])
    else:
        breaks = document["breaks"]
        rows = [(item["event"], item["code"], item["reason"]) for item in breaks[:SHOWN_BREAKS]]
        print_table("NOT VERIFIED - first break first", ("event", "code", "reason"), rows)
    return 0 if document["ok"] else 5
