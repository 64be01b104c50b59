"""Reading a content whole: a part that fails costs that part alone."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image
from skimage import data

from firstlight.errors import DecodeError
from firstlight.fingerprint.reading import read_media
from firstlight.model.bounds import Bounds
from firstlight.model.fingerprint import Reading
from firstlight.model.media import ContentType, Failure, MediaKind
from firstlight.model.ports import ToolOutput

BOUNDS = Bounds()
JPEG = ContentType(MediaKind.IMAGE, "image/jpeg", "JPEG picture")
PNG = ContentType(MediaKind.IMAGE, "image/png", "PNG picture")


class NoTools:
    """A machine without any outside program."""

    def has(self, program: str) -> bool:
        return False

    def run(
        self,
        program: str,
        arguments: Sequence[str],
        content: bytes | memoryview | int,
        *,
        timeout_s: float,
        output_limit_bytes: int,
    ) -> ToolOutput:
        raise AssertionError("no program may be run")

    def exiftool(self, content: bytes | memoryview | int, *, timeout_s: float) -> bytes:
        raise AssertionError("no program may be run")

    def exiftool_version(self) -> str | None:
        return None


def photograph(**options: object) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Maker of test cameras"
    held = io.BytesIO()
    Image.fromarray(data.coffee()).save(held, "JPEG", quality=90, exif=exif, **options)
    return held.getvalue()


def read(
    content: bytes | None,
    content_type: ContentType,
    descriptor: int | None = None,
    reader: str = "own",
    bounds: Bounds = BOUNDS,
) -> tuple[Reading | None, tuple[Failure, ...]]:
    return read_media(
        content,
        descriptor,
        content_type,
        strict=False,
        metadata_reader=reader,
        bounds=bounds,
        tools=NoTools(),
    )


def test_a_photograph_gives_pixels_and_metadata():
    reading, failures = read(photograph(), JPEG)
    assert failures == ()
    assert reading is not None
    assert (reading.width_px, reading.height_px, reading.frame_count) == (600, 400, 1)
    assert reading.pdq[0].route == "grey"
    assert reading.pdq[0].quality > 80
    assert reading.metadata is not None
    assert reading.metadata.maker == "Maker of test cameras"
    assert not reading.has_thumbnail
    assert reading.metadata.has_differing_thumbnail is None


def test_metadata_is_read_when_the_pixels_do_not_decode():
    content = bytearray(photograph())
    at = content.index(b"\xff\xc0")
    content[at + 1] = 0xC3
    reading, failures = read(bytes(content), JPEG)
    assert [(failure.code, failure.stage) for failure in failures] == [("decode-failed", "decode")]
    assert reading is not None
    assert reading.pdq == ()
    assert reading.metadata is not None
    assert reading.metadata.maker == "Maker of test cameras"


def test_pixels_are_read_when_the_metadata_fails(monkeypatch):
    import firstlight.fingerprint.metadata.reading as metadata_reading

    def fail(*_: object, **__: object) -> None:
        raise DecodeError("metadata does not parse")

    monkeypatch.setattr(metadata_reading, "read_metadata", fail)
    reading, failures = read(photograph(), JPEG)
    assert reading is not None
    assert reading.pdq[0].quality > 80
    assert reading.metadata is None
    assert [failure.stage for failure in failures] == ["metadata"]


def test_memory_that_runs_out_costs_one_part(monkeypatch):
    import firstlight.fingerprint.decode as decode

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(decode, "decode_picture", fail)
    reading, failures = read(photograph(), JPEG)
    assert [failure.code for failure in failures] == ["limit-exceeded"]
    assert reading is not None
    assert reading.metadata is not None


def test_a_cut_photograph_is_flagged():
    content = photograph()
    reading, failures = read(content[: len(content) // 2], JPEG)
    assert reading is not None
    assert reading.is_truncated
    assert len(reading.pdq) == 1
    assert all(failure.stage == "metadata" for failure in failures)


def test_a_content_too_large_to_hold_is_mapped(tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(photograph())
    descriptor = os.open(path, os.O_RDONLY)
    try:
        mapped, failures = read(None, JPEG, descriptor)
    finally:
        os.close(descriptor)
    held, _ = read(photograph(), JPEG)
    assert failures == ()
    assert mapped == held


@pytest.mark.parametrize(
    ("mime", "form"),
    [("image/png", "PNG"), ("image/gif", "GIF"), ("image/tiff", "TIFF"), ("image/webp", "WEBP")],
)
def test_other_kinds_can_be_mapped_too(tmp_path, mime, form):
    path = tmp_path / "picture"
    Image.fromarray(data.coffee()).save(path, form)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        reading, failures = read(
            None, ContentType(MediaKind.IMAGE, mime, "picture"), descriptor, "none"
        )
    finally:
        os.close(descriptor)
    assert failures == ()
    assert reading is not None
    assert reading.pdq[0].quality > 80


def test_nothing_at_hand_and_an_empty_file_are_failures(tmp_path):
    reading, failures = read(None, JPEG)
    assert reading is None
    assert failures[0].code == "unreadable"
    path = tmp_path / "empty"
    path.write_bytes(b"")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        reading, failures = read(None, JPEG, descriptor)
    finally:
        os.close(descriptor)
    assert reading is None
    assert failures


def test_kinds_without_pixels():
    text = ContentType(MediaKind.DOCUMENT, "application/pdf", "PDF document")
    reading, failures = read(b"%PDF-1.4", text, reader="none")
    assert (reading, failures) == (None, ())
    other = ContentType(MediaKind.OTHER, "application/octet-stream", "data")
    assert read(b"data", other) == (None, ())
    video = ContentType(MediaKind.VIDEO, "video/mp4", "MP4 video")
    reading, failures = read(b"data", video, reader="none")
    assert reading is None
    assert [(failure.code, failure.stage) for failure in failures] == [("not-opened", "video")]


def test_a_flat_picture_has_a_hash_with_a_reason():
    held = io.BytesIO()
    Image.fromarray(np.full((300, 300), 77, np.uint8)).save(held, "PNG")
    reading, failures = read(held.getvalue(), PNG, reader="none")
    assert failures == ()
    assert reading is not None
    assert reading.pdq[0].quality < 50
    assert reading.pdq[0].reason
