"""``firstlight profile``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from firstlight.cli.output import (
    json_option,
    print_json,
    print_lines,
    print_table,
    reason_option,
    short_time,
)

if TYPE_CHECKING:
    from firstlight.model.profile import Profile


@click.command("profile")
@click.argument("kind", required=False, type=click.Choice(["hash-only", "holder"]))
@click.option("--legal-basis", metavar="TEXT", help="By what right a holder keeps material.")
@click.option("--keep-originals", is_flag=True, help="Keep sealed copies of pictures and clips.")
@click.option(
    "--erase-kept",
    is_flag=True,
    help="With hash-only: destroy every derivative and original of all cases.",
)
@click.option("--kept", "with_cases", is_flag=True, help="Show what is kept, case by case.")
@reason_option
@json_option
@click.pass_obj
def command(
    given: dict[str, Any],
    kind: str | None,
    legal_basis: str | None,
    keep_originals: bool,
    erase_kept: bool,
    with_cases: bool,
    reason: str | None,
    as_json: bool,
) -> None:
    """Show what this home may keep, or set it, for a reason that is recorded.

    hash-only: digests, fingerprints and sealed records; no decoded pixel reaches the disk.
    holder: also derivatives (grey, blurred, small), and originals with --keep-originals.
    """
    from firstlight.app.home import open_home
    from firstlight.app.profile import chosen_profile, profile_document, set_profile
    from firstlight.errors import UsageError

    purpose = reason or given["reason"]
    if kind is None:
        if legal_basis or keep_originals or erase_kept:
            raise UsageError("name the profile that is to be set: hash-only or holder")
        with open_home(given["home"], purpose, writing=False) as home:
            document = profile_document(home)
    else:
        profile = chosen_profile(kind, legal_basis, keeps_originals=keep_originals)
        with open_home(given["home"], purpose, writing=True) as home:
            document = set_profile(home, profile, is_erasing=erase_kept)
    if as_json:
        print_json(document)
        return
    _print(document, with_cases=with_cases)


def profile_line(profile: Profile) -> str:
    """Say in one line what a profile allows."""
    if profile.kind == "hash-only":
        return "profile: hash-only (no decoded pixel reaches the disk)"
    kept = "derivatives and originals are" if profile.keeps_originals else "derivatives are"
    return f"profile: holder ({kept} kept, sealed under the key of their case)"


def _print(document: dict[str, Any], *, with_cases: bool) -> None:
    from firstlight.model.profile import Profile, ProfileKind

    profile = Profile(
        ProfileKind(document["profile"]), document["keeps_originals"], document["legal_basis"]
    )
    lines = [profile_line(profile)]
    lines.append(f"legal basis: {document['legal_basis'] or 'not stated'}")
    if document["set_at"]:
        lines.append(f"set by {document['set_by']}, {short_time(document['set_at'])}")
    if document.get("erased"):
        lines.append(f"erased: {document['erased']} kept contents of all cases")
    kept = document["kept"]
    counts = ", ".join(
        f"{kept[kind]['count']} {kind} ({_size(kept[kind]['size_bytes'])})"
        for kind in ("derivatives", "originals")
    )
    lines.append(f"kept now: {counts}")
    if profile.kind is ProfileKind.HASH_ONLY and any(part["count"] for part in kept.values()):
        lines.append(
            "this home keeps contents from before; "
            "`firstlight profile hash-only --erase-kept --reason TEXT` destroys them"
        )
    print_lines(lines)
    if with_cases:
        columns = ("case", "kind", "count", "size")
        rows = [
            (row["case"], row["kind"], row["count"], _size(row["size_bytes"]))
            for row in document["cases"]
        ]
        print_table("Kept, by case", columns, rows)


def _size(size_bytes: int) -> str:
    size, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
