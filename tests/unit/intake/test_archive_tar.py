"""tar: every form, names as bytes, sparse members, damage that costs only what is damaged."""

from __future__ import annotations

import gzip
import io
import random
import tarfile

import pytest
from tests.unit.intake.archive_making import add_tar_entry, make_tar, read_archive

from firstlight.errors import DecodeError, LimitError
from firstlight.intake.archive.tar_header import Extension, parse_pax

NOISE = random.Random(5).randbytes(100_000)
END = bytes(1024)
FORMS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_every_form_gives_the_bytes(form, wrap):
    files = [("a.txt", b"hello"), ("dir/noise", NOISE), ("empty", b""), ("n\udcffm\u00e9", b"x")]
    account = read_archive(wrap(make_tar(files, form)))
    expected = {(name.encode("utf-8", "surrogateescape"),): content for name, content in files}
    assert account.contents == expected
    assert account.ends[()].failures == ()


@pytest.mark.parametrize("form", FORMS[1:])
def test_long_names(form):
    name = "long" * 60 + "/" + "\udcfe" * 250
    account = read_archive(make_tar([(name, b"x")], form))
    assert account.names == [name.encode("utf-8", "surrogateescape")]


def test_ustar_prefix():
    name = "d" * 90 + "/" + "f" * 90
    assert read_archive(make_tar([(name, b"x")], FORMS[0])).names == [name.encode()]


def test_links_and_special_files_are_skipped_and_listed():
    kinds = {b"link": b"2", b"hard": b"1", b"char": b"3", b"block": b"4", b"pipe": b"6"}
    data = b"".join(add_tar_entry(name, kind=kind) for name, kind in kinds.items())
    data += add_tar_entry(b"folder", kind=b"5") + add_tar_entry(b"real", b"x") + END
    account = read_archive(data)
    assert account.outcomes == {(name,): "skipped" for name in kinds}
    assert account.contents == {(b"real",): b"x"}
    assert account.order[-1] == ((b"real",), (6,))


def test_an_old_folder_is_a_folder_and_a_disguised_file_is_not():
    data = add_tar_entry(b"folder/", kind=b"\0") + add_tar_entry(b"hidden/", b"content") + END
    assert read_archive(data).contents == {(b"hidden/",): b"content"}


def test_paths_that_lead_elsewhere_are_only_names():
    names = [b"../../x", b"/etc/passwd", b"-rf", b"a\nb", b"./."]
    data = b"".join(add_tar_entry(name, b"x") for name in names) + END
    assert read_archive(data).names == names


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_sparse_members_in_the_form_with_a_map_inside(wrap):
    content = b"start" + bytes(2000) + b"end"
    stored = b"2\n0\n5\n2005\n3\n".ljust(512, b"\0") + b"start" + b"end"
    pax = b"".join(
        _record(key, value)
        for key, value in (
            (b"GNU.sparse.major", b"1"),
            (b"GNU.sparse.minor", b"0"),
            (b"GNU.sparse.name", b"real-name"),
            (b"GNU.sparse.realsize", b"2008"),
        )
    )
    data = add_tar_entry(b"x", pax, kind=b"x") + add_tar_entry(b"GNUSparseFile/1", stored)
    account = read_archive(wrap(data + add_tar_entry(b"next", b"n") + END))
    assert account.contents == {(b"real-name",): content, (b"next",): b"n"}
    assert account.sizes[b"real-name",] == 2008


def test_sparse_members_in_the_older_pax_forms():
    content = bytes(700) + b"piece" + bytes(100)
    for records in (
        [(b"GNU.sparse.size", b"805"), (b"GNU.sparse.map", b"700,5")],
        [
            (b"GNU.sparse.size", b"805"),
            (b"GNU.sparse.offset", b"700"),
            (b"GNU.sparse.numbytes", b"5"),
        ],
    ):
        pax = b"".join(_record(*record) for record in records)
        data = add_tar_entry(b"x", pax, kind=b"x") + add_tar_entry(b"f", b"piece") + END
        assert read_archive(data).contents == {(b"f",): content}


def test_sparse_members_in_the_old_gnu_form():
    entry = bytearray(add_tar_entry(b"f", b"piece", kind=b"S"))
    entry[257:265] = b"ustar  \0"
    entry[345:500] = bytes(155)
    entry[386:410] = b"%011o\0%011o\0" % (700, 5)
    entry[483:495] = b"%011o\0" % 805
    entry[148:156] = b" " * 8
    entry[148:156] = b"%06o\0 " % sum(entry[:512])
    account = read_archive(bytes(entry) + END)
    assert account.contents == {(b"f",): bytes(700) + b"piece" + bytes(100)}


