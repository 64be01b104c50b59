"""Archives made to exhaust: they cost themselves, in bounded time, memory and output."""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import time
import tracemalloc
import zlib

import pytest
import zstandard
from tests.unit.intake.archive_making import add_tar_entry, make_tar, make_zip, read_archive

from firstlight.intake.archive.budget import RATIO_FLOOR_BYTES
from firstlight.model.bounds import Bounds

ZEROS_BYTES = 60_000_000
SLACK_BYTES = 2_000_000


@pytest.fixture(scope="module")
def zeros() -> bytes:
    return bytes(ZEROS_BYTES)


@pytest.fixture(scope="module")
def zeros_gz(zeros) -> bytes:
    return gzip.compress(zeros, 9)


def test_a_zip_member_of_zeros_costs_itself_only(zeros):
    data = make_zip([("before", b"1"), ("zeros", zeros), ("after", b"2")])
    account = read_archive(data, keep=False)
    assert account.errors[b"zeros",].code == "limit-exceeded"
    assert set(account.errors) == {(b"zeros",)}
    assert account.names == [b"before", b"zeros", b"after"]
    assert account.output_bytes < 400 * len(data) + SLACK_BYTES


@pytest.mark.parametrize("pack", [lambda data: data, bz2.compress, zstandard.compress])
def test_compressed_zeros_end_early(pack, zeros, zeros_gz):
    data = zeros_gz if pack(b"") == b"" else pack(zeros)
    account = read_archive(data, keep=False)
    assert [error.code for error in account.errors.values()] == ["limit-exceeded"]
    assert account.end_codes == ["limit-exceeded"]
    assert account.output_bytes <= max(RATIO_FLOOR_BYTES, 400 * len(data)) + SLACK_BYTES


def test_a_tar_of_zeros_inside_gzip_ends_early_even_when_nobody_reads(zeros):
    data = gzip.compress(make_tar([("zeros", zeros), ("after", b"2")]), 9)
    account = read_archive(data, keep=False)
    assert account.end_codes == ["limit-exceeded"]
    assert (b"after",) not in account.contents


def test_a_sparse_member_counts_its_holes():
    pax = b"22 GNU.sparse.major=1\n40 GNU.sparse.realsize=2000000000000000\n"
    data = add_tar_entry(b"x", pax, kind=b"x") + add_tar_entry(b"hole", b"0\n".ljust(512, b"\0"))
    began = time.monotonic()
    account = read_archive(data + bytes(1024), keep=False)
    assert account.errors[b"hole",].code == "limit-exceeded"
    assert account.output_bytes <= RATIO_FLOOR_BYTES
    assert time.monotonic() - began < 5


def test_a_nest_of_zips_that_multiplies_ends_early():
    # Each level holds ten copies of the one below: a hundred thousand copies of a megabyte.
    data = make_zip([("zeros", bytes(1_000_000))])
    for level in range(5):
        data = make_zip([(f"{level}-{copy}.zip", data) for copy in range(10)])
    began = time.monotonic()
    account = read_archive(data, keep=False)
    assert account.end_codes == ["limit-exceeded"]
    assert account.output_bytes <= max(RATIO_FLOOR_BYTES, 400 * len(data)) + SLACK_BYTES
    assert time.monotonic() - began < 20


def test_a_gzip_that_holds_itself_ends_by_depth():
    # Every level looks the same from outside; depth alone can end it.
    data = b"x"
    for _ in range(40):
        data = gzip.compress(data)
    account = read_archive(data)
    assert len(account.order) == Bounds().archive_depth_max + 1
    deepest = account.ends[account.order[-1][0]]
    assert [failure.code for failure in deepest.failures] == ["limit-exceeded"]


