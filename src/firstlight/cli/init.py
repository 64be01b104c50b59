"""``firstlight init``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, reason_option


@click.command("init")
@click.option(
    "--profile",
    type=click.Choice(["hash-only", "holder"]),
    help="What may be kept: hashes and sealed records only (the default), or derivatives too.",
)
@click.option(
    "--legal-basis", metavar="TEXT", help="By what right a holder keeps material; recorded."
)
@click.option(
    "--keep-originals", is_flag=True, help="A holder keeps sealed copies of pictures and clips."
)
@click.option("--key-file", metavar="FILE", help="Put the key into this file.")
@click.option("--passphrase-file", metavar="FILE", help="Seal the key under FILE's first line.")
@click.option(
    "--key-store",
    type=click.Choice(["auto", "file", "passphrase", "keyring"]),
    help="Where the key goes; a key file in the user's configuration folder by default.",
)
@reason_option
@json_option
@click.pass_obj
def command(
    given: dict[str, Any],
    profile: str | None,
    legal_basis: str | None,
    keep_originals: bool,
    key_file: str | None,
    passphrase_file: str | None,
    key_store: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Make a home folder for records; harmless when there is one.

    A home is hash-only unless asked otherwise: no decoded pixel is ever written to disk.
    """
    from firstlight.app.home import init_home
    from firstlight.app.profile import chosen_profile, require_profile
    from firstlight.cli.profile import profile_line

    chosen = chosen_profile(profile, legal_basis, keeps_originals=keep_originals)
    path, is_new = init_home(
        given["home"],
        reason or given["reason"],
        profile=chosen,
        key_file=key_file,
        passphrase_file=passphrase_file,
        key_store=key_store,
    )
    if not is_new:
        chosen = require_profile(given["home"], chosen if profile else None)
    if as_json:
        print_json({"home": str(path), "created": is_new, "profile": str(chosen.kind)})
        return
    state = "made" if is_new else "is there already; nothing was changed"
    print_lines([f"home {state}: {path}", profile_line(chosen)])
