"""``firstlight restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, reason_option


@click.command("restore")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--key-file", metavar="FILE", help="The home's key file, if it lies elsewhere now.")
@click.option("--passphrase-file", metavar="FILE", help="Its first line is the passphrase.")
@reason_option
@json_option
@click.pass_obj
def command(
    given: dict[str, Any],
    source: Path,
    key_file: str | None,
    passphrase_file: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Make a home from a backup; what it holds is verified before the home appears.

    The place of the home (--home) must be empty. Cases that were erased after the backup was
    made come back with it: erase them again.
    """
    from firstlight.app.backup import restore

    document = restore(
        given["home"],
        reason or given["reason"],
        source,
        key_file=key_file,
        passphrase_file=passphrase_file,
    )
    if as_json:
        print_json(document)
    else:
        made_at = document["made_at"]
        print_lines([f"restored {document['files']} files of {made_at} to {document['home']}",
                     "every record verified against its custody log"])  # fmt: skip