def overlapping_zip(entries: int, kernel_bytes: int) -> bytes:
    """One compressed kernel that every entry of the directory claims as its own."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(kernel_bytes)) + packer.flush()
    checksum = zlib.crc32(bytes(kernel_bytes))
    sizes = struct.pack("<III", checksum, len(packed), kernel_bytes)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes
    local += struct.pack("<HH", 1, 0) + b"a" + packed
    central = b"".join(
        b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33) + sizes
        + struct.pack("<HHHHHII", 4, 0, 0, 0, 0, 0, 0) + b"%04d" % number
        for number in range(entries)
    )  # fmt: skip
    end = struct.pack("<HHHHIIH", 0, 0, entries, entries, len(central), len(local), 0)
    return local + central + b"PK\x05\x06" + end


def test_entries_that_share_bytes_are_read_once():
    account = read_archive(overlapping_zip(500, 3_000_000), keep=False)
    assert account.output_bytes == 3_000_000
    assert list(account.contents) == [(b"0000",)]
    assert len(account.failures) == 499
    assert set(account.failures.values()) == {"limit-exceeded"}


def test_many_entries_are_bounded_in_number_and_memory():
    entry = add_tar_entry(b"a")
    data = gzip.compress(entry * 20_000 + bytes(1024))
    tracemalloc.start()
    account = read_archive(data, bounds=Bounds(archive_members_max=1000))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(account.order) == 1000
    assert account.end_codes == ["limit-exceeded"]
    assert peak_bytes < 12_000_000


@pytest.mark.parametrize("kind", [b"5", b"g", b"2"])
def test_entries_that_are_no_items_count_as_well(kind):
    data = gzip.compress(add_tar_entry(b"a/", kind=kind) * 5000 + bytes(1024))
    account = read_archive(data, bounds=Bounds(archive_members_max=1000))
    assert account.end_codes == ["limit-exceeded"]
    assert len(account.order) <= 1000


def test_a_directory_that_states_absurd_numbers_is_harmless():
    data = make_zip([("a", b"1")])
    at = data.rindex(b"PK\x05\x06")
    for width, value in ((8, 0xFFFF), (12, 0xFFFFFFFF), (16, 0xFFFFFFFF)):
        size = 2 if width == 8 else 4
        changed = data[: at + width] + value.to_bytes(size, "little") + data[at + width + size :]
        account = read_archive(changed)
        assert account.contents == {(b"a",): b"1"}
    end64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 2**63, 2**63, 2**63, 2**63)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, at, 1)
    account = read_archive(data[:at] + end64 + locator + data[at:])
    assert account.contents == {(b"a",): b"1"}
    assert account.end_codes == ["decode-failed"]


def test_a_zip_that_is_all_headers_costs_linear_time():
    header = b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 20, 8, 0, 0, 33, 0, 0, 0, 1, 0) + b"a"
    began = time.monotonic()
    account = read_archive(header * 20_000, bounds=Bounds(archive_members_max=5000))
    assert time.monotonic() - began < 10
    assert account.end_codes == ["decode-failed", "limit-exceeded"]


def test_a_million_empty_streams_are_no_trouble():
    empty = gzip.compress(b"")
    began = time.monotonic()
    account = read_archive(empty * 50_000)
    assert list(account.contents.values()) == [b""]
    assert time.monotonic() - began < 20


def test_a_stated_size_beyond_the_file_allocates_nothing():
    tracemalloc.start()
    entry = bytearray(add_tar_entry(b"big"))
    entry[124:136] = b"\x80" + (1 << 60).to_bytes(11, "big")
    entry[148:156] = b" " * 8
    entry[148:156] = b"%06o\0 " % sum(entry[:512])
    for data in (bytes(entry), gzip.compress(bytes(entry))):
        account = read_archive(data)
        assert account.errors[b"big",].code == "truncated"
        assert account.end_codes == ["truncated"]
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 8_000_000


def test_bombs_leave_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = make_zip([("../../evil", b"x"), ("/tmp/evil-too", b"x"), ("plain", b"x")])
    read_archive(data)
    assert list(tmp_path.iterdir()) == []
    assert not (tmp_path.parent / "evil").exists()
    assert io.BytesIO(data).getvalue() == data
