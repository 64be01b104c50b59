"""ZIP: names as stored, every method, every way of being broken costs only what is broken."""

from __future__ import annotations

import io
import random
import stat
import struct
import zipfile

import pytest
from tests.unit.intake.archive_making import make_zip, read_archive

from firstlight.intake.archive import ArchiveEnd, ArchiveItem, walk_archive
from firstlight.intake.content_type import content_type_of
from firstlight.model.bounds import Bounds


def walk_as_zip(data: bytes) -> list[ArchiveItem | ArchiveEnd]:
    """What the walk gives, unread, whatever the first bytes look like."""
    kind = content_type_of("application/zip")
    return list(walk_archive(io.BytesIO(data), kind, bounds=Bounds(), tick=lambda: None))


NOISE = random.Random(4).randbytes(300_000)


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_every_method_gives_the_bytes(method):
    files = [("a.txt", b"hello"), ("noise", NOISE), ("empty", b""), ("folder/", b"")]
    account = read_archive(make_zip(files, method))
    assert account.contents == {(b"a.txt",): b"hello", (b"noise",): NOISE, (b"empty",): b""}
    assert account.errors == {}
    assert account.ends[()].member_count == 3
    assert account.ends[()].failures == ()


def test_names_are_the_stored_bytes():
    data = make_zip([("gr\xfc\xdfe.txt", b"1"), ("aXb", b"2"), ("cYd", b"3")], 0)
    data = data.replace(b"aXb", b"a\xffb").replace(b"cYd", b"c\nd")
    account = read_archive(data)
    assert account.names == ["grüße.txt".encode(), b"a\xffb", b"c\nd"]


def test_a_name_that_claims_utf8_and_is_not_costs_nothing():
    data = make_zip([("\xfc", b"1"), ("plain", b"2")], 0).replace("ü".encode(), b"\xff\xfe")
    assert list(read_archive(data).contents.values()) == [b"1", b"2"]


def test_a_zero_byte_does_not_shorten_a_name():
    data = make_zip([("a.jpgX.txt", b"1")], 0).replace(b"a.jpgX.txt", b"a.jpg\x00.txt")
    assert read_archive(data).names == [b"a.jpg\x00.txt"]


def test_repeated_names_are_told_apart_by_ordinal():
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = make_zip([("a", b"1"), ("d/", b""), ("a", b"2")])
    account = read_archive(data)
    assert account.order == [((b"a",), (0,)), ((b"a",), (2,))]


def test_paths_that_lead_elsewhere_are_only_names():
    names = ["../../etc/passwd", "/etc/shadow", "C:\\x", "-rf", "a//b", "."]
    account = read_archive(make_zip([(name, b"x") for name in names]))
    assert account.names == [name.encode() for name in names]


def test_a_folders_name_with_content_is_a_member():
    data = make_zip([("hidden/", b"content")], 0)
    assert read_archive(data).contents == {(b"hidden/",): b"content"}


def test_links_are_skipped_and_listed():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("real", b"x")
    account = read_archive(buffer.getvalue())
    assert account.outcomes == {(b"link",): "skipped"}
    assert account.contents == {(b"real",): b"x"}


def test_a_program_before_the_archive_is_no_obstacle():
    data = b"PK not yet, " * 500 + make_zip([("a", b"1"), ("b", NOISE)])
    # The type is not ZIP by its first bytes; the reader itself must cope all the same.
    met = walk_as_zip(data)
    assert [item.members for item in met] == [(b"a",), (b"b",), ()]
    assert met[-1].failures == ()


def test_a_long_comment_that_looks_like_an_end_is_no_obstacle():
    data = make_zip([("a", b"1")], comment=b"x" * 30_000 + b"PK\x05\x06" + b"y" * 30_000)
    assert read_archive(data).contents == {(b"a",): b"1"}


class Pipe(io.BytesIO):
    """Cannot seek, so that the writer puts sizes behind the content."""

    def seekable(self):
        return False

    def seek(self, *_):
        raise io.UnsupportedOperation

    def tell(self):
        raise io.UnsupportedOperation


def test_sizes_behind_the_content():
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", NOISE)
        archive.writestr("b", b"2")
    account = read_archive(pipe.getvalue())
    assert account.contents == {(b"a",): NOISE, (b"b",): b"2"}
    assert account.ends[()].failures == ()
    cut = read_archive(pipe.getvalue()[:-60])
    assert cut.contents[b"a",] == NOISE
    assert cut.end_codes == ["decode-failed"]


def test_zip64():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("a", "w", force_zip64=True) as file:
        file.write(NOISE)
    assert read_archive(buffer.getvalue()).contents == {(b"a",): NOISE}


