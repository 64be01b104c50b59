"""Thumbnail stores of Windows, Android and macOS; reports of phone extractions."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
from examples.document import make_phone_report
from examples.thumbnail_store import (
    make_imgcache,
    make_quicklook,
    make_thumbcache,
    make_thumbdata,
)
from PIL import Image
from tests.unit.intake.archive_making import make_zip, read_archive

from firstlight.intake.archive import ArchiveEnd, walk_archive
from firstlight.intake.content_type import content_type_of, is_unopened_container
from firstlight.model.bounds import Bounds

NOISE = random.Random(9).randbytes(30_000)
FILES = [(b"%d" % n, b"\xff\xd8\xff\xe0" + NOISE[n : 900 * n + n] + b"\xff\xd9") for n in range(9)]


@pytest.mark.parametrize("version", [0x14, 0x15, 0x1A, 0x1F, 0x20])
def test_windows_stores(version):
    packed = make_thumbcache(FILES, version)
    account = read_archive(packed.content)
    assert [(names[0], found) for names, found in account.contents.items()] == list(packed.members)
    assert account.end_codes == []


def test_entries_behind_damage_and_behind_the_end_are_given():
    one, two = make_thumbcache(FILES[:3]).content, make_thumbcache(FILES[:6]).content
    gap = b"\x00" * 1000 + b"CMMM" + b"\xff" * 60
    account = read_archive(one + gap + two[len(one) :])
    assert list(account.contents.values()) == [content for _, content in FILES[:6]]
    assert account.end_codes == ["decode-failed"]


def test_a_windows_store_that_ends_inside_an_entry():
    packed = make_thumbcache(FILES)
    account = read_archive(packed.content[:-200])
    assert list(account.contents.values()) == [content for _, content in FILES[:-1]]
    assert list(account.failures.values()) == ["truncated"]


@pytest.mark.parametrize("first", [0, 1, 7, 500])
def test_android_slots_wherever_they_begin(first):
    packed = make_thumbdata(FILES, first)
    account = read_archive(packed.content)
    assert [(names[0], found) for names, found in account.contents.items()] == list(packed.members)
    assert account.end_codes == []


def test_a_jpeg_that_lies_in_no_slot_is_none():
    data = make_thumbdata(FILES[:2]).content + bytes(5000) + FILES[4][1]
    assert len(read_archive(data).contents) == 2


def test_the_gallerys_cache():
    packed = make_imgcache(FILES)
    account = read_archive(packed.content)
    assert [(names[0], found) for names, found in account.contents.items()] == list(packed.members)
    cut = read_archive(packed.content[:-50])
    assert list(cut.failures.values()) == ["truncated"]
    broken = bytearray(packed.content)
    broken[4 + 12] ^= 1
    assert read_archive(bytes(broken)).end_codes == ["decode-failed"]


def walk_index(index: bytes, data: bytes | None) -> tuple[dict[bytes, bytes], list[str]]:
    found: dict[bytes, bytes] = {}
    codes: list[str] = []
    for met in walk_archive(
        io.BytesIO(index),
        content_type_of("application/x-apple-thumbnails"),
        bounds=Bounds(),
        tick=lambda: None,
        sibling=lambda name: None if data is None else io.BytesIO(data),
    ):
        if isinstance(met, ArchiveEnd):
            codes += [failure.code for failure in met.failures]
        elif met.failure is not None:
            codes.append(met.failure.code)
        else:
            found[met.members[0]] = met.open().read(1 << 20)
    return found, codes


def test_thumbnails_of_macos():
    shown = np.random.default_rng(2).integers(0, 256, (10, 12, 4), np.uint8)
    shown[:, :, 3] = 255
    pixels = shown[:, :, (2, 1, 0, 3)].tobytes()
    index, data = make_quicklook([("boat.jpg", 12, 10, pixels)] * 2)
    ahead = index[:18] + b"\x02\x02" + index[20:]
    assert walk_index(ahead, data) == walk_index(index, data)
    found, codes = walk_index(index, data)
    assert codes == []
    assert list(found) == [b"boat.jpg 1.png", b"boat.jpg 2.png"]
    for content in found.values():
        with Image.open(io.BytesIO(content)) as opened:
            assert np.array_equal(np.asarray(opened), shown)


def test_thumbnails_of_macos_without_their_pixels():
    index, data = make_quicklook([("a", 12, 10, bytes(480))])
    assert walk_index(index, None) == ({}, ["not-opened"])
    assert walk_index(index, data[:100]) == ({}, ["truncated"])
    assert walk_index(index[:5000] + bytes(8000), data)[1] == ["decode-failed"]


def test_a_phone_report_is_opened_and_what_it_says_is_not():
    packed = make_phone_report(FILES)
    account = read_archive(packed.content)
    found = {names[0]: content for names, content in account.contents.items()}
    assert all(found[name] == content for name, content in packed.members)
    assert account.end_codes == []
    assert account.mimes[(b"report.xml",)] == "application/x-ufdr-report+xml"
    assert is_unopened_container("application/x-ufdr-report+xml")


def test_a_providers_return_is_a_plain_archive():
    files = [("Takeout/Google Photos/2026/a.jpg", FILES[3][1]), ("Takeout/a.jpg.json", b"{}")]
    account = read_archive(make_zip(files))
    assert list(account.contents.values()) == [content for _, content in files]
    assert account.end_codes == []
