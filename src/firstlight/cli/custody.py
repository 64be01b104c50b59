"""``firstlight custody``: the log as people, courts and strangers need it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, print_table, reason_option

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("custody")
def command() -> None:
    """Show, sign out, time-stamp and export the custody log."""


@command.command("show")
@click.option("--after", type=click.IntRange(min=0), default=0, metavar="N", help="After event N.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="Most events to show.",
)
@click.option("--action", metavar="ACTION", help="Only this action, for example ingested.")
@click.option("--case", "case_name", metavar="NAME", help="Only events that concern this case.")
@reason_option
@json_option
@click.pass_obj
def show(
    given: dict[str, Any],
    after: int,
    limit: int,
    action: str | None,
    case_name: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Show the log, oldest event first."""
    from firstlight.app.custody import show_events
    from firstlight.app.home import open_home

    with open_home(given["home"], reason or given["reason"], writing=False) as home:
        document = show_events(home, after=after, limit=limit, action=action, case_name=case_name)
    if as_json:
        print_json(document)
        return
    rows = [
        (
            row["event"],
            row["at"][:19].replace("T", " ") + " UTC",
            row["actor"],
            row["purpose"] or "not stated",
            f"{row['action']}: {row['says']}",
            _brief(row["inputs"]),
            ", ".join(f"{name} {count}" for name, (count, _) in row["outputs"].items()),
        )
        for row in document["events"]
    ]
    columns = ("event", "at", "who", "purpose", "what", "on", "records")
    print_table("Custody log", columns, rows)


def _brief(inputs: dict[str, Any]) -> str:
    def short(value: object) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        return text if len(text) <= 16 else text[:12] + "..."

    return ", ".join(f"{name} {short(value)}" for name, value in inputs.items() if value != "")


@command.command("checkpoint")
@click.option("--out", type=FILE, required=True, metavar="FILE", help="A file that is not there.")
@reason_option
@json_option
@click.pass_obj
def checkpoint(given: dict[str, Any], out: Path, reason: str | None, as_json: bool) -> None:
    """Write the signed head of the log into a file, to be kept elsewhere."""
    from firstlight.app.custody import export_checkpoint
    from firstlight.app.home import open_home

    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        document = export_checkpoint(home, out)
    if as_json:
        print_json(document)
    else:
        print_lines(
            [
                f"checkpoint of {document['events']} events: {document['file']}",
                f"public key: {document['public_key']}",
                "keep it where nobody who can write to this home can change it",
            ]
        )


@command.command("export")
@click.option("--out", type=FILE, required=True, metavar="FILE", help="A file that is not there.")
@click.option(
    "--from",
    "first",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Give earlier events by digest alone.",
)
@click.option("--to", "last", type=click.IntRange(min=1), metavar="N", help="End with event N.")
@click.option(
    "--case",
    "case_name",
    metavar="NAME",
    help="Give events that do not concern this case by digest alone.",
)
@click.option(
    "--open-purposes", is_flag=True, help="Add the texts of stated purposes, which may name things."
)
@reason_option
@json_option
@click.pass_obj
def export(
    given: dict[str, Any],
    out: Path,
    first: int,
    last: int | None,
    case_name: str | None,
    open_purposes: bool,
    reason: str | None,
    as_json: bool,
) -> None:
    """Write the log into a file that a stranger verifies with a short script."""
    from firstlight.app.custody import export_custody
    from firstlight.app.home import open_home

    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        document = export_custody(
            home, out, first=first, last=last, case_name=case_name, is_open=open_purposes
        )
    if as_json:
        print_json(document)
    else:
        print_lines(
            [
                f"{document['events']} events, {document['in_full']} in full: {document['file']}",
                f"public key: {document['public_key']}",
            ]
        )


@command.command("timestamp-request")
@click.option("--checkpoint", "source", type=FILE, required=True, metavar="FILE", help="Of this.")
@click.option("--out", type=FILE, required=True, metavar="FILE", help="Request to be sent.")
@json_option
def timestamp_request(source: Path, out: Path, as_json: bool) -> None:
    """Write a time stamp request (RFC 3161) over a checkpoint; you send it to your service."""
    from firstlight.app.timestamp import write_request

    document = write_request(source, out)
    if as_json:
        print_json(document)
    else:
        print_lines([f"request: {document['file']}", f"over SHA-256 {document['sha256']}"])


@command.command("timestamp")
@click.option("--checkpoint", "source", type=FILE, required=True, metavar="FILE", help="Of this.")
@click.option("--response", type=FILE, required=True, metavar="FILE", help="The service's answer.")
@click.option(
    "--certificates", type=FILE, required=True, metavar="FILE", help="Trusted for it, PEM."
)
@reason_option
@json_option
@click.pass_obj
def timestamp(
    given: dict[str, Any],
    source: Path,
    response: Path,
    certificates: Path,
    reason: str | None,
    as_json: bool,
) -> None:
    """Verify a time stamp over a checkpoint without a network, and keep it."""
    from firstlight.app.home import open_home
    from firstlight.app.timestamp import keep_timestamp

    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        document = keep_timestamp(home, source, response, certificates)
    if as_json:
        print_json(document)
    else:
        print_lines(
            [
                f"event {document['events']} existed at {document['at']}, says "
                f"{document['signer'] or 'the service'}",
                f"kept as custody/tokens/{document['kept']}",
            ]
        )
