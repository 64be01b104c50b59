"""Claim: ``firstlight verify`` of 100,000 events and media records takes under 20 s on one core."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

from benchmarks.program import document, fresh_program
from benchmarks.turns import make_bar_row, print_rows

from firstlight.app.home import Home, open_home
from firstlight.model.fingerprint import ClockReading, Metadata, PdqHash, Place, Reading
from firstlight.model.item import ItemReport
from firstlight.model.media import (
    ContentType,
    Digests,
    FileFacts,
    Locator,
    MediaKind,
    Outcome,
)
from firstlight.store.case import add_case
from firstlight.store.item import ItemPlace, add_item
from firstlight.store.writer import Transaction

SIZES = (1000, 10_000, 100_000)
SMALL_SIZES = (1000, 10_000)
BAR_SIZE = 100_000
LIMIT_S = 20.0
IN_ONE_TRANSACTION = 500
TAGS = 120
SAMPLE_S = 0.2
MIB = 1 << 20
JPEG = ContentType(MediaKind.IMAGE, "image/jpeg", "JPEG picture")


def _report(number: int) -> ItemReport:
    """A photograph of a camera: as many tags and clocks as such a file has."""
    data, chance = b"%d" % number, random.Random(number)
    digests = Digests(
        hashlib.md5(data).digest(), hashlib.sha1(data).digest(), hashlib.sha256(data).digest()
    )
    taken = f"2025-05-{number % 28 + 1:02d}T10:00:{number % 60:02d}"
    metadata = Metadata(
        reader="exiftool",
        reader_version="13.0",
        tags=tuple((f"EXIF:Tag{n}", f"{chance.random():.12f}") for n in range(TAGS)),
        maker="Maker",
        model="Model",
        body_serial=f"S{number % 40}",
        clocks=tuple(ClockReading(f"EXIF:Time{n}", taken, taken, None, "camera") for n in range(3)),
        place=Place(chance.uniform(-60, 60), chance.uniform(-179, 179), 10.0),
    )
    return ItemReport(
        locator=Locator(b"/exhibit/DCIM/folder%d/IMG_%06d.JPG" % (number // 500, number)),
        facts=FileFacts(3_000_000 + number, 5, 6, number, 1),
        outcome=Outcome.READ,
        digests=digests,
        content_type=JPEG,
        reading=Reading(
            width_px=4000,
            height_px=3000,
            frame_count=1,
            pdq=(PdqHash(chance.randbytes(256), 90, "grey", "pdq-1"),),
            metadata=metadata,
        ),
    )


def _fill(home: Home, count: int) -> None:
    with home.store.transaction() as tx:
        with tx.event(home.actor, "opened-case") as event:
            case_id = add_case(tx, event, "benchmark")
        with tx.event(home.actor, "added-source") as event:
            fields = {"case_id": case_id, "path": b"/exhibit", "kind": "folder"}
            place = ItemPlace(case_id, event.add("source", fields))
    for first in range(0, count, IN_ONE_TRANSACTION):
        with home.store.transaction() as tx:
            for number in range(first, min(count, first + IN_ONE_TRANSACTION)):
                _add(tx, home, place, _report(number))


def _add(tx: Transaction, home: Home, place: ItemPlace, report: ItemReport) -> None:
    name = report.digests.media_id if report.digests else ""
    with tx.event(home.actor, "ingested", {"content": name}) as event:
        add_item(event, place, report, pipeline="benchmark-1", is_new_media=True)


def _row(count: int) -> dict:
    with fresh_program() as program:
        program.run("init")
        with open_home(str(program.home), "benchmark", writing=True) as home:
            _fill(home, count)
        cost = program.run("verify", "--json", sample_s=SAMPLE_S)
        store_bytes = _size(program.home)
    verified = document(cost)
    is_bar = count == BAR_SIZE
    claim = f"verify of {count:,} events and media records"
    return make_bar_row(
        f"{claim} in under {LIMIT_S:g} s on one core" if is_bar else claim,
        f"{cost.cpu_s:.1f} s of a core",
        is_met=bool(verified["ok"])
        and verified["events"] >= count
        and (cost.cpu_s < LIMIT_S or not is_bar),
        note=f"wall clock {cost.wall_s:.1f} s, {cost.cpu_s / count * 1e6:.0f} us an item, peak "
        f"{cost.peak_bytes / MIB:.0f} MiB, store {store_bytes / MIB:.0f} MiB; an item is an event, "
        f"a sighting, a media, a reading, a PDQ and metadata with {TAGS} tags",
    )


def _size(home: Path) -> int:
    return sum(path.stat().st_size for path in home.iterdir() if path.is_file())


def rows(*, is_small: bool = False) -> list[dict]:
    """Verify logs a decade apart."""
    return [_row(count) for count in (SMALL_SIZES if is_small else SIZES)]


if __name__ == "__main__":
    print_rows(rows())
