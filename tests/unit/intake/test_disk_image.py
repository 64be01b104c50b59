"""Disk images against the truth that was written while they were made."""

from __future__ import annotations

import hashlib
import shutil
import struct
import zipfile
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pytest
from examples.disk import (
    FIRST_START,
    MIB,
    DiskSample,
    draw_disk,
    draw_picture,
    ext_tools_missing,
    fat_truth,
    make_ext4,
    write_disk,
)
from examples.disk_ewf import write_ewf
from examples.disk_fat import FatFile, write_fat
from examples.disk_ntfs import make_ntfs, ntfs_tools_missing
from tests.unit.intake.disk_reading import DiskAccount, read_disk

from firstlight.intake.content_type import sniff
from firstlight.model.bounds import Bounds

AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def packed() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inside/one.jpg", draw_picture(9, 1))
        archive.writestr("inside/two.txt", "two")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def sample(tmp_path_factory, packed) -> DiskSample:
    return draw_disk(
        tmp_path_factory.mktemp("disk"), extra={"old.zip": packed}, segment_bytes=60_000
    )


def check_truth(account: DiskAccount, sample: DiskSample) -> None:
    for item in sample.items:
        assert account.digests.get(item.member) == item.sha256, item.member
        assert account.codes.get(item.member) == item.code, item.member
        facts = account.facts[item.member]
        assert facts.allocation == item.allocation
        if item.changed_at is not None:
            mtime_ns = int(datetime.fromisoformat(item.changed_at).timestamp()) * 10**9
            assert facts.mtime_ns == mtime_ns
    inside = {name for name, _ in account.order if "!/" in name}
    assert set(account.facts) - inside == {item.member for item in sample.items}


def test_every_entry_of_a_raw_disk_is_found_as_it_was_made(sample, packed):
    account = read_disk(sample.raw)
    check_truth(account, sample)
    assert account.image_codes == []
    assert account.digests["vol1-fat16/old.zip!/inside/two.txt"] == sha256(b"two")
    assert account.ends["vol1-fat16/old.zip"].member_count == 2


def test_an_e01_in_segments_gives_the_same_in_the_same_order(sample):
    assert len(sample.segments) > 2
    account = read_disk(sample.segments[0])
    check_truth(account, sample)
    assert account.image_codes == []
    assert account.order == read_disk(sample.raw).order


def test_the_order_and_its_numbers_do_not_depend_on_what_is_read(sample):
    account = read_disk(sample.raw)
    numbers = [ordinals for name, ordinals in account.order if "!/" not in name]
    assert numbers == sorted(set(numbers))


def test_a_further_segment_is_told_from_an_image(sample, tmp_path):
    head = sample.segments[1].read_bytes()[:4096]
    assert sniff(head, size_bytes=500_000).label == "segment of a disk image"
    account = read_disk(sample.segments[1])
    assert account.order == []
    assert account.image_codes == []
    alone = tmp_path / "disk.E02"
    shutil.copy(sample.segments[1], alone)
    assert read_disk(alone).image_codes == ["truncated"]


@pytest.mark.parametrize("place", ["middle", "last"])
def test_a_missing_segment_costs_what_lies_in_it(place, tmp_path):
    noise = np.random.default_rng(4)
    files = [FatFile(f"P{n}.BIN", noise.bytes(90_000), AT) for n in range(9)]
    raw = tmp_path / "card.dd"
    with raw.open("w+b") as file:
        write_fat(file, 0, 10 * MIB, files)
    segments = write_ewf(raw, tmp_path / "card.E01", segment_bytes=140_000)
    whole = read_disk(segments[0])
    assert len(whole.digests) == 9
    assert whole.image_codes == []
    lost = segments[3:4] if place == "middle" else segments[-3:]
    account = read_disk(segments[0], hidden=tuple(path.name for path in lost))
    assert account.image_codes == ["truncated", "truncated"]
    assert account.digests.items() < whole.digests.items()
    assert set(account.digests) | set(account.codes) == set(whole.digests)
    assert set(account.codes.values()) == {"truncated"}
    assert "vol1-fat16/P0.BIN" in account.digests
    # What lies behind a gap is found from the end of the image.
    assert ("vol1-fat16/P8.BIN" in account.digests) == (place == "middle")


def test_a_damaged_chunk_costs_the_entry_in_it(sample, tmp_path):
    target = "vol1-fat16/DCIM/100FIRST/IMG_0002.JPG"
    content = draw_picture(1, 2)
    (image,) = write_ewf(sample.raw, tmp_path / "one.E01", level=0)
    data = bytearray(image.read_bytes())
    place = data.index(content[64:256])
    data[place] ^= 0xFF
    image.write_bytes(data)
    account = read_disk(image)
    assert account.codes[target] == "decode-failed"
    assert account.image_codes == ["decode-failed"]
    whole = read_disk(sample.raw)
    hurt = set(whole.digests) - set(account.digests)
    assert target in hurt
    assert len(hurt) <= 32768 // len(content) + 2
    assert all(account.digests[name] == whole.digests[name] for name in account.digests)