def _record(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    total = length + len(str(length))
    total = length + len(str(total))
    return b"%d %s=%s\n" % (total, key, value)


def test_sizes_in_base_256_and_times_with_a_fraction():
    entry = bytearray(add_tar_entry(b"big", NOISE))
    entry[124:136] = b"\x80" + len(NOISE).to_bytes(11, "big")
    entry[148:156] = b" " * 8
    entry[148:156] = b"%06o\0 " % sum(entry[:512])
    assert read_archive(bytes(entry) + END).contents == {(b"big",): NOISE}
    extension = Extension()
    parse_pax(_record(b"mtime", b"-1.5") + _record(b"path", b"\xff=\n"), extension)
    assert extension.mtime_ns == -1_500_000_000
    assert extension.name == b"\xff=\n"


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_a_cut_off_archive_gives_what_is_there(wrap):
    data = make_tar([("a", b"1"), ("b", NOISE), ("c", b"3")], FORMS[0])
    account = read_archive(wrap(data[:50_000]))
    assert account.contents[b"a",] == b"1"
    assert NOISE.startswith(account.contents[b"b",])
    assert len(account.contents[b"b",]) > 48_000
    assert account.errors[b"b",].code == "truncated"
    assert account.end_codes == ["truncated"]


def test_a_missing_end_mark_is_said():
    account = read_archive(add_tar_entry(b"a", b"1"))
    assert account.contents == {(b"a",): b"1"}
    assert account.end_codes == ["truncated"]


def test_damage_in_the_middle_costs_what_is_damaged():
    files = [(f"file{number}", b"x" * 600) for number in range(6)]
    data = bytearray(make_tar(files, FORMS[0]))
    at = data.index(b"file2")
    data[at : at + 512] = b"\xaa" * 512
    account = read_archive(bytes(data))
    assert account.names == [b"file0", b"file1", b"file3", b"file4", b"file5"]
    assert account.end_codes == ["decode-failed"]


def test_archives_that_were_joined_are_read_to_the_last():
    first, second = make_tar([("a", b"1")]), make_tar([("b", b"2")])
    assert read_archive(first + second).names == [b"a", b"b"]


def test_what_follows_the_end_is_said():
    account = read_archive(make_tar([("a", b"1")]) + b"hidden" * 100)
    assert account.names == [b"a"]
    assert account.end_codes == ["decode-failed"]


def test_a_damaged_extended_header_costs_itself():
    data = add_tar_entry(b"x", b"99 path=short\n", kind=b"x") + add_tar_entry(b"a", b"1") + END
    account = read_archive(data)
    assert account.contents == {(b"a",): b"1"}
    assert account.end_codes == ["decode-failed"]


def test_an_endless_extended_header_is_passed_over():
    data = add_tar_entry(b"x", bytes(2 << 20), kind=b"L") + add_tar_entry(b"a", b"1") + END
    account = read_archive(data)
    assert account.contents == {(b"a",): b"1"}
    assert account.end_codes == ["limit-exceeded"]


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (b"12 size=-1\n", DecodeError),
        (b"30 GNU.sparse.realsize=9999999999999999999999\n", DecodeError),
        (b"0 a=b\n", DecodeError),
        (b"5 a\n", DecodeError),
        (b"GNU", DecodeError),
        (_record(b"GNU.sparse.map", b"1," * 200_002 + b"1"), LimitError),
    ],
)
def test_hostile_records(record, error):
    with pytest.raises((error, DecodeError)):
        parse_pax(record, Extension())


@pytest.mark.parametrize(
    "pieces", [b"1\n0\n99999\n", b"2\n100\n5\n0\n5\n", b"x\n", b"9" * 600, b"1\n-1\n5\n"]
)
def test_a_sparse_map_that_cannot_be_is_that_members_error(pieces):
    pax = _record(b"GNU.sparse.major", b"1") + _record(b"GNU.sparse.realsize", b"2008")
    data = add_tar_entry(b"x", pax, kind=b"x")
    data += add_tar_entry(b"f", pieces.ljust(1024, b"\0")) + add_tar_entry(b"next", b"n") + END
    account = read_archive(data)
    assert account.errors[b"f",].code == "decode-failed"
    assert account.contents[b"next",] == b"n"


def test_many_members_cost_little_memory():
    import tracemalloc

    entry = add_tar_entry(b"a", b"x")
    data = gzip.compress(entry * 1000 + END)
    tracemalloc.start()
    read_archive(data, keep=False)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 4_000_000


def test_what_the_tar_module_reads_we_read():
    rng = random.Random(11)
    files = [(f"{n}-{rng.random()}", rng.randbytes(rng.randrange(3000))) for n in range(60)]
    data = make_tar(files)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        theirs = {(m.name.encode(),): archive.extractfile(m).read() for m in archive}
    assert read_archive(data).contents == theirs
