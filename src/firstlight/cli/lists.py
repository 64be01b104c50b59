"""``firstlight lists``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, print_table, reason_option
from firstlight.errors import UsageError

PURPOSES = ["investigation", "removal", "known-good"]
ALGORITHMS = ["md5", "sha1", "sha256", "pdq", "photodna"]


@click.group("lists", invoke_without_command=True)
@reason_option
@json_option
@click.pass_context
def command(ctx: click.Context, reason: str | None, as_json: bool) -> None:
    """Show the hash lists; `import`, `show`, `withdraw`, `trust` and `distrust` change them."""
    if reason:
        ctx.obj["reason"] = reason
    if ctx.invoked_subcommand is not None:
        return
    from firstlight.app.home import open_home
    from firstlight.app.lists import list_documents

    with open_home(ctx.obj["home"], ctx.obj["reason"], writing=False) as home:
        document = list_documents(home)
    if as_json:
        print_json(document)
        return
    rows = [_row(item) for item in document["lists"]]
    if not rows:
        print_lines(["no list is loaded: material is not checked"])
    else:
        columns = ("list", "version", "purpose", "radius", "entries", "near-copies", "derived",
                   "state", "trusted")  # fmt: skip
        print_table("Hash lists", columns, rows)


def _row(item: dict[str, Any]) -> tuple[object, ...]:
    is_good = item["purpose"] == "known-good"
    return (
        item["list"],
        item["version"],
        item["purpose"],
        item["radius_bits"],
        item["entries"],
        item["near_copies"],
        item["entries_derived"],
        item["state"],
        ("yes" if item["is_trusted"] else "no") if is_good else "",
    )


@command.command("import")
@click.argument("file", type=click.Path(path_type=bytes))
@click.option("--name", required=True, metavar="N", help="Name of the list.")
@click.option("--purpose", required=True, type=click.Choice(PURPOSES), help="What it is for.")
@click.option("--radius-bits", default=31, show_default=True, help="Inclusive PDQ radius.")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="Of one hash a line.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="OURS=THEIRS",
    help="Column of a CSV file, for example sha1=SHA1Value; repeatable.",
)
@click.option("--partial", "is_partial", is_flag=True, help="What the file lacks stays in force.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
@reason_option
@json_option
@click.pass_obj
def import_command(
    given: dict[str, Any],
    file: bytes,
    name: str,
    purpose: str,
    radius_bits: int,
    algorithm: str | None,
    columns: tuple[str, ...],
    is_partial: bool,
    quiet: bool,
    reason: str | None,
    as_json: bool,
) -> int:
    """Import a list (VICS JSON, ICSE CSV, CSV, one hash a line), or a newer version of it.

    What a newer file lacks is withdrawn, unless --partial is given. A bad row is listed and
    skipped.
    """
    from firstlight.app.home import open_home
    from firstlight.app.lists import ListRequest, import_list
    from firstlight.cli.progress import counting_line
    from firstlight.model.hashlist import HashAlgorithm, ListPurpose

    request = ListRequest(
        path=file,
        name=name,
        purpose=ListPurpose(purpose),
        radius_bits=radius_bits,
        algorithm=HashAlgorithm(algorithm) if algorithm else None,
        columns=_columns(columns),
        is_partial=is_partial,
    )
    with (
        open_home(given["home"], reason or given["reason"], writing=True) as home,
        counting_line("rows", not quiet) as on_rows,
    ):
        document = import_list(home, request, on_rows)
    if as_json:
        print_json(document)
    else:
        _print_import(document)
    return 3 if document["bad_rows"] else 0


def _columns(given: tuple[str, ...]) -> dict[str, str]:
    columns = {}
    for text in given:
        ours, equals, theirs = text.partition("=")
        if not equals or not theirs:
            raise UsageError("--column is OURS=THEIRS, for example sha1=SHA1Value")
        columns[ours.strip().lower()] = theirs
    return columns


def _print_import(document: dict[str, Any]) -> None:
    if document["is_in_force_already"]:
        print_lines([f"{document['list']}: this file is in force already; nothing was added"])
        return
    print_table(
        f"{document['list']}, version {document['version']}",
        ("what", "count"),
        [
            ("entries in force", document["entries"]),
            ("  new", document["new"]),
            ("  changed", document["changed"]),
            ("  withdrawn", document["withdrawn"]),
            ("can match near-copies", document["near_copies"]),
            ("rows that repeat others", document["repeated"]),
            ("bad rows, skipped", document["bad_row_count"]),
            ("matches added", document["matches_added"]),
        ],
    )
    for row in document["bad_rows"][:10]:
        print_lines([f"row {row['row']}: [{row['code']}] {row['reason']}"])


@command.command("show")
@click.argument("name")
@json_option
@click.pass_obj
def show_command(given: dict[str, Any], name: str, as_json: bool) -> None:
    """Show one list, with the rows that could not be used."""
    from firstlight.app.home import open_home
    from firstlight.app.lists import show_list

    with open_home(given["home"], given["reason"], writing=False) as home:
        _print_list(show_list(home, name), as_json)


@command.command("withdraw")
@click.argument("name")
@reason_option
@json_option
@click.pass_obj
def withdraw_command(given: dict[str, Any], name: str, reason: str | None, as_json: bool) -> None:
    """Withdraw a list: its matches are no longer in force, its history stays."""
    from firstlight.app.home import open_home
    from firstlight.app.lists import withdraw_list

    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        _print_list(withdraw_list(home, name), as_json)


@command.command("trust")
@click.argument("name")
@click.option("--note", metavar="TEXT", help="Why.")
@reason_option
@json_option
@click.pass_obj
def trust_command(
    given: dict[str, Any], name: str, note: str | None, reason: str | None, as_json: bool
) -> None:
    """Declare a known-good list trusted: a judgement; its media leave queues and leads."""
    _judge(given, name, reason, note, as_json, is_trusted=True)


@command.command("distrust")
@click.argument("name")
@click.option("--note", metavar="TEXT", help="Why.")
@reason_option
@json_option
@click.pass_obj
def distrust_command(
    given: dict[str, Any], name: str, note: str | None, reason: str | None, as_json: bool
) -> None:
    """Take the trust in a known-good list back: another judgement."""
    _judge(given, name, reason, note, as_json, is_trusted=False)


def _judge(
    given: dict[str, Any],
    name: str,
    reason: str | None,
    note: str | None,
    as_json: bool,
    *,
    is_trusted: bool,
) -> None:
    from firstlight.app.home import open_home
    from firstlight.app.lists import trust_list

    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        _print_list(trust_list(home, name, is_trusted=is_trusted, note=note), as_json)


def _print_list(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    plain = [(key, value) for key, value in document.items() if not isinstance(value, list)]
    print_table(document["list"], ("what", "value"), plain)
    for row in document.get("bad_row_list", [])[:100]:
        print_lines([f"row {row['row']}: [{row['code']}] {row['reason']}"])
