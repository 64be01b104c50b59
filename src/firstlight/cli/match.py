"""``firstlight match``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, print_table, reason_option
from firstlight.errors import UsageError


@click.command("match")
@click.argument("files", nargs=-1, type=click.Path(path_type=bytes))
@click.option("--case", "case_name", metavar="NAME", help="Bring a case's matches up to date.")
@click.option("--hashes", metavar="FILE", type=click.Path(path_type=bytes), help="One a line.")
@click.option(
    "--algorithm",
    type=click.Choice(["md5", "sha1", "sha256", "pdq"]),
    help="Of --hashes: 64 hexadecimal digits may be SHA-256 or PDQ.",
)
@reason_option
@json_option
@click.pass_obj
def command(
    given: dict[str, Any],
    files: tuple[bytes, ...],
    case_name: str | None,
    hashes: bytes | None,
    algorithm: str | None,
    reason: str | None,
    as_json: bool,
) -> int:
    """Compare a case, files or hashes with the lists that are loaded.

    Files and hashes are looked up and not taken in; that they were looked up is an event.
    """
    from firstlight.app.home import open_home
    from firstlight.app.lookup import match_case, match_files, match_hashes

    if sum((bool(files), case_name is not None, hashes is not None)) != 1:
        raise UsageError("give files, or --case NAME, or --hashes FILE --algorithm A")
    if hashes is not None and algorithm is None:
        raise UsageError("--hashes needs --algorithm: the digits alone do not tell")
    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        if case_name is not None:
            document = match_case(home, case_name)
        elif hashes is not None:
            document = match_hashes(home, hashes, str(algorithm))
        else:
            document = match_files(home, files)
    if as_json:
        print_json(document)
        return 3 if document.get("failed") else 0
    rows = [
        (
            result["query"],
            match["list"],
            match["entry"],
            match["algorithm"],
            match["distance_bits"],
            match["variant"],
        )
        for result in document["results"]
        for match in result["matches"] or []
    ]
    if not document["lists_searched"]:
        print_lines(["not checked: no list is loaded"])
    print_table(
        f"{len(rows)} matches", ("what", "list", "entry", "by", "distance (bits)", "variant"), rows
    )
    for item in document.get("failed", []):
        print_lines([f"failed: {item['path']}: [{item['code']}] {item['reason']}"])
    return 3 if document.get("failed") else 0
