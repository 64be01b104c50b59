"""``firstlight explain``."""

from __future__ import annotations

import textwrap
from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, reason_option

LINE_CHARS = 100
SHOWN_BREAKS = 20


@click.command("explain")
@click.argument("media")
@reason_option
@json_option
@click.pass_obj
def command(given: dict[str, Any], media: str, reason: str | None, as_json: bool) -> int:
    """Say how every value of one MEDIA (id, first digits of it, or a digest) came to be.

    Exits 5 where an event that is named, or a record of it, is not as it was written.
    """
    from firstlight.app.explanation import explain
    from firstlight.app.home import open_home

    with open_home(given["home"], reason or given["reason"], writing=False) as home:
        document = explain(home, media)
    if as_json:
        print_json(document)
        return 5 if document["breaks"] else 0
    lines = [
        "NOT VERIFIED - what follows is not what was recorded; run `firstlight verify`:",
        *(f"  {_break(one)}" for one in document["breaks"][:SHOWN_BREAKS]),
        "",
    ]
    lines = [*(lines if document["breaks"] else []), f"Media {document['media_id']}"]
    for number, section in enumerate(document["sections"], start=1):
        lines += ["", f"{number}. {section['title']}"]
        lines += [_wrapped(one, "   ") for one in section["sentences"]]
        lines += [_wrapped(one, "   Limit: ") for one in section["limits"]]
    print_lines(lines)
    return 5 if document["breaks"] else 0


def _break(one: dict[str, Any]) -> str:
    event = "" if one["event"] is None else f"event {one['event']}: "
    return f"{event}{one['reason']} [{one['code']}]"


def _wrapped(text: str, first: str) -> str:
    return textwrap.fill(
        text,
        LINE_CHARS,
        initial_indent=first,
        subsequent_indent="   ",
        break_long_words=False,
        break_on_hyphens=False,
    )
