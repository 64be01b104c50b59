"""RAR: read by libarchive where the machine has it, listed with the reason where it has not.

``rar_samples.json`` holds compressed and locked archives, made once with the Rust package "rars"
0.12.3 (Apache-2.0), since no free program writes RAR; stored ones are made here.
"""

from __future__ import annotations

import base64
import io
import json
import os
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from examples.locked import make_7z
from tests.unit.intake.archive_making import Account, make_zip, read_archive

from firstlight.errors import InputError, LimitError, UnreadableError
from firstlight.intake.archive import rar_library, stream, walk_archive
from firstlight.intake.content_type import content_type_of
from firstlight.model.bounds import Bounds

SAMPLES = {
    name: base64.b64decode(text)
    for name, text in json.loads(
        Path(__file__).with_name("rar_samples.json").read_text("utf-8")
    ).items()
}
TEXT = b"the boat in the harbour, the lamp on the pier; " * 40
PLAIN = {
    (b"a.txt",): b"hello", (b"sub/text.txt",): TEXT,
    ("gr\u00fcn.txt".encode(),): b"sea" * 100, (b"b.txt",): TEXT[::-1],
}  # fmt: skip
NOISE = random.Random(3).randbytes(70_000)
FILES = [(b"a", b"1"), (b"noise", NOISE), (b"empty", b""), (b"z", b"last")]

needs_library = pytest.mark.skipif(not rar_library.is_present(), reason="no libarchive here")


def number(value: int) -> bytes:
    data = b""
    while value > 127:
        data, value = data + bytes([value & 127 | 128]), value >> 7
    return data + bytes([value])


def block5(body: bytes) -> bytes:
    sized = number(len(body)) + body
    return struct.pack("<I", zlib.crc32(sized)) + sized


def make_rar5(files, *, size_shift: int = 0) -> bytes:
    """RAR 5 with stored members."""
    data = b"Rar!\x1a\x07\x01\x00" + block5(b"\x01\x00\x00")
    for name, content in files:
        body = b"\x02" + number(2) + number(len(content))
        body += number(4) + number(len(content) + size_shift) + number(0o644)
        body += struct.pack("<I", zlib.crc32(content)) + number(0) + number(1)
        data += block5(body + number(len(name)) + name) + content
    return data + block5(b"\x05\x00\x00")


def make_rar4(files) -> bytes:
    """RAR 4 with stored members."""
    data = b"Rar!\x1a\x07\x00" + block4(0x73, 0, bytes(6))
    for name, content in files:
        body = struct.pack(
            "<IIBIIBBHI", len(content), len(content), 3, zlib.crc32(content), 0x51210000, 20,
            0x30, len(name), 0o100644,
        )  # fmt: skip
        data += block4(0x74, 0x8000, body + name) + content
    return data + block4(0x7B, 0x4000, b"")


def block4(kind: int, flags: int, body: bytes) -> bytes:
    head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
    return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head


STORED = {"rar4": make_rar4(FILES), "rar5": make_rar5(FILES)}


def codes(account: Account) -> dict[tuple[bytes, ...], str]:
    return account.failures | {name: error.code for name, error in account.errors.items()}


@pytest.mark.parametrize("name", STORED)
def test_stored_members(name):
    account = read_archive(STORED[name])
    assert account.contents == {(n,): content for n, content in FILES}
    assert codes(account) == {}
    assert account.ends[()].failures == ()
    assert [ordinals for _, ordinals in account.order] == [(0,), (1,), (2,), (3,)]


@needs_library
@pytest.mark.parametrize("name", ["rar4", "rar5", "rar5-solid"])
def test_compressed_members(name):
    account = read_archive(SAMPLES[name])
    assert account.contents == PLAIN
    assert codes(account) == {}
    assert account.ends[()].failures == ()


@needs_library
def test_times_are_as_stated():
    kind = content_type_of("application/vnd.rar")
    walked = walk_archive(
        io.BytesIO(SAMPLES["rar5"]), kind, bounds=Bounds(), tick=lambda: None
    )  # fmt: skip
    assert {met.facts.mtime_ns for met in walked if met.members} == {1_600_000_000 * 10**9}


@needs_library
@pytest.mark.parametrize("name", ["rar4-locked", "rar5-locked"])
def test_locked_members_are_listed_one_by_one(name):
    account = read_archive(SAMPLES[name], passwords=(b"secret",))
    assert codes(account) == dict.fromkeys(PLAIN, "encrypted")
    assert account.ends[()].failures == ()


@needs_library
@pytest.mark.parametrize("name", ["rar4-hidden", "rar5-hidden"])
def test_locked_names_are_a_failure_of_the_archive(name):
    account = read_archive(SAMPLES[name], passwords=(b"secret",))
    assert account.end_codes == ["encrypted"]
    assert account.ends[()].member_count == 0


