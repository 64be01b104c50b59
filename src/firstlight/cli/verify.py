"""``firstlight verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, print_table, reason_option

SHOWN_BREAKS = 20
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("verify")
@click.option(
    "--against",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="A checkpoint that was kept elsewhere: finds rewriting and truncation; may be repeated.",
)
@click.option(
    "--public-key",
    "public_keys",
    multiple=True,
    metavar="HEX|FILE",
    help="A key known from elsewhere, instead of those that the home states; may be repeated.",
)
@click.option("--timestamp", type=FILE, metavar="FILE", help="Time stamp over the checkpoint.")
@click.option(
    "--certificates", type=FILE, metavar="FILE", help="Certificates of the time stamp's service."
)
@reason_option
@json_option
@click.pass_obj
def command(
    given: dict[str, Any],
    against: tuple[Path, ...],
    public_keys: tuple[str, ...],
    timestamp: Path | None,
    certificates: Path | None,
    reason: str | None,
    as_json: bool,
) -> int:
    """Recompute the custody log and every record; name the first break; exit 5 if there is one."""
    from firstlight.app.home import open_home
    from firstlight.app.verification import Witness, verify

    witness = Witness(against, public_keys, timestamp, certificates)
    purpose = reason or given["reason"]
    with open_home(given["home"], purpose, writing=False, is_locked=True) as home:
        document = verify(home, witness)
    if as_json:
        print_json(document)
    elif document["ok"]:
        print_lines(_verified(document))
    else:
        breaks = document["breaks"]
        rows = [(item["event"], item["code"], item["reason"]) for item in breaks[:SHOWN_BREAKS]]
        print_table("NOT VERIFIED - first break first", ("event", "code", "reason"), rows)
    return 0 if document["ok"] else 5


def _verified(document: dict[str, Any]) -> list[str]:
    lines = [f"verified: {document['events']} events, every record as it was written"]
    newest = document["newest_head"]
    if newest is None:
        lines.append("no signed head is kept here: what was cut off at the end leaves no trace")
    else:
        lines.append(
            f"signed heads: {document['heads']}, the newest of event {newest['events']} "
            f"by key {newest['public_key']}"
        )
        if document["unsigned_events"]:
            lines.append(f"{document['unsigned_events']} events came after it")
    lines.extend(
        f"agrees with {one['file']}: event {one['events']} at {one['at']}"
        for one in document["against"]
    )
    stamp = document["timestamp"]
    if stamp:
        lines.append(
            f"time-stamped: event {stamp['events']} existed at {stamp['at']}, says "
            f"{stamp['signer'] or 'the service'}"
        )
    if not document["against"]:
        lines.append("a checkpoint that was kept elsewhere proves more: --against FILE")
    if not document["is_key_known_elsewhere"]:
        lines.append("the key is this home's own word: compare it with one written down elsewhere")
    return lines
