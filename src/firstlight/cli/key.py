"""``firstlight key``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, reason_option

FILE = click.Path(path_type=Path, dir_okay=False)
STORES = click.Choice(["file", "passphrase", "keyring"])
ESCROW_AGAIN = "escrow copies made before do not open this home any more: make a new one"


@click.group("key", invoke_without_command=True)
@reason_option
@json_option
@click.pass_context
def command(ctx: click.Context, reason: str | None, as_json: bool) -> int:
    """Show where the key of this home is held; the commands below change it."""
    if ctx.invoked_subcommand is not None:
        return 0
    from firstlight.app.home import open_home
    from firstlight.app.key import key_document

    given = ctx.obj
    with open_home(given["home"], reason or given["reason"], writing=False, is_locked=True) as home:
        document, trouble = key_document(home)
    if as_json:
        print_json(document)
    else:
        print_lines(_status_lines(document))
    return 0 if trouble is None else trouble.exit_code


@command.command("rotate")
@click.option("--signing", is_flag=True, help="Replace the signing key too.")
@reason_option
@json_option
@click.pass_obj
def rotate(given: dict[str, Any], signing: bool, reason: str | None, as_json: bool) -> None:
    """Replace the master key and wrap every key anew; contents need not be sealed again."""
    from firstlight.app.home import open_home
    from firstlight.app.key import rotate_keys

    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        document = rotate_keys(home, is_signing_renewed=signing)
    lines = [
        f"the master key was replaced; {document['case_keys']} case keys are wrapped by the new one"
    ]
    if signing:
        lines.append(f"new signing key: {document['public_key']} (tell whoever verifies)")
    _answer(document, [*lines, ESCROW_AGAIN], as_json)


@command.command("move")
@click.option("--key-store", type=STORES, required=True, help="Where to.")
@click.option("--key-file", metavar="FILE", help="New key file; nothing may be there yet.")
@click.option("--passphrase-file", metavar="FILE", help="Has the new passphrase.")
@reason_option
@json_option
@click.pass_obj
def move(
    given: dict[str, Any],
    key_store: str,
    key_file: str | None,
    passphrase_file: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Hand the key to another holder, or seal it under another passphrase.

    The copy it leaves is destroyed when the new one has been read back.
    """
    from firstlight.app.home import open_home
    from firstlight.app.key import move_key

    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        document = move_key(
            home, key_store=key_store, key_file=key_file, passphrase_file=passphrase_file
        )
    lines = [f"the key is held {_place(document)}; the copy it left is destroyed"]
    _answer(document, lines, as_json)


@command.command("export")
@click.argument("file", type=FILE)
@click.option("--passphrase-file", metavar="FILE", help="Has the passphrase of the copy.")
@reason_option
@json_option
@click.pass_obj
def export(
    given: dict[str, Any],
    file: Path,
    passphrase_file: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Write an escrow copy of the key to FILE, sealed under a passphrase of its own."""
    from firstlight.app.home import open_home
    from firstlight.app.key import export_key

    with open_home(given["home"], reason or given["reason"], writing=True) as home:
        document = export_key(home, file, passphrase_file)
    lines = [
        f"escrow copy: {document['file']}",
        "keep it and its passphrase apart, and both away from this machine",
    ]
    _answer(document, lines, as_json)


@command.command("import")
@click.argument("file", type=FILE)
@click.option("--passphrase-file", metavar="FILE", help="Has the passphrase of the copy.")
@click.option("--key-store", type=STORES, help="Where the key goes.  [default: a key file]")
@click.option("--key-file", metavar="FILE", help="Key file to write.")
@click.option("--new-passphrase-file", metavar="FILE", help="Has the passphrase of the home.")
@reason_option
@json_option
@click.pass_obj
def import_(
    given: dict[str, Any],
    file: Path,
    passphrase_file: str | None,
    key_store: str | None,
    key_file: str | None,
    new_passphrase_file: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Give this home its key back from the escrow copy FILE."""
    from firstlight.app.key import import_key

    document = import_key(
        given["home"],
        reason or given["reason"],
        file,
        passphrase_file,
        new_passphrase_file=new_passphrase_file,
        key_store=key_store,
        key_file=key_file,
    )
    lines = [
        f"the key is back, held {_place(document)}",
        "if the old copy was lost and not destroyed, replace the key: `firstlight key rotate`",
    ]
    _answer(document, lines, as_json)


def _answer(document: dict[str, Any], lines: list[str], as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        print_lines(lines)


def _place(document: dict[str, Any]) -> str:
    words = {
        "file": f"in a key file: {document['key_file']}",
        "passphrase": "in the home, under a passphrase",
        "keyring": "in the system's keyring",
    }
    return words[document["holder"]]


def _status_lines(document: dict[str, Any]) -> list[str]:
    lines = [f"key {document['secret_id']}, held {_place(document)}"]
    if document["trouble"]:
        lines.append(f"NOT at hand: {document['trouble']}")
    lines.append(f"signing key: {document['public_key']}")
    lines += [
        f"  since {key['from_at'][:19].replace('T', ' ')} UTC: {key['public_key']}"
        for key in document["signing_keys"][1:]
    ]
    lines.append(f"cases: {document['case_keys']} with a key, {document['erased_cases']} erased")
    if document["is_rotation_unfinished"]:
        lines.append("a rotation was cut off; the next command that writes completes it")
    if document["is_move_unfinished"]:
        lines.append("a move was cut off; the next command that writes completes it")
    return lines
