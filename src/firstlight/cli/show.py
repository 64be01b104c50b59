"""``firstlight show``."""

from __future__ import annotations

from typing import Any

import click

from firstlight.cli.output import json_option, print_json, print_table, reason_option


@click.command("show")
@click.argument("media")
@reason_option
@json_option
@click.pass_obj
def command(given: dict[str, Any], media: str, reason: str | None, as_json: bool) -> None:
    """Show everything recorded about one MEDIA (its id, first digits of it, or a digest)."""
    from firstlight.app.finding import show
    from firstlight.app.home import open_home

    with open_home(given["home"], reason or given["reason"], writing=False) as home:
        document = show(home, media)
    if as_json:
        print_json(document)
        return
    _print(document)


def _print(document: dict[str, Any]) -> None:
    prints = document["fingerprints"]
    rows = [
        ("type", f"{document['type_label']} ({document['type']})"),
        ("size", f"{document['size_bytes']} bytes"),
        ("status", document["status"]),
        ("MD5", prints["md5"]),
        ("SHA-1", prints["sha1"]),
        ("SHA-256", prints["sha256"]),
    ]
    pdq = prints["pdq"]
    if pdq:
        rows.append(("PDQ", f"{pdq['pdq']} quality {pdq['quality']} ({pdq['route']})"))
        if pdq["reason"]:
            rows.append(("PDQ quality", pdq["reason"]))
    if prints["frames"]:
        rows.append(("frames with PDQ", len(prints["frames"])))
    if prints.get("width_px"):
        rows.append(("picture", f"{prints['width_px']} x {prints['height_px']} px"))
    if prints.get("is_truncated"):
        rows.append(("truncated", "yes: hashed as far as it decodes"))
    rows.extend(prints.get("container", {}).items())
    rows.extend(_metadata_rows(prints["metadata"]))
    rows.extend(("child", key) for key in document["children"])
    print_table(f"Media {document['media_id']}", ("what", "value"), rows)
    seen = [
        (
            item["case"],
            item["path"],
            item["allocation"] if item["allocation"] != "allocated" else None,
            "; ".join(f["reason"] for f in item["failures"]),
        )
        for item in document["sightings"]
    ]
    print_table("Seen", ("case", "path", "state", "trouble"), seen)
    if document["matches"]:
        matches = [
            (m["list"], m["entry"], m["category"], m["algorithm"], m["distance_bits"], m["variant"])
            for m in document["matches"]
        ]
        columns = ("list", "entry", "its category", "by", "distance (bits)", "variant")
        print_table("Matches (a machine's output)", columns, matches)
    if document["near_copies"]:
        near = [(n["media_id"], n["distance_bits"], n["variant"]) for n in document["near_copies"]]
        print_table("Near-copies", ("media", "distance (bits)", "variant"), near)


def _metadata_rows(metadata: dict[str, Any] | None) -> list[tuple[str, object]]:
    if metadata is None:
        return []
    names = ("maker", "model", "body_serial", "lens", "lens_serial", "image_unique_id", "owner",
             "software")  # fmt: skip
    rows: list[tuple[str, object]] = [
        (name.replace("_", " "), metadata[name]) for name in names if metadata[name]
    ]
    for clock in metadata["clocks"]:
        zone = clock["offset"] or "zone not stated"
        rows.append((f"time ({clock['clock']})", f"{clock['local'] or clock['text']} {zone}"))
    if metadata["place"]:
        place = metadata["place"]
        rows.append(("place", f"{place['latitude_deg']:.6f}, {place['longitude_deg']:.6f}"))
    rows.append(("metadata read by", f"{metadata['reader']} {metadata['reader_version']}"))
    return rows
