"""``firstlight leads``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, print_table, reason_option


@click.command("leads")
@click.option("--case", "case_name", required=True, metavar="NAME", help="Which case.")
@click.option("--html", "as_html", is_flag=True, help="A page to print, without any picture.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Show the first N in the table."
)
@reason_option
@json_option
@click.pass_obj
def command(
    given: dict[str, Any],
    case_name: str,
    as_html: bool,
    limit: int | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Show the lines of enquiry of a case, the first one first.

    Each says what was found, why it matters, what to do next and what it does not prove.
    """
    from firstlight.app.home import open_home
    from firstlight.app.leads import leads
    from firstlight.errors import UsageError

    if as_json and as_html:
        raise UsageError("--json or --html, not both")

    with open_home(given["home"], reason or given["reason"], writing=False) as home:
        document = leads(home, case_name)
    if as_json:
        print_json(document)
    elif as_html:
        from firstlight.cli.leads_page import leads_page

        click.echo(leads_page(document), nl=False)
    else:
        _print(document, limit)


def _print(document: dict[str, Any], limit: int | None) -> None:
    found = document["leads"]
    rows = [
        (lead["place"], f"{lead['title']}\n  Next: {lead['next_step']}", len(lead["media"]))
        for lead in found[:limit]
    ]
    print_table(f"Leads of case {document['case']}", ("", "what was found", "media"), rows)
    if limit is not None and len(found) > limit:
        print_lines([f"... and {len(found) - limit} more"])
    if not document["is_matching_complete"]:
        case = document["case"]
        print_lines([f"comparing was not finished: run firstlight match --case {case!r} first"])
    elif all(row["purpose"] == "known-good" for row in document["lists"]):
        print_lines(["no list is loaded: nothing here was checked against known material"])
    for row in document["lists"]:
        if row["purpose"] != "known-good":
            print_lines([f"{row['list']}: {row['near_copies']} entries can match near-copies"])
    print_lines(["--json and --html give evidence, limits and places"])
