"""Small made cases for the tests of linking and leads."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from firstlight.model.facts import (
    CaseFacts,
    ListFacts,
    MatchFacts,
    MediaFacts,
    NearPair,
    SightingFacts,
    SourceFacts,
)
from firstlight.model.fingerprint import ClockReading, Metadata, Place
from firstlight.model.hashlist import HashAlgorithm, ListPurpose
from firstlight.model.media import MediaKind

NOW_AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
LIST_A = ListFacts("List A", ListPurpose.INVESTIGATION, 2_000_000, 0)
SOURCES = (SourceFacts(1, "laptop", exhibit="AB/1"), SourceFacts(2, "telephone"))


def name_media(number: int) -> str:
    """A media id that sorts by its number."""
    return f"{number:064x}"


def taken(local: str, offset: str | None = None, clock: str = "camera") -> ClockReading:
    """A clock reading, by default the camera's own."""
    tag = "EXIF:DateTimeOriginal" if clock == "camera" else "Composite:GPSDateTime"
    return ClockReading(tag, local, local, offset, clock)


def camera_data(
    serial: str | None = "FL0001",
    local: str | None = "2026-05-01T10:00:00",
    *,
    offset: str | None = None,
    place: tuple[float, float] | None = None,
    **more: object,
) -> Metadata:
    """Metadata as a camera writes them."""
    fields: dict[str, object] = {
        "maker": "Kestrel Corporation",
        "model": "Kestrel K1",
        "body_serial": serial,
        "clocks": (taken(local, offset),) if local else (),
        "place": Place(*place) if place else None,
        **more,
    }
    return Metadata("made", "1", **fields)  # type: ignore[arg-type]


BARE = Metadata("made", "1")


def picture(
    number: int,
    metadata: Metadata | None = BARE,
    *,
    source_id: int = 1,
    path: bytes | None = None,
    size_px: tuple[int, int] = (4000, 3000),
    matches: tuple[MatchFacts, ...] = (),
    **more: object,
) -> MediaFacts:
    """One picture with one sighting."""
    sighting = SightingFacts(
        sighting_id=number,
        source_id=source_id,
        path=path or b"/seized/%d/file%d.jpg" % (source_id, number),
        named_mime=more.pop("named_mime", None),  # type: ignore[arg-type]
        mtime_ns=more.pop("mtime_ns", None),  # type: ignore[arg-type]
    )
    fields: dict[str, object] = {
        "media_id": name_media(number),
        "kind": MediaKind.IMAGE,
        "mime": "image/jpeg",
        "size_bytes": 1000 + number,
        "sightings": (sighting,),
        "width_px": size_px[0],
        "height_px": size_px[1],
        "pdq_quality": 100,
        "metadata": metadata,
        "matches": matches,
        **more,
    }
    return MediaFacts(**fields)  # type: ignore[arg-type]


def match(
    list_name: str = "List A",
    *,
    purpose: ListPurpose = ListPurpose.INVESTIGATION,
    algorithm: HashAlgorithm = HashAlgorithm.SHA256,
    **more: object,
) -> MatchFacts:
    """One match, exact unless said otherwise."""
    fields: dict[str, object] = {"entry_key": "entry-1", "category_code": "1", **more}
    return MatchFacts(list_name, purpose, algorithm=algorithm, **fields)  # type: ignore[arg-type]


def pair(left: int, right: int, distance_bits: int = 8) -> NearPair:
    """A near-copy pair by numbers."""
    return NearPair(name_media(left), name_media(right), distance_bits)


def case(*media: MediaFacts, **more: object) -> CaseFacts:
    """A case that was compared with List A, unless said otherwise."""
    fields: dict[str, object] = {"sources": SOURCES, "lists": (LIST_A,), **more}
    return CaseFacts("Case 1", NOW_AT, tuple(media), **fields)  # type: ignore[arg-type]


class SlowIndex:
    """The obvious Hamming search: every query against every code."""

    def __init__(self, codes: NDArray[np.uint64]) -> None:
        self.codes = codes

    def __len__(self) -> int:
        return len(self.codes)

    def search(
        self, queries: NDArray[np.uint64], radius_bits: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint16]]:
        distances = np.bitwise_count(queries[:, None, :] ^ self.codes[None, :, :]).sum(axis=2)
        query_rows, stored_rows = np.nonzero(distances <= radius_bits)
        found = distances[query_rows, stored_rows].astype(np.uint16)
        return query_rows.astype(np.int64), stored_rows.astype(np.int64), found
