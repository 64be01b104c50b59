"""``firstlight init``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, reason_option


@click.command("init")
@reason_option
@json_option
@click.pass_obj
def command(given: dict[str, Any], reason: str | None, as_json: bool) -> None:
    """Make a home folder for records; harmless when there is one.

    The home is hash-only: no decoded pixel is ever written to disk.
    """
    from firstlight.app.home import init_home

    path, is_new = init_home(given["home"], reason or given["reason"])
    if as_json:
        print_json({"home": str(path), "created": is_new, "profile": "hash-only"})
        return
    state = "made" if is_new else "is there already; nothing was changed"
    print_lines([f"home {state}: {path}", "profile: hash-only (no decoded pixel reaches the disk)"])
