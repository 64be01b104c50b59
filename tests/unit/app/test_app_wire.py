"""Reports survive the way from a worker, and nothing else is taken for one."""

from __future__ import annotations

import msgpack
import pytest

from firstlight.app.wire import report_from_plain, report_to_plain
from firstlight.errors import WorkerLostError
from firstlight.model.fingerprint import ClockReading, Metadata, PdqHash, Place, Reading
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


def whole_report() -> ItemReport:
    metadata = Metadata(
        "exiftool",
        "13.59",
        tags=(("EXIF:Make", "Maker"),),
        clocks=(ClockReading("EXIF:DateTimeOriginal", "x", None, "+02:00", "camera"),),
        place=Place(1.5, 2.5, None),
    )
    reading = Reading(
        width_px=4, height_px=3, pdq=(PdqHash(bytes(range(256)), 80, "grey", "pdq-1"),),
        metadata=metadata, container=(("format", "mov"),),
    )  # fmt: skip
    return ItemReport(
        Locator(b"/x/\xff\n", (b"in\x00er", b"b"), (3, 0)),
        FileFacts(7, 1, 2, 3, 4),
        Outcome.READ,
        Digests(b"m" * 16, b"s" * 20, b"h" * 32),
        ContentType(MediaKind.IMAGE, "image/jpeg", "JPEG picture"),
        named_mime="image/png",
        reading=reading,
        failures=(Failure("truncated", "cut", "decode"),),
        member_count=2,
    )


def test_a_report_comes_through_whole():
    report = whole_report()
    plain = msgpack.unpackb(msgpack.packb(report_to_plain(report)))
    assert report_from_plain(plain, report.locator.key) == report


def test_a_report_of_another_item_is_refused():
    plain = report_to_plain(whole_report())
    with pytest.raises(WorkerLostError, match="another item"):
        report_from_plain(plain, b"other")


@pytest.mark.parametrize("plain", [None, 5, {}, {"locator": 1}, []])
def test_what_is_no_report_is_refused(plain):
    with pytest.raises(WorkerLostError, match="malformed"):
        report_from_plain(plain, b"x")


def test_a_hash_of_the_wrong_size_is_refused():
    report = whole_report()
    plain = report_to_plain(report)
    plain["reading"]["pdq"][0]["codes"] = b"short"
    with pytest.raises(WorkerLostError, match="wrong size"):
        report_from_plain(plain, report.locator.key)
