"""Small records for the store's tests, made from numbers."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from firstlight.model.event import Actor
from firstlight.model.fingerprint import ClockReading, Metadata, PdqHash, Place, Reading
from firstlight.model.hashlist import HashAlgorithm, ListEntry
from firstlight.model.item import ItemReport
from firstlight.model.media import (
    ContentType,
    Digests,
    Failure,
    FileFacts,
    Locator,
    MediaKind,
    Outcome,
)
from firstlight.store.case import add_case, find_case
from firstlight.store.database import Store, open_store
from firstlight.store.item import ItemPlace, add_item
from firstlight.store.list_import import EntryImport, ImportCounts
from firstlight.store.media import known_media
from firstlight.store.source import list_sources
from firstlight.vault.key_folder import KeyFolder
from firstlight.vault.secret import HomeSecret

ACTOR = Actor("os:tester", "a test")
SECRET = HomeSecret("0123456789abcdef", bytes(range(32)), bytes(range(32, 64)))
JPEG = ContentType(MediaKind.IMAGE, "image/jpeg", "JPEG picture")


def digests_of(content: int) -> Digests:
    """Digests of a content that is named by a number."""
    data = b"content %d" % content
    return Digests(
        hashlib.md5(data).digest(), hashlib.sha1(data).digest(), hashlib.sha256(data).digest()
    )


def media_id(content: int) -> str:
    """Name of a content."""
    return digests_of(content).media_id


def codes(seed: int) -> bytes:
    """Eight PDQ variants."""
    return b"".join(hashlib.sha256(b"%d %d" % (seed, n)).digest() for n in range(8))


def metadata(content: int, **changes: Any) -> Metadata:
    """Metadata of a content: one of three cameras, a place at sea, a time."""
    values: dict[str, Any] = {
        "reader": "firstlight-exif",
        "reader_version": "1",
        "tags": (("EXIF:Make", "Maker"), ("EXIF:Note", "nul \x00 \ud800 é"), ("EXIF:Make", "x")),
        "maker": "Maker",
        "model": "Model",
        "body_serial": f"FL{content % 3}",
        "lens_serial": "L-9",
        "owner": "Owner",
        "clocks": (
            ClockReading(
                "GPS:Time", "x", f"2024-05-01T10:00:{content % 60:02d}", None, "satellite"
            ),
            ClockReading(
                "EXIF:DateTimeOriginal", "y", f"2024-05-02T10:00:{content % 60:02d}", None, "camera"
            ),
        ),
        "place": Place(10.0 + content, -179.5, 1.5),
        "edit_history": ("cropped", "saved"),
    }
    return Metadata(**{**values, **changes})


def reading(content: int, **changes: Any) -> Reading:
    """A reading of a picture."""
    values: dict[str, Any] = {
        "width_px": 640,
        "height_px": 480,
        "frame_count": 1,
        "pdq": (PdqHash(codes(content), 90, "grey", "pdq-1"),),
        "metadata": metadata(content),
    }
    return Reading(**{**values, **changes})


def report(number: int, content: int | None = None, **changes: Any) -> ItemReport:
    """An item: a file named by a number, holding a content."""
    content = number if content is None else content
    values: dict[str, Any] = {
        "locator": Locator(b"/seized/\xff%d.jpg" % number),
        "facts": FileFacts(100 + number, 5, 6, (1 << 64) - 1 - number, 1 << 63),
        "outcome": Outcome.READ,
        "digests": digests_of(content),
        "content_type": JPEG,
        "reading": reading(content),
    }
    return ItemReport(**{**values, **changes})


def failed_report(number: int, *, retryable: bool = True) -> ItemReport:
    """An item that could not be read."""
    return ItemReport(
        Locator(b"/seized/\xff%d.jpg" % number),
        FileFacts(7),
        Outcome.FAILED,
        failures=(Failure("worker-lost", "the worker crashed", "worker", retryable),),
    )


def new_store(place: Path, name: str = "store.db") -> Store:
    """An empty store, or the one that is there."""
    if not (place / name).exists():
        (place / name).write_bytes(_empty_store())
        (place / name).chmod(0o600)
    return open_sealed(place / name, create=True)


def sealer_of(place: Path) -> KeyFolder:
    """The keys beside a store; made where there are none."""
    keys = KeyFolder(place / "keys", SECRET)
    keys.create()
    return keys


def open_sealed(path: Path, **options: Any) -> Store:
    """Open a store with the keys beside it."""
    return open_store(path, sealer=sealer_of(path.parent), **options)


@cache
def _empty_store() -> bytes:
    """A store as it is made, made once: it takes longer than most tests."""
    with TemporaryDirectory() as place:
        path = Path(place) / "empty.db"
        open_store(path, create=True).close()
        return path.read_bytes()


def add_source(store: Store, case_name: str = "Case A", path: bytes = b"/seized") -> int:
    """A case, if it is new, with one more source."""
    with store.transaction() as tx:
        case = find_case(tx, case_name)
        if case is None:
            with tx.event(ACTOR, "opened-case") as ev:
                case_id = add_case(tx, ev, case_name)
        else:
            case_id = case.case_id
        with tx.event(ACTOR, "added-source") as ev:
            return ev.add("source", {"case_id": case_id, "path": path, "kind": "folder"})


def place_of(store: Store, source_id: int) -> ItemPlace:
    """Where items of a source are recorded."""
    (row,) = [row for row in list_sources(store) if row.source_id == source_id]
    return ItemPlace(row.case_id, source_id)


def ingest(store: Store, source_id: int, *reports: ItemReport) -> list[int]:
    """Record items, one event each, in one transaction."""
    numbers = []
    place = place_of(store, source_id)
    with store.transaction() as tx:
        for one in reports:
            name = one.digests.media_id if one.digests else ""
            is_new = bool(one.digests) and not known_media(tx, [name])
            with tx.event(ACTOR, "ingested", {"sha256": name}) as ev:
                numbers.append(add_item(ev, place, one, pipeline="test-1", is_new_media=is_new))
    return numbers


def entry(content: int, **changes: Any) -> ListEntry:
    """A list entry that knows a content by its digests."""
    digests = digests_of(content)
    values: dict[str, Any] = {
        "entry_key": f"key-{content}",
        "hashes": ((HashAlgorithm.MD5, digests.md5), (HashAlgorithm.SHA1, digests.sha1)),
        "scheme": "scheme",
        "category_code": "1",
        "marks": (("series", "Lighthouse"),),
        "record": '{"id": 1}',
    }
    return ListEntry(**{**values, **changes})


def pdq_entry(seed: int) -> ListEntry:
    """A list entry with a PDQ hash alone."""
    return ListEntry(f"pdq-{seed}", ((HashAlgorithm.PDQ, codes(seed)[:32]),))


def import_list(
    store: Store,
    entries: list[ListEntry],
    *,
    name: str = "List A",
    purpose: str = "investigation",
    state: str = "imported",
    is_partial: bool = False,
) -> ImportCounts:
    """Import a version of a list, or with another state withdraw it."""
    from firstlight.store.hashlist import find_list

    with store.transaction() as tx:
        known = find_list(tx, name)
        with tx.event(ACTOR, "imported-list") as ev:
            list_id = known.list_id if known else ev.add("hash_list", {"name": name})
            version_id = ev.add(
                "list_version",
                {
                    "list_id": list_id,
                    "version_number": known.version_number + 1 if known else 1,
                    "purpose": purpose,
                    "radius_bits": 31,
                    "is_partial": is_partial,
                    "state": state,
                },
            )
            work = EntryImport(tx, ev, list_id, version_id)
            if state == "imported":
                work.add(entries)
                if not is_partial:
                    work.withdraw_missing()
            ev.add("list_tally", {"list_version_id": version_id, "counts": work.counts.plain()})
    return work.counts
