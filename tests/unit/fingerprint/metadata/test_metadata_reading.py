"""read_metadata: which reader answers, what it says when one fails, and that both agree."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from firstlight.errors import LimitError, WorkerLostError
from firstlight.fingerprint.metadata.reading import read_metadata
from firstlight.model.bounds import Bounds
from firstlight.model.fingerprint import Place
from firstlight.model.media import ContentType, MediaKind

PICTURE = ContentType(MediaKind.IMAGE, "image/jpeg", "JPEG picture")
VIDEO = ContentType(MediaKind.VIDEO, "video/mp4", "MP4 video")
ARCHIVE = ContentType(MediaKind.ARCHIVE, "application/zip", "ZIP archive")


def read(content, tools, reader="auto", content_type=PICTURE, bounds=None):
    return read_metadata(
        content, content_type, tools=tools, reader=reader, bounds=bounds or Bounds()
    )


def typed(metadata):
    return replace(metadata, reader="", reader_version="", tags=())


def check_camera(metadata):
    assert metadata.maker == "Firstlight Optics"
    assert metadata.model == "FL-1 Mark II"
    assert metadata.body_serial == "FL0001234"
    assert metadata.lens == "FL 24-70mm F2.8"
    assert metadata.lens_serial == "L0099"
    assert metadata.image_unique_id == "0123456789abcdef0011223344556677"
    assert metadata.owner == "Keeper of the Camera"
    assert metadata.software == "FL-1 1.10"
    assert metadata.place == Place(-33.85847222, -151.20006944, -12.5)
    clocks = {clock.tag: clock for clock in metadata.clocks}
    assert clocks["EXIF:DateTimeOriginal"].local == "2024-05-06T07:08:09.070"
    assert clocks["EXIF:DateTimeOriginal"].offset == "+02:00"
    assert clocks["EXIF:DateTimeOriginal"].clock == "camera"
    assert clocks["EXIF:GPSDateStamp+GPSTimeStamp"].local == "2024-05-06T05:08:09.500"
    assert clocks["EXIF:GPSDateStamp+GPSTimeStamp"].offset == "+00:00"
    assert clocks["EXIF:GPSDateStamp+GPSTimeStamp"].clock == "satellite"


def test_own_reader_gives_the_typed_view(camera_picture, no_tools):
    metadata, failures = read(camera_picture, no_tools)
    assert failures == ()
    assert metadata.reader == "firstlight-exif"
    check_camera(metadata)


def test_exiftool_gives_the_typed_view(camera_picture, tools):
    metadata, failures = read(camera_picture, tools)
    assert failures == ()
    assert (metadata.reader, metadata.reader_version) == ("exiftool", "13.0")
    check_camera(metadata)


def test_both_readers_agree(camera_picture, tools):
    by_exiftool, _ = read(camera_picture, tools, "exiftool")
    by_own, _ = read(camera_picture, tools, "own")
    assert typed(by_own) == typed(by_exiftool)


def test_both_readers_agree_on_every_tag_they_share(xmp_jpeg, tools):
    by_exiftool = dict(read(xmp_jpeg, tools, "exiftool")[0].tags)
    by_own = dict(read(xmp_jpeg, tools, "own")[0].tags)
    for name in ("EXIF:Make", "EXIF:Artist", "EXIF:SerialNumber", "XMP-xmp:CreatorTool"):
        assert by_own[name] == by_exiftool[name]
    assert by_own["XMP-xmp:ModifyDate"] == by_exiftool["XMP-xmp:ModifyDate"]
    assert set(by_own) <= set(by_exiftool)


def test_edit_history_is_kept_oldest_first(xmp_jpeg, no_tools):
    metadata, _ = read(xmp_jpeg, no_tools)
    assert metadata.edit_history == (
        "2024:05:06 07:08:09+02:00 created",
        "2024:06:01 10:11:12-05:00 saved by Darkroom 3.1",
        "program named: Darkroom 3.1 (XMP-xmp:CreatorTool)",
    )
    software = [clock for clock in metadata.clocks if clock.clock == "software"]
    assert [(clock.local, clock.offset) for clock in software] == [
        ("2024-06-01T10:11:12.500", "-05:00")
    ]


def test_items_inside_the_table_of_a_heic(idat_heic, no_tools):
    metadata, failures = read(idat_heic, no_tools)
    assert failures == ()
    check_camera(metadata)


def test_a_descriptor_reads_like_bytes(camera_picture, no_tools, tools, descriptor):
    fd = descriptor(camera_picture)
    for host in (no_tools, tools):
        assert typed(read(fd, host)[0]) == typed(read(camera_picture, host)[0])


def test_nothing_of_our_descriptor_enters_the_tags(camera_picture, tools, descriptor):
    metadata, _ = read(descriptor(camera_picture), tools)
    text = json.dumps(metadata.tags)
    assert "/proc/" not in text
    assert "System:" not in text
    assert not {"FileName", "Directory", "FileModifyDate", "SourceFile"} & {
        label.split(":")[-1] for label, _ in metadata.tags
    }


def test_a_picture_without_metadata_was_read(make_picture, no_tools):
    metadata, failures = read(make_picture("JPEG", exif=b""), no_tools)
    assert failures == ()
    assert metadata is not None
    assert not metadata.has_camera
    assert metadata.clocks == ()


@pytest.mark.parametrize("content_type", [PICTURE, VIDEO])
def test_a_format_that_nobody_here_reads_gives_none(no_tools, content_type):
    assert read(b"not a picture", no_tools, content_type=content_type) == (None, ())


def test_none_asks_nobody(camera_picture, tools):
    assert read(camera_picture, tools, "none") == (None, ())
    assert read(camera_picture, tools, content_type=ARCHIVE) == (None, ())


def test_exiftool_asked_for_and_absent_is_said(camera_picture, no_tools):
    metadata, failures = read(camera_picture, no_tools, "exiftool")
    assert metadata is None
    assert [failure.code for failure in failures] == ["not-opened"]


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (LimitError("no answer in time"), "limit-exceeded"),
        (WorkerLostError("the program died"), "worker-lost"),
        (b"", "decode-failed"),
        (b"[{", "decode-failed"),
        (b"[]", "decode-failed"),
        (b'{"a": 1}', "decode-failed"),
        (b"[" * 100_000, "decode-failed"),
        (b"\xff\xfe\x00", "decode-failed"),
    ],
)
def test_when_exiftool_fails_the_own_reader_answers(camera_picture, no_tools, trouble, code):
    no_tools.answer = trouble
    metadata, failures = read(camera_picture, no_tools)
    assert [(failure.code, failure.stage) for failure in failures] == [(code, "metadata")]
    assert metadata.reader == "firstlight-exif"
    check_camera(metadata)
    alone, failures = read(camera_picture, no_tools, "exiftool")
    assert alone is None
    assert failures[0].code == code


def test_an_error_of_exiftool_is_a_failure_beside_the_tags(no_tools):
    no_tools.answer = b'[{"ExifTool:Error":"File format error","EXIF:IFD0:Make":"M"}]'
    metadata, failures = read(b"", no_tools, "exiftool")
    assert metadata.maker == "M"
    assert ("ExifTool:Error", "File format error") in metadata.tags
    assert [failure.code for failure in failures] == ["decode-failed"]


@pytest.mark.parametrize("content", [b"", b"plain bytes of no format"])
def test_a_type_that_exiftool_does_not_know_is_no_failure(tools, content):
    _, failures = read(content, tools, "exiftool")
    assert failures == ()


def test_more_tags_than_the_bound_are_said(camera_picture, no_tools):
    metadata, failures = read(camera_picture, no_tools, bounds=Bounds(tags_max=5))
    assert len(metadata.tags) == 5
    assert [failure.code for failure in failures] == ["limit-exceeded"]
    check_camera(metadata)


def test_long_texts_are_cut(make_picture, no_tools):
    from PIL import Image

    exif = Image.Exif()
    exif[0x013B] = "x y" * 4000
    metadata, _ = read(
        make_picture("JPEG", exif=exif), no_tools, bounds=Bounds(tag_text_max_chars=64)
    )
    assert len(metadata.owner) == 64
    assert max(len(text) for _, text in metadata.tags) == 64
