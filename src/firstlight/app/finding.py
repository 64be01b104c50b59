"""Finds media by what is known of them, and shows all that is recorded about one."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from firstlight.app.case import require_case
from firstlight.app.documents import media_document
from firstlight.app.home import Home
from firstlight.app.matching import all_variants, is_matching_complete
from firstlight.errors import UnknownNameError, UsageError
from firstlight.match.hamming import pack_codes
from firstlight.match.scan import ScanIndex
from firstlight.model.fingerprint import DIHEDRAL_VARIANTS
from firstlight.store.case import case_names
from firstlight.store.child import children_of
from firstlight.store.current import blocks
from firstlight.store.database import Reader
from firstlight.store.fingerprint import pdq_rows
from firstlight.store.hashlist import has_list_in_force, trusted_lists
from firstlight.store.media import media_by_digest, media_by_prefix, media_page
from firstlight.store.metadata import media_taken_between, media_with_serial, media_within_box
from firstlight.store.near_copy import near_copies
from firstlight.store.record import MediaRecord, load_records

METRES_PER_DEGREE = 111_320.0
DISTANCE_MAX_M = 20_040_000
SCAN_BLOCK = 4096
BLOCK_MEDIA = 500
PREFIX_MIN_DIGITS = 6
LOCAL_TIME = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?)?)?")
DIGEST_BY_DIGITS = {32: "md5", 40: "sha1", 64: "sha256"}


@dataclass(frozen=True, slots=True)
class Question:
    """What to find; conditions that are given must all hold.

    Args:
        digest: MD5, SHA-1 or SHA-256 in hexadecimal, or the first digits of a media id.
        pdq: 64 hexadecimal digits.
        radius_bits: For ``pdq``, inclusive.
        serial: Body or lens serial.
        place: Latitude and longitude in degrees.
        within_m: Distance from ``place``.
        taken_from, taken_to: Local times as cameras state them, ISO 8601, inclusive.
        path: A part of a path or name.
        status: ``known``, ``known-good``, ``new`` or ``not checked``.
        limit: Most media to give; None for all.
    """

    digest: str | None = None
    pdq: str | None = None
    radius_bits: int = 31
    serial: str | None = None
    place: tuple[float, float] | None = None
    within_m: float = 500.0
    taken_from: str | None = None
    taken_to: str | None = None
    case_name: str | None = None
    path: str | None = None
    status: str | None = None
    limit: int | None = None


def find(home: Home, question: Question) -> dict[str, Any]:
    """Give the document of ``find --json``.

    Raises:
        UsageError: Nothing is asked, or a value cannot be used.
    """
    if question.case_name is not None:
        question = replace(question, case_name=require_case(home, question.case_name).name)
    with home.store.snapshot() as reader:
        extra: dict[str, dict[str, Any]] = {}
        candidates = _candidates(home, reader, question, extra)
        is_checked = is_compared(reader)
        trusted = trusted_lists(reader)
        names = case_names(reader)
        media = []
        for block in blocks(candidates, BLOCK_MEDIA):
            near = _near_copies(reader, block)
            for record in load_records(reader, block):
                document = media_document(record, names, is_checked=is_checked, trusted=trusted)
                document["near_copies"] = near[record.media.media_id]
                if not _holds(question, record, document, names):
                    continue
                media.append({**document, **extra.get(record.media.media_id, {})})
                if question.limit is not None and len(media) >= question.limit:
                    return {"media": media, "is_complete": False}
    return {"media": media, "is_complete": True}


def show(home: Home, media_name: str) -> dict[str, Any]:
    """Give the document of ``show --json``: one media, by id, its first digits or a digest.

    Raises:
        UnknownNameError: None, or several.
    """
    with home.store.snapshot() as reader:
        found = [require_media(reader, media_name)]
        record = load_records(reader, found, with_tags=True)[0]
        document = media_document(
            record,
            case_names(reader),
            is_checked=is_compared(reader),
            trusted=trusted_lists(reader),
            with_tags=True,
            frames_max=None,
        )
        document["near_copies"] = _near_copies(reader, found)[found[0]]
        document["children"] = list(children_of(reader, "media", found[0]))
    return document


def require_media(reader: Reader, media_name: str) -> str:
    """Give the id of one media, by its id, the first digits of it, or a digest.

    Raises:
        UnknownNameError: None, or several.
    """
    found = _by_digest(reader, media_name)
    if len(found) != 1:
        words = "no media" if not found else "several media"
        raise UnknownNameError(f"{words} of that id or digest", detail=media_name)
    return found[0]


def is_compared(reader: Reader) -> bool:
    """Whether media were compared: a list of known material is in force, and nothing is pending.

    A known-good list says nothing of known material.
    """
    return has_list_in_force(reader) and is_matching_complete(reader)


def _near_copies(reader: Reader, media_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Give the near-copies of each media, the nearest first."""
    found: dict[str, list[dict[str, Any]]] = {media_id: [] for media_id in media_ids}
    for row in near_copies(reader, media_ids=media_ids):
        facts = {"distance_bits": row.distance_bits, "variant": row.variant}
        for one, other in (
            (row.media_id_a, row.media_id_b),
            (row.media_id_b, row.media_id_a),
        ):
            if one in found:
                found[one].append({"media_id": other, **facts})
    for rows in found.values():
        rows.sort(key=lambda item: (item["distance_bits"], item["media_id"]))
    return found