def test_a_bare_volume_and_one_in_two_pieces(tmp_path):
    files = [FatFile(f"P{n}.JPG", draw_picture(3, n), AT) for n in range(4)]
    image = tmp_path / "card.dd"
    with image.open("w+b") as file:
        write_fat(file, 0, 10 * MIB, files)
    truth = {item.member: item.sha256 for item in fat_truth("vol1-fat16/", files)}
    assert read_disk(image).digests == truth
    data = image.read_bytes()
    cut = data.index(files[2].content) + 700
    (tmp_path / "card.001").write_bytes(data[:cut])
    (tmp_path / "card.002").write_bytes(data[cut : cut + 300])
    (tmp_path / "card.003").write_bytes(data[cut + 300 :])
    account = read_disk(tmp_path / "card.001")
    assert account.digests == truth
    assert account.image_codes == []
    account = read_disk(tmp_path / "card.001", hidden=("card.002",))
    assert "truncated" in account.image_codes
    assert set(account.digests) >= {"vol1-fat16/P0.JPG", "vol1-fat16/P1.JPG"}


def test_gpt_and_partitions_after_a_bad_one(tmp_path):
    files = [FatFile("A.JPG", draw_picture(4, 1), AT)]
    image = tmp_path / "gpt.dd"
    with image.open("w+b") as file:
        file.truncate(24 * MIB)
        write_fat(file, 2 * MIB, 10 * MIB, files)
        write_fat(file, 12 * MIB, 10 * MIB, files)
        file.seek(1 * MIB)
        file.write(b"\x11" * 4096)
        spans = [(MIB, MIB), (2 * MIB, 10 * MIB), (12 * MIB, 10 * MIB), (1 << 44, MIB)]
        _write_gpt(file, spans)
    account = read_disk(image)
    wanted = sha256(files[0].content)
    assert account.digests == {"vol2-fat16/A.JPG": wanted, "vol3-fat16/A.JPG": wanted}
    assert account.outcomes == {"vol1-unread-at-1048576": "not-opened"}


