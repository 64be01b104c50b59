"""``firstlight case``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_table, reason_option, short_time


@click.command("case")
@click.argument("name", required=False)
@reason_option
@json_option
@click.pass_obj
def command(given: dict[str, Any], name: str | None, reason: str | None, as_json: bool) -> None:
    """List the cases, or show the sources of one. A case is opened by its first `ingest`."""
    from firstlight.app.case import case_document, list_case_documents
    from firstlight.app.home import open_home

    with open_home(given["home"], reason or given["reason"], writing=False) as home:
        document = case_document(home, name) if name else list_case_documents(home)
    if as_json:
        print_json(document)
    elif name:
        _print_case(document)
    else:
        columns = ("case", "opened", "sources", "files", "media", "on a list", "failed")
        keys = ("case", "opened_at", "sources", "files", "media", "matched_media", "failed")
        rows = [{**row, "opened_at": short_time(row["opened_at"])} for row in document["cases"]]
        print_table("Cases", columns, [[row[key] for key in keys] for row in rows])


def _print_case(document: dict[str, Any]) -> None:
    columns = ("source", "files", "media", "on a list", "failed", "exhibit", "custodian",
               "legal basis", "received", "last run")  # fmt: skip
    keys = ("path", "files", "media", "matched_media", "failed", "exhibit", "custodian",
            "legal_basis", "received_at", "last_run")  # fmt: skip
    rows = [[row[key] for key in keys] for row in document["sources"]]
    print_table(f"Case {document['case']}", columns, rows)
