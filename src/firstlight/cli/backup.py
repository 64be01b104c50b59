"""``firstlight backup``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, reason_option


@click.command("backup")
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@reason_option
@json_option
@click.pass_obj
def command(given: dict[str, Any], target: Path, reason: str | None, as_json: bool) -> None:
    """Write one sealed file of the whole home, read it back, and record it.

    Other commands may go on meanwhile. The file opens with the home's key alone: keep a copy of
    the key elsewhere (`firstlight key export`).
    """
    from firstlight.app.backup import back_up
    from firstlight.app.home import open_home

    with open_home(given["home"], reason or given["reason"], writing=True, is_shared=True) as home:
        document = back_up(home, target)
    if as_json:
        print_json(document)
        return
    size = document["size_bytes"]
    print_lines(
        [f"backup written and read back: {document['files']} files, {size} bytes",
         f"sha256 {document['backup_sha256']}",
         "it opens with the key of this home: keep that elsewhere, too (firstlight key export)"]
    )  # fmt: skip
