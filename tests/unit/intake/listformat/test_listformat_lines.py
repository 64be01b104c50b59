"""One hash per line; what is no list; repeats; hashes as text."""

from __future__ import annotations

import base64
import hashlib
import io
import json

import pytest

from firstlight.errors import ListFormatError
from firstlight.intake.listformat.hashtext import decode_hash, named_algorithm
from firstlight.intake.listformat.reading import LIST_FORMATS, open_list
from firstlight.model.hashlist import HASH_SIZE_BYTES, BadRow, HashAlgorithm, ListEntry


def digest(name, seed):
    return hashlib.new(name, str(seed).encode()).hexdigest()


def read(text, algorithm=None):
    raw = text if isinstance(text, bytes) else text.encode()
    _, rows = open_list(io.BytesIO(raw), algorithm=algorithm, columns=None)
    rows = list(rows)
    entries = [row for row in rows if isinstance(row, ListEntry)]
    return entries, [row for row in rows if isinstance(row, BadRow)]


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256"])
def test_an_algorithm_is_never_guessed(name):
    with pytest.raises(ListFormatError, match="--algorithm"):
        read(digest(name, 1) + "\n")


@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
def test_every_algorithm(algorithm):
    raw = (hashlib.sha512(b"1").digest() * 3)[: HASH_SIZE_BYTES[algorithm]]
    (entry,), bad = read(raw.hex().upper(), algorithm)
    assert entry.hashes == ((algorithm, raw),)
    assert (entry.entry_key, entry.record) == (f"{algorithm.value}:{raw.hex()}", "")
    assert bad == []


def test_comments_blanks_and_labels():
    lines = [
        "# a list",
        "",
        digest("sha1", 1),
        f"  {digest('sha1', 2).upper()}  a label",
        f"{digest('sha1', 3)},x,y",
        f'"{digest("sha1", 4)}";"z"',
        f"{digest('sha1', 5)}  *file name.jpg",
        "   # indented",
    ]
    entries, bad = read("\r\n".join(lines), HashAlgorithm.SHA1)
    assert [entry.entry_key for entry in entries] == [
        f"sha1:{digest('sha1', n)}" for n in range(1, 6)
    ]
    assert [entry.record and json.loads(entry.record)["label"] for entry in entries] == [
        "",
        "a label",
        "x,y",
        "z",
        "*file name.jpg",
    ]
    assert [entry.row_number for entry in entries] == [3, 4, 5, 6, 7]
    assert bad == []


def test_bad_lines_are_listed():
    lines = [digest("md5", 1), digest("sha1", 1), "xyz", digest("md5", 2)[:-1], digest("md5", 3)]
    entries, bad = read("\n".join(lines), HashAlgorithm.MD5)
    assert [entry.row_number for entry in entries] == [1, 5]
    assert [(row.row_number, row.code, row.reason) for row in bad] == [
        (n, "list-row", "not a md5 hash") for n in (2, 3, 4)
    ]


def test_an_overlong_line_costs_itself_alone():
    raw = b"\n".join([digest("md5", 1).encode(), b"x" * (3 << 20), digest("md5", 2).encode()])
    entries, (bad,) = read(raw, HashAlgorithm.MD5)
    assert [entry.row_number for entry in entries] == [1, 3]
    assert bad.row_number == 2


@pytest.mark.parametrize("content", [b"", b"   \n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \r\n"])
def test_an_empty_file_is_no_list(content):
    for algorithm in (None, HashAlgorithm.MD5):
        with pytest.raises(ListFormatError, match="empty"):
            read(content, algorithm)


@pytest.mark.parametrize(
    "content", [b"hello\n", b"\xff\xd8\xff\xe0" * 50, b"a,b\n1,2\n", b"\x00" * 99]
)
def test_other_files_are_no_list(content):
    with pytest.raises(ListFormatError):
        read(content)


def test_many_repeats_across_blocks():
    seeds = [n % 5000 for n in range(11_000)]
    entries, bad = read("\n".join(digest("md5", n) for n in seeds), HashAlgorithm.MD5)
    assert [entry.row_number for entry in entries] == list(range(1, 5001))
    assert len(bad) == 6000
    assert {row.code for row in bad} == {"list-duplicate"}


def test_rows_are_drawn_lazily():
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            text = (digest("md5", 1) + "\n").encode() * (len(buffer) // 33 + 1)
            buffer[:] = text[: len(buffer)]
            return len(buffer)

    _, rows = open_list(io.BufferedReader(Endless()), algorithm=HashAlgorithm.MD5, columns=None)
    assert isinstance(next(rows), ListEntry)


def test_the_registry_names_each_form_once():
    names = [form.name for form in LIST_FORMATS]
    assert names == ["vics", "icse", "csv", "hash-lines"]


@pytest.mark.parametrize("text", ["", "zz" * 16, "ab" * 15, "ab " * 16, "ab" * 15 + " a", "é" * 32])
def test_what_is_no_md5(text):
    assert decode_hash(HashAlgorithm.MD5, text) is None


def test_hexadecimal_and_base64():
    raw = bytes(range(16))
    assert decode_hash(HashAlgorithm.MD5, f" {raw.hex().upper()} ") == raw
    assert decode_hash(HashAlgorithm.MD5, base64.b64encode(raw).decode()) == raw
    assert named_algorithm("md6") is None
