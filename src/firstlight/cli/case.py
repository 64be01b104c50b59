"""``firstlight case``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_table, reason_option


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
        columns = ("source", "files", "media", "on a list", "failed", "exhibit", "custodian",
                   "legal basis", "received", "last run")  # fmt: skip
        rows: list[tuple[object, ...]] = [
            (s["path"], s["files"], s["media"], s["matched_media"], s["failed"], s["exhibit"],
             s["custodian"], s["legal_basis"], s["received_at"], s["last_run"])
            for s in document["sources"]
        ]  # fmt: skip
        print_table(f"Case {name}", columns, rows)
    else:
        columns = ("case", "opened", "sources", "files", "media", "on a list", "failed")
        rows = [
            (c["case"], c["opened_at"], c["sources"], c["files"], c["media"],
             c["matched_media"], c["failed"])
            for c in document["cases"]
        ]  # fmt: skip
        print_table("Cases", columns, rows)