def test_zip64_directory(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    data = make_zip([("a", NOISE), ("b", b"2"), ("c", b"3")], 0)
    assert b"PK\x06\x06" in data
    account = read_archive(data)
    assert account.contents == {(b"a",): NOISE, (b"b",): b"2", (b"c",): b"3"}
    assert account.ends[()].failures == ()


def test_times_are_taken_only_where_their_zone_is_known():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        unix = zipfile.ZipInfo("unix")
        unix.extra = struct.pack("<HHBi", 0x5455, 5, 1, 1_600_000_000)
        archive.writestr(unix, b"x")
        windows = zipfile.ZipInfo("windows")
        moment = (1_600_000_000 + 11_644_473_600) * 10_000_000
        windows.extra = struct.pack("<HHIHHQQQ", 10, 32, 0, 1, 24, moment, 0, 0)
        archive.writestr(windows, b"x")
        archive.writestr(zipfile.ZipInfo("plain"), b"x")
    met = walk_as_zip(buffer.getvalue())
    times = [item.facts.mtime_ns for item in met if isinstance(item, ArchiveItem)]
    assert times == [1_600_000_000 * 10**9, 1_600_000_000 * 10**9, None]


def patched(
    data: bytes, name: bytes, *, flags: int | None = None, method: int | None = None
) -> bytes:
    """Change flags or method of one member in both of its headers."""
    content = bytearray(data)
    for mark, base, name_at in ((b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)):
        at = content.find(mark)
        while at >= 0:
            if content.startswith(name, at + name_at):
                if flags is not None:
                    struct.pack_into("<H", content, at + base, flags)
                if method is not None:
                    struct.pack_into("<H", content, at + base + 2, method)
            at = content.find(mark, at + 4)
    return bytes(content)


@pytest.mark.parametrize(
    ("change", "code", "outcome"),
    [
        ({"flags": 1}, "encrypted", "failed"),
        ({"flags": 1, "method": 99}, "encrypted", "failed"),
        ({"method": 9}, "not-opened", "not-opened"),
        ({"method": 98}, "not-opened", "not-opened"),
    ],
)
def test_a_member_that_cannot_be_opened_leaves_the_others(change, code, outcome):
    data = patched(make_zip([("a", b"1"), ("locked", b"2"), ("b", b"3")]), b"locked", **change)
    account = read_archive(data)
    assert account.failures == {(b"locked",): code}
    assert account.outcomes == {(b"locked",): outcome}
    assert account.contents == {(b"a",): b"1", (b"b",): b"3"}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_changed_member_is_found_out_and_leaves_the_others(method):
    data = bytearray(make_zip([("a", b"1"), ("bad", NOISE), ("b", b"3")], method))
    data[150_000] ^= 0xFF
    account = read_archive(bytes(data))
    assert {key: error.code for key, error in account.errors.items()} == {
        (b"bad",): "decode-failed"
    }
    assert account.contents[b"b",] == b"3"
    assert account.ends[()].failures == ()


def test_a_stated_size_that_is_wrong_is_found_out():
    data = make_zip([("a", b"12345")], 8)
    at = data.index(b"PK\x01\x02")
    wrong = data[: at + 24] + struct.pack("<I", 4) + data[at + 28 :]
    account = read_archive(wrong)
    assert "another size" in account.errors[b"a",].message


def test_without_its_directory_members_are_found_by_their_own_headers():
    data = make_zip([("a", b"1"), ("b", NOISE), ("c", b"3")])
    account = read_archive(data[: data.index(b"PK\x01\x02")])
    assert account.contents == {(b"a",): b"1", (b"b",): NOISE, (b"c",): b"3"}
    assert account.end_codes == ["decode-failed"]


def test_a_cut_off_archive_gives_what_is_there():
    data = make_zip([("a", b"1"), ("b", NOISE), ("c", b"3")])
    account = read_archive(data[:100_000])
    assert account.contents[b"a",] == b"1"
    assert account.errors[b"b",].code == "truncated"
    assert NOISE.startswith(account.contents[b"b",])
    assert len(account.contents[b"b",]) > 90_000


def test_a_damaged_directory_hides_nothing():
    data = bytearray(make_zip([("a", b"1"), ("b", b"2"), ("c", b"3")]))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second] = 0
    account = read_archive(bytes(data))
    assert account.names == [b"a", b"b", b"c"]
    assert account.end_codes == ["decode-failed"]


def test_a_directory_that_lists_nothing_hides_nothing():
    data = make_zip([("a", b"1")])
    body = data[: data.index(b"PK\x01\x02")]
    account = read_archive(
        body + b"PK\x05\x06" + bytes(8) + struct.pack("<II", 0, len(body)) + b"\0\0"
    )
    assert account.names == [b"a"]
    assert account.end_codes == ["decode-failed"]


def test_one_volume_of_several_is_not_opened_in_silence():
    data = bytearray(make_zip([("a", b"1")]))
    struct.pack_into("<H", data, len(data) - 18, 3)
    assert read_archive(bytes(data)).end_codes == ["not-opened"]


def test_a_member_whose_own_header_is_gone_leaves_the_others():
    data = bytearray(make_zip([("a", b"1"), ("b", b"2")]))
    data[0] = 0
    items = [item for item in walk_as_zip(bytes(data)) if isinstance(item, ArchiveItem)]
    assert [item.failure is not None for item in items] == [True, False]


def test_an_archive_whose_beginning_is_gone_gives_the_rest():
    data = make_zip([("a", b"1"), ("b", NOISE), ("c", b"3")])
    items = [item for item in walk_as_zip(data[20:]) if isinstance(item, ArchiveItem)]
    assert [item.members[-1] for item in items] == [b"a", b"b", b"c"]
    assert [item.failure is None for item in items] == [False, True, True]


def test_a_directory_that_points_nowhere_hides_nothing():
    data = bytearray(make_zip([("a", b"1"), ("b", b"2")]))
    at = data.index(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<I", data, at + 42, 7)
        at = data.find(b"PK\x01\x02", at + 4)
    account = read_archive(bytes(data))
    assert account.contents == {(b"a",): b"1", (b"b",): b"2"}
    assert account.end_codes == ["decode-failed"]