@needs_library
def test_what_libarchive_cannot_read_is_said():
    account = read_archive(SAMPLES["rar4-solid"])
    assert account.contents[b"a.txt",] == b"hello"
    assert codes(account) == dict.fromkeys(list(PLAIN)[1:], "not-opened")


@needs_library
def test_inside_other_archives_and_others_inside():
    inner = make_rar5([(b"x.zip", make_zip([("deep", b"1")])), (b"y", b"2")])
    for outer in (make_zip([("in.rar", inner)]), make_zip([("in.rar", inner)], 0),
                  make_7z([("in.rar", inner)])):  # fmt: skip
        account = read_archive(outer)
        assert account.contents[b"in.rar", b"x.zip", b"deep"] == b"1"
        assert account.contents[b"in.rar", b"y"] == b"2"


@needs_library
def test_members_that_are_passed_over_do_not_spoil_the_next():
    kind = content_type_of("application/vnd.rar")
    for data in (*STORED.values(), SAMPLES["rar5-solid"]):
        for met in walk_archive(io.BytesIO(data), kind, bounds=Bounds(), tick=lambda: None):
            if not met.members:
                assert met.failures == ()
            elif met.ordinals == (3,):
                assert b"".join(met.open().pieces()) in (b"last", TEXT[::-1])
            else:
                met.pass_over()


@needs_library
def test_a_wrong_size_or_checksum_is_an_error():
    account = read_archive(make_rar5(FILES, size_shift=3))
    assert set(codes(account).values()) <= {"decode-failed", "truncated"}
    assert codes(account)
    for data in STORED.values():
        changed = bytearray(data)
        changed[changed.index(NOISE) + 999] ^= 1
        account = read_archive(bytes(changed))
        assert codes(account)[b"noise",] == "decode-failed"


@needs_library
def test_bounds_hold():
    account = read_archive(SAMPLES["rar5"], bounds=Bounds(archive_total_max_bytes=1000))
    assert isinstance(account.errors[b"sub/text.txt",], LimitError)
    account = read_archive(STORED["rar5"], bounds=Bounds(archive_members_max=2))
    assert account.end_codes == ["limit-exceeded"]


@needs_library
@pytest.mark.parametrize("name", [*SAMPLES, "stored4", "stored5"])
def test_damage_is_only_ever_recorded(name):
    data = SAMPLES.get(name) or STORED["rar4" if name == "stored4" else "rar5"]
    rng = random.Random(f"rar{name}")
    known = {"decode-failed", "truncated", "limit-exceeded", "not-opened", "encrypted"}
    for turn in range(60):
        changed = bytearray(data)
        if turn % 3 == 0:
            del changed[rng.randrange(9, len(changed)) :]
        else:
            for _ in range(rng.randrange(1, 12)):
                changed[rng.randrange(9, len(changed))] = rng.randrange(256)
        account = read_archive(bytes(changed))
        assert {error.code for error in account.errors.values()} <= known
        assert set(account.end_codes) <= known


@needs_library
def test_trouble_with_the_source_comes_through(monkeypatch):
    def broken(*_):
        raise UnreadableError("gone")

    kind = content_type_of("application/vnd.rar")
    data = SAMPLES["rar5"]
    source = io.BytesIO(data)
    walked = walk_archive(source, kind, bounds=Bounds(), tick=lambda: None)
    first = next(walked)
    monkeypatch.setattr(stream.Window, "at", broken)
    with pytest.raises(UnreadableError):
        b"".join(first.open().pieces())


def test_without_the_library_stored_members_open_and_the_others_name_it(monkeypatch):
    monkeypatch.setattr(rar_library, "_load", lambda: None)
    assert read_archive(STORED["rar5"]).contents == {(n,): content for n, content in FILES}
    account = read_archive(SAMPLES["rar5"])
    assert account.contents == {(b"a.txt",): b"hello"}
    assert account.outcomes == dict.fromkeys(list(PLAIN)[1:], "not-opened")
    kind = content_type_of("application/vnd.rar")
    walked = walk_archive(io.BytesIO(SAMPLES["rar5"]), kind, bounds=Bounds(), tick=lambda: None)
    reasons = {met.failure.reason for met in walked if met.members and met.failure}
    assert len(reasons) == 1
    assert "libarchive" in reasons.pop()


def test_archives_of_the_first_versions_are_listed():
    with pytest.raises(InputError):
        list(walk_first_version())


def walk_first_version():
    from firstlight.intake.archive.rar import rar_members
    from firstlight.intake.archive.stream import Window

    return rar_members(Window.over(io.BytesIO(b"RE~^" + bytes(99))), None)


def test_loading_starts_no_program():
    script = (
        "import subprocess, os\n"
        "def refuse(*a, **k): raise SystemExit('a program was started')\n"
        "subprocess.Popen = refuse; os.system = refuse; os.popen = refuse\n"
        "from firstlight.intake.archive import rar_library\n"
        "print(rar_library.is_present())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() in ("True", "False")