def _write_gpt(file, spans: list[tuple[int, int]]) -> None:
    """A table without checksums: it is read entry by entry."""
    sector = bytearray(512)
    sector[446:462] = struct.pack("<B3sB3sII", 0, bytes(3), 0xEE, bytes(3), 1, 2**32 - 1)
    sector[510:] = b"\x55\xaa"
    header = bytearray(512)
    struct.pack_into("<8sIIIIQQQQ", header, 0, b"EFI PART", 0x10000, 92, 0, 0, 1, 99, 34, 9999)
    struct.pack_into("<QIII", header, 72, 2, 128, 128, 0)
    table = b"".join(
        struct.pack("<16s16sQQQ72x", b"\x01" * 16, bytes(16), at // 512, (at + size) // 512 - 1, 0)
        for at, size in spans
    )
    file.seek(0)
    file.write(bytes(sector) + bytes(header) + table)


def test_a_table_with_an_impossible_entry_keeps_the_others(tmp_path):
    files = [FatFile("A.JPG", draw_picture(4, 1), AT)]
    image = tmp_path / "mbr.dd"
    volume = ("fat16", 10 * MIB, lambda file, at, size: write_fat(file, at, size, files))
    write_disk(image, [volume])
    data = bytearray(image.read_bytes())
    data[462:478] = data[446:462]
    struct.pack_into("<I", data, 446 + 8, 0xFFFFFF00)
    image.write_bytes(data)
    account = read_disk(image)
    assert account.digests == {"vol1-fat16/A.JPG": sha256(files[0].content)}


def test_space_used_again_belongs_to_the_living_entry(tmp_path):
    old, new = draw_picture(5, 1), draw_picture(5, 2)
    files = [
        FatFile("OLD.JPG", old, AT, is_deleted=True),
        FatFile("NEW.JPG", new, AT, takes_freed_space=True),
        FatFile("KEPT.JPG", draw_picture(5, 3), AT, is_deleted=True),
    ]
    image = tmp_path / "card.dd"
    with image.open("w+b") as file:
        write_fat(file, 0, 10 * MIB, files)
    account = read_disk(image)
    assert account.digests["vol1-fat16/NEW.JPG"] == sha256(new)
    assert account.digests["vol1-fat16/_EPT.JPG"] == sha256(files[2].content)
    # The start of its space belongs to another: the content is not given out as its own.
    assert sha256(old) not in account.digests.values()
    assert sha256(new) != account.digests.get("vol1-fat16/_LD.JPG")


@pytest.mark.skipif(ntfs_tools_missing() is not None, reason="ntfs-3g's tools are not installed")
def test_ntfs_with_streams_and_a_freed_record(tmp_path):
    pictures = {name: draw_picture(6, n) for n, name in enumerate(("a.jpg", "b.jpg", "gone.jpg"))}
    image = tmp_path / "ntfs.dd"
    make_ntfs(image, pictures, streams={"a.jpg": ("hidden.jpg", b"x" * 90)}, deleted="gone.jpg")
    account = read_disk(image)
    assert account.digests == {
        "vol1-ntfs/a.jpg": sha256(pictures["a.jpg"]),
        "vol1-ntfs/a.jpg:hidden.jpg": sha256(b"x" * 90),
        "vol1-ntfs/b.jpg": sha256(pictures["b.jpg"]),
        "vol1-ntfs/$OrphanFiles/gone.jpg": sha256(pictures["gone.jpg"]),
    }
    assert account.facts["vol1-ntfs/$OrphanFiles/gone.jpg"].allocation == "unallocated"
    # Its clusters are still marked as used: whose content it is cannot be said.
    assert set(account.caveats) == {"vol1-ntfs/$OrphanFiles/gone.jpg"}
    assert account.facts["vol1-ntfs/a.jpg"].mtime_ns % 10**9 != 0


@pytest.mark.skipif(ext_tools_missing() is not None, reason="e2fsprogs is not installed")
def test_a_hole_is_not_read_out(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    with (folder / "hole").open("wb") as file:
        file.write(b"start")
        file.truncate(40 * MIB)
    image = tmp_path / "ext4.dd"
    with image.open("wb") as file:
        file.truncate(4 * MIB)
    from examples.disk import _run

    _run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-d", str(folder), str(image))
    assert read_disk(image).codes["vol1-ext4/hole"] == "limit-exceeded"
    wide = Bounds(archive_ratio_max=100_000)
    whole = read_disk(image, bounds=wide).digests["vol1-ext4/hole"]
    assert whole == sha256(b"start".ljust(40 * MIB, b"\0"))


@pytest.mark.skipif(ext_tools_missing() is not None, reason="e2fsprogs is not installed")
def test_ext4_alone(tmp_path):
    image = tmp_path / "ext4.dd"
    items = make_ext4(image, "vol1-ext4/", 8, 3)
    account = read_disk(image)
    assert {item.member: item.sha256 for item in items if item.sha256} == account.digests
    assert account.outcomes == {"vol1-ext4/link": "skipped"}
    facts = account.facts["vol1-ext4/Pictures/view-0.jpg"]
    now_s = datetime.now(UTC).timestamp()
    for time_ns in (facts.mtime_ns, facts.ctime_ns, facts.accessed_ns, facts.born_ns):
        assert time_ns is not None
        assert abs(time_ns / 1e9 - now_s) < 86_400 * 2


@pytest.mark.parametrize(
    ("head", "code", "reason"),
    [
        (b"LUKS\xba\xbe\x00\x02".ljust(4096, b"\x07"), "encrypted", "encrypted volume: LUKS"),
        (b"\xeb\x58\x90-FVE-FS-".ljust(4096, b"\x07"), "encrypted", "encrypted volume: BitLocker"),
        (
            bytes(32) + b"NXSB" + bytes(1228) + b"\x04" + bytes(2800),
            "encrypted",
            "encrypted volume: APFS",
        ),
        (bytes(32) + b"NXSB" + bytes(4096), "not-opened", "file system not read here: APFS"),
        (bytes(4086) + b"SWAPSPACE2", "not-opened", "file system not read here: swap space"),
    ],
)  # fmt: skip
def test_volumes_that_are_not_read_are_listed_with_their_reason(head, code, reason, tmp_path):
    image = tmp_path / "disk.dd"

    def write(file, at: int, _size: int) -> None:
        file.seek(at)
        file.write(head)

    files = [FatFile("A.JPG", draw_picture(4, 1), AT)]
    write_disk(
        image,
        [
            ("bitlocker", MIB, write),
            ("fat16", 10 * MIB, lambda file, at, size: write_fat(file, at, size, files)),
        ],
    )
    account = read_disk(image)
    (name,) = account.codes
    assert name.endswith(f"-at-{FIRST_START}")
    assert (account.codes[name], account.reasons[name]) == (code, reason)
    assert account.facts[name].size_bytes == MIB
    assert list(account.digests) == ["vol2-fat16/A.JPG"]


def test_an_image_inside_an_archive_is_read(sample, tmp_path):
    archive = tmp_path / "in.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(sample.raw, "disk.dd")
    account = read_disk(archive)
    whole = read_disk(sample.raw)
    inside = {f"disk.dd!/{name}": digest for name, digest in whole.digests.items()}
    assert inside.items() <= account.digests.items()


def test_two_bytes_at_the_end_of_a_sector_make_no_disk():
    junk = bytearray(b"\x07" * 8192)
    junk[510:512] = b"\x55\xaa"
    assert sniff(bytes(junk), size_bytes=8192).mime == "application/octet-stream"
    junk[446:510] = bytes(64)
    assert sniff(bytes(junk), size_bytes=8192).mime == "application/octet-stream"
    junk[446:462] = struct.pack("<B3sB3sII", 0x80, b"", 7, b"", 2048, 4096)
    assert sniff(bytes(junk), size_bytes=8192).mime == "application/octet-stream"
    assert sniff(bytes(junk), size_bytes=8 * MIB).mime == "application/x-raw-disk-image"