def _candidates(
    home: Home, reader: Reader, question: Question, extra: dict[str, dict[str, Any]]
) -> list[str]:
    sets: list[list[str]] = []
    if question.digest is not None:
        sets.append(_by_digest(reader, question.digest))
    if question.pdq is not None:
        sets.append(_by_pdq(reader, question.pdq, question.radius_bits, extra))
    if question.serial is not None:
        sets.append(list(media_with_serial(reader, question.serial)))
    if question.place is not None:
        sets.append(_by_place(reader, question.place, question.within_m, extra))
    if question.taken_from is not None or question.taken_to is not None:
        first = _local_time(question.taken_from or "0000")
        last = _local_time(question.taken_to or "9999") + "~"
        sets.append([media_id for media_id, _ in media_taken_between(reader, first, last)])
    if question.case_name is not None:
        sets.append(_of_case(reader, require_case(home, question.case_name).case_id))
    elif question.path is not None or question.status is not None:
        sets.append(_of_case(reader, None))
    if not sets:
        raise UsageError("say what to find: a digest, --pdq, --serial, --place, --case ...")
    common = set(sets[0]).intersection(*sets[1:])
    return sorted(dict.fromkeys(name for name in sets[0] if name in common))


def _local_time(text: str) -> str:
    """Check a time or the beginning of one; cameras state local times, mostly without a zone."""
    if not LOCAL_TIME.fullmatch(text):
        raise UsageError(
            "a time is local, without a zone, for example 2026, 2026-05 or 2026-05-01T10:00"
        )
    return text.replace(" ", "T")


def _by_digest(reader: Reader, text: str) -> list[str]:
    text = text.strip().lower()
    try:
        int(text, 16)
    except ValueError as error:
        raise UsageError("a digest is hexadecimal digits") from error
    algorithm = DIGEST_BY_DIGITS.get(len(text))
    if algorithm is not None:
        return [row.media_id for row in media_by_digest(reader, algorithm, bytes.fromhex(text))]
    if len(text) < PREFIX_MIN_DIGITS or len(text) > 64:
        raise UsageError(f"give {PREFIX_MIN_DIGITS} digits or more")
    return [row.media_id for row in media_by_prefix(reader, text)]


def _by_pdq(
    reader: Reader, text: str, radius_bits: int, extra: dict[str, dict[str, Any]]
) -> list[str]:
    """Compare one code with every picture and frame, in all eight positions."""
    try:
        code = bytes.fromhex(text)
    except ValueError as error:
        raise UsageError("--pdq is 64 hexadecimal digits") from error
    if len(code) != 32 or not 0 <= radius_bits <= 256:
        raise UsageError("--pdq is 64 hexadecimal digits, --radius-bits 0 to 256")
    index = ScanIndex(pack_codes([code]))
    best: dict[str, tuple[int, int, int]] = {}
    for block in blocks(pdq_rows(reader), SCAN_BLOCK):
        found = index.search(all_variants([row.codes for row in block]), radius_bits)
        for query, _, distance in zip(*(part.tolist() for part in found), strict=True):
            row = block[query // 8]
            hit = (distance, query % 8, row.frame_index)
            best[row.media_id] = min(best.get(row.media_id, hit), hit)
    for media_id, (distance, variant, frame) in best.items():
        extra[media_id] = {
            "distance_bits": distance,
            "variant": DIHEDRAL_VARIANTS[variant],
            "frame_index": frame,
        }
    return sorted(best)


def _by_place(
    reader: Reader,
    place: tuple[float, float],
    within_m: float,
    extra: dict[str, dict[str, Any]],
) -> list[str]:
    latitude, longitude = place
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise UsageError("--place is LATITUDE,LONGITUDE in degrees")
    if not 0 < within_m <= DISTANCE_MAX_M:
        raise UsageError(f"--within-m is more than 0 and at most {DISTANCE_MAX_M}")
    height = within_m / METRES_PER_DEGREE
    width = min(180.0, height / max(0.01, math.cos(math.radians(latitude))))
    west, east = _wrapped(longitude - width), _wrapped(longitude + width)
    found = []
    for media_id, lat, lon in media_within_box(
        reader, latitude - height, west, latitude + height, east
    ):
        distance_m = great_circle_m(latitude, longitude, lat, lon)
        if distance_m <= within_m:
            found.append(media_id)
            extra[media_id] = {"distance_m": round(distance_m, 1)}
    return found


def great_circle_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Return the distance over a sphere, in metres (haversine)."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half = (
        math.sin((phi_b - phi_a) / 2) ** 2
        + math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    )
    return 2 * 6_371_008.8 * math.asin(min(1.0, math.sqrt(half)))


def _wrapped(longitude: float) -> float:
    return (longitude + 180.0) % 360.0 - 180.0


def _of_case(reader: Reader, case_id: int | None) -> list[str]:
    found: list[str] = []
    after = 0
    while page := media_page(reader, case_id=case_id, after_seq=after):
        found.extend(row.media_id for row in page)
        after = page[-1].media_seq
    return found


def _holds(
    question: Question,
    record: MediaRecord,
    document: dict[str, Any],
    names: dict[int, str],
) -> bool:
    if question.status == "known-good" and document["is_known_good"]:
        pass
    elif question.status is not None and document["status"] != question.status:
        return False
    if question.path is None:
        return True
    wanted = question.path.encode("utf-8", "surrogateescape")
    return any(
        wanted in row.locator.full_path
        for row in record.sightings
        if question.case_name in (None, names.get(row.case_id))
    )
