"""Our reader of EWF against libewf, and against what damage leaves."""

from __future__ import annotations

import itertools
import random
from io import BytesIO
from pathlib import Path

import numpy as np
import pyewf
import pytest
from examples.disk_ewf import segment_suffix, write_ewf

from firstlight.errors import DecodeError
from firstlight.intake.archive.stream import Window
from firstlight.intake.disk.ewf import EwfBytes
from firstlight.intake.disk.library import LibraryBytes
from firstlight.intake.disk.segment import SegmentFiles, first_names, further_names, segments_beside


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    draw = np.random.default_rng(2)
    path = tmp_path_factory.mktemp("raw") / "disk.dd"
    noise, text = draw.bytes(300_000), b"a line of text\n" * 20_000
    path.write_bytes(noise + bytes(2_000_000) + text + noise[:1234] + bytes(100_000 - 1234 + 288))
    return path


def opened(first: Path) -> EwfBytes:
    window = Window.over(BytesIO(first.read_bytes()))
    return EwfBytes(window, beside(first), first.name.encode(), lambda: None)


def beside(first: Path) -> SegmentFiles:
    def sibling(name: bytes):
        path = first.parent / name.decode()
        return BytesIO(path.read_bytes()) if path.exists() else None

    return SegmentFiles(sibling)


@pytest.mark.parametrize(("level", "segment_bytes"), [(6, 1 << 30), (6, 60_000), (0, 200_000)])
def test_every_range_is_as_libewf_gives_it(raw, tmp_path, level, segment_bytes):
    segments = write_ewf(raw, tmp_path / "disk.E01", segment_bytes=segment_bytes, level=level)
    handle = pyewf.handle()
    files = [BytesIO(path.read_bytes()) for path in segments]
    handle.open_file_objects(files)
    data = raw.read_bytes()
    disk = opened(segments[0])
    assert disk.size_bytes == handle.get_media_size() == len(data)
    assert disk.at(0, len(data)) == data
    draw = random.Random(3)
    for _ in range(60):
        at, size = draw.randrange(len(data)), draw.randrange(200_000)
        wanted = data[at : at + size]
        assert disk.at(at, size) == wanted
        assert handle.read_buffer_at_offset(len(wanted), at) == wanted
    assert not disk.losses
    assert not disk.has_missing_segment
    assert disk.stored["md5"] == handle.get_hash_values()["MD5"]
    assert disk.stored["sha1"] == handle.get_hash_values()["SHA1"]
    handle.close()


def test_other_forms_go_by_libewf(raw, tmp_path):
    segments = write_ewf(raw, tmp_path / "disk.E01", segment_bytes=60_000)
    window = Window.over(BytesIO(segments[0].read_bytes()))
    disk = LibraryBytes(window, beside(segments[0]), b"disk.E01")
    data = raw.read_bytes()
    assert disk.at(0, len(data)) == data
    assert disk.at(len(data) - 10, 100) == data[-10:]


def test_damage_is_noticed_and_only_there(raw, tmp_path):
    (image,) = write_ewf(raw, tmp_path / "disk.E01", level=6)
    packed = bytearray(image.read_bytes())
    packed[packed.index(b"sectors") + 76 + 40_000] ^= 1
    image.write_bytes(packed)
    disk = opened(image)
    data, found = raw.read_bytes(), disk.at(0, disk.size_bytes)
    chunks = range(0, len(data), 32_768)
    hurt = [at for at in chunks if found[at : at + 32_768] != data[at : at + 32_768]]
    assert len(hurt) == 1
    assert found[hurt[0] : hurt[0] + 32_768] == bytes(32_768)
    assert disk.losses.kinds() == ["damaged"]
    assert disk.losses.touches(hurt[0] + 5, hurt[0] + 6) == "damaged"
    assert disk.losses.touches(0, hurt[0]) is None
    assert disk.losses.touches(hurt[0] + 32_768, len(data)) is None


@pytest.mark.parametrize("what", ["head", "entries"])
def test_a_broken_table_is_replaced_by_its_copy(raw, tmp_path, what):
    (image,) = write_ewf(raw, tmp_path / "disk.E01")
    packed = bytearray(image.read_bytes())
    at = packed.index(b"table\x00") + 76
    packed[at + (1 if what == "head" else 30)] ^= 0x10
    image.write_bytes(packed)
    disk = opened(image)
    assert disk.has_broken_table
    assert disk.at(0, disk.size_bytes) == raw.read_bytes()


def test_measures_that_cannot_be_are_refused(raw, tmp_path):
    (image,) = write_ewf(raw, tmp_path / "disk.E01")
    packed = bytearray(image.read_bytes())
    packed[packed.index(b"volume\x00") + 76 + 9] ^= 0xFF
    image.write_bytes(packed)
    with pytest.raises(DecodeError):
        opened(image)


def test_names_of_segments_follow_the_convention():
    names = list(itertools.islice(further_names(b"a.E01"), 800))
    assert names[0] == b"a.E02"
    assert names[97:100] == [b"a.E99", b"a.EAA", b"a.EAB"]
    assert names[98 + 26 * 26] == b"a.FAA"
    assert [b"x" + segment_suffix(n).encode() for n in (1, 99, 100, 776)] == [
        b"x.E01", b"x.E99", b"x.EAA", b"x.FAA",
    ]  # fmt: skip
    assert next(further_names(b"a.e01")) == b"a.e02"
    assert list(itertools.islice(further_names(b"a.Ex01"), 97, 100)) == [
        b"a.Ex99", b"a.ExAA", b"a.ExAB",
    ]  # fmt: skip
    assert next(further_names(b"a.dd.001")) == b"a.dd.002"
    assert list(further_names(b"a.jpg")) == []
    assert b"a.E01" in list(first_names(b"a.E17"))
    assert b"a.E01" in list(first_names(b"a.FAB"))


def test_segments_beside_a_named_file_are_found(tmp_path):
    for name in ("d.E01", "d.E02", "d.E04", "other.E02", "d.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "d.E03").symlink_to("d.E02")
    found = segments_beside(bytes(tmp_path / "d.E01"))
    assert [Path(path.decode()).name for path in found] == ["d.E02", "d.E04"]
    assert segments_beside(bytes(tmp_path / "d.jpg")) == []
