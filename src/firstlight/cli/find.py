"""``firstlight find``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_lines, print_table, reason_option
from firstlight.errors import UsageError

STATUSES = ["known", "known-good", "new", "not checked"]


@click.command("find")
@click.argument("digest", required=False)
@click.option("--digest", "given_digest", metavar="HEX", help="The same as DIGEST.")
@click.option("--pdq", metavar="HEX", help="A PDQ code, compared in all eight positions.")
@click.option("--radius-bits", default=31, show_default=True, help="Radius of --pdq, inclusive.")
@click.option("--serial", metavar="TEXT", help="Body or lens serial.")
@click.option("--place", metavar="LAT,LON", help="Position in degrees.")
@click.option("--within-m", default=500.0, show_default=True, help="Distance from --place.")
@click.option("--from", "taken_from", metavar="TIME", help="Earliest local time a clock states.")
@click.option("--to", "taken_to", metavar="TIME", help="Latest local time a clock states.")
@click.option("--time", metavar="TIME", help="A local time or the beginning of one, as 2026-05.")
@click.option("--case", "case_name", metavar="NAME", help="In this case only.")
@click.option("--path", metavar="TEXT", help="A part of a path or name.")
@click.option("--status", type=click.Choice(STATUSES), help="How it stands to the lists.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Give at most this many.")
@reason_option
@json_option
@click.pass_obj
def command(
    given: dict[str, Any],
    /,
    reason: str | None,
    as_json: bool,
    place: str | None,
    time: str | None,
    given_digest: str | None,
    **question: Any,
) -> None:
    """Find media by DIGEST (MD5, SHA-1, SHA-256 or first digits of an id) or by the options.

    Conditions that are given must all hold.
    """
    from firstlight.app.finding import Question, find
    from firstlight.app.home import open_home

    if given_digest is not None:
        question["digest"] = given_digest
    if time is not None:
        question["taken_from"] = question["taken_to"] = time
    wanted = Question(place=_place(place), **question)
    with open_home(given["home"], reason or given["reason"], writing=False) as home:
        document = find(home, wanted)
    if as_json:
        print_json(document)
        return
    rows = [_row(media) for media in document["media"]]
    columns = ("media", "type", "status", "seen", "first path")
    print_table(f"{len(rows)} media", columns, rows)
    if not document["is_complete"]:
        print_lines(["there are more; raise --limit"])


def _row(media: dict[str, Any]) -> tuple[object, ...]:
    sightings = media["sightings"]
    return (
        media["media_id"][:16],
        media["type"],
        media["status"],
        len(sightings),
        sightings[0]["path"] if sightings else "",
    )


def _place(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(
            "--place is LATITUDE,LONGITUDE in degrees, for example 54.1,7.9"
        ) from error
    return latitude, longitude
