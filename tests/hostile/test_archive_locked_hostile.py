"""7z, RAR and locked archives, cut off, changed, and with absurd headers: only recorded errors."""

from __future__ import annotations

import random
import resource
import struct
import time
import zlib

import py7zr
import pytest
from examples.locked import ZipLocking, make_7z, make_locked_zip
from tests.unit.intake.archive_making import make_zip, read_archive
from tests.unit.intake.test_archive_7z import CHAINS, make_archive, make_folder, number, wrap

from firstlight.intake.archive.sevenzip_lock import derive_key

SEED = 20_261_122
ROUNDS = 40
LIST = (b"wrong", b"key", b"")
CODES = {"decode-failed", "truncated", "limit-exceeded", "not-opened", "encrypted"}
CRYPT = {"id": py7zr.FILTER_CRYPTO_AES256_SHA256}


def _samples() -> dict[str, bytes]:
    rng = random.Random(SEED)
    files = [
        ("text.txt", b"the boat in the harbour\n" * 200),
        ("noise", rng.randbytes(5000)),
        ("n\u00e4me.jpg", b"\xff\xd8\xff\xe0" + rng.randbytes(900)),
        ("in.zip", make_zip([("x", b"1" * 500)])),
    ]
    samples = {f"7z-{name}": make_7z(files, filters=chain) for name, chain in CHAINS.items()}
    samples["7z-flat-header"] = make_archive([make_folder(content) for _, content in files])
    samples["7z-locked"] = make_archive([make_folder(content, "key") for _, content in files])
    samples["zip-old"] = make_locked_zip(files, ZipLocking(b"key"))
    samples["zip-old-stored"] = make_locked_zip(files, ZipLocking(b"key", is_stored=True))
    samples["zip-aes"] = make_locked_zip(files, ZipLocking(b"key", 256))
    samples["zip-aes-1"] = make_locked_zip(files, ZipLocking(b"key", 128, 1, is_size_behind=True))
    return samples


SAMPLES = _samples()


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch):
    """Changed bytes may ask for 2 ** 24 rounds; here their number is not the point."""
    monkeypatch.setattr(
        "firstlight.intake.archive.sevenzip_lock.derive_key",
        lambda word, salt, cycles, tick: derive_key(word, salt, min(cycles, 10), tick),
    )


@pytest.fixture(params=sorted(SAMPLES))
def sample(request):
    return request.param, SAMPLES[request.param]


def check(data: bytes) -> None:
    began = time.monotonic()
    account = read_archive(data, passwords=LIST)
    assert time.monotonic() - began < 10
    assert () in account.ends
    assert len(account.order) == len(set(account.order))
    assert {error.code for error in account.errors.values()} <= CODES
    for end in account.ends.values():
        assert {failure.code for failure in end.failures} <= CODES


def test_cut_off_anywhere(sample):
    name, data = sample
    rng = random.Random(f"{SEED}{name}")
    for _ in range(ROUNDS // 2):
        check(data[: rng.randrange(8, len(data))])


def test_changed_anywhere(sample):
    name, data = sample
    rng = random.Random(f"{SEED}{name}")
    for _ in range(ROUNDS):
        changed = bytearray(data)
        for _ in range(rng.randrange(1, 30)):
            changed[rng.randrange(8, len(changed))] = rng.randrange(256)
        check(bytes(changed))
        if name.startswith("7z"):
            check(healed(changed))


def healed(changed: bytearray) -> bytes:
    """Make the checksums of a changed 7z right again, so that what lies behind them is reached."""
    changed = bytearray(changed)
    offset, size = struct.unpack("<QQ", changed[12:28])
    header = changed[32 + offset : 32 + offset + size]
    changed[28:32] = struct.pack("<I", zlib.crc32(header))
    changed[8:12] = struct.pack("<I", zlib.crc32(changed[12:32]))
    return bytes(changed)


@pytest.mark.parametrize("name", ["7z-flat-header", "7z-locked"])
def test_a_header_changed_under_a_right_checksum(name):
    data = SAMPLES[name]
    rng = random.Random(f"{SEED}{name}")
    offset = struct.unpack("<Q", data[12:20])[0]
    packed, header = data[32 : 32 + offset], data[32 + offset :]
    for _ in range(ROUNDS * 12):
        changed = bytearray(header)
        for _ in range(rng.randrange(1, 5)):
            value = rng.choice(
                [b"\xff", b"\x00", b"\x80", bytes([rng.randrange(256)]), b"\xff" * 9]
            )
            at = rng.randrange(len(changed))
            changed[at : at + len(value)] = value
        check(wrap(packed, bytes(changed)))


HUGE = b"\xff" + (1 << 60).to_bytes(8, "little")


@pytest.mark.parametrize(
    "header",
    [
        b"\x01\x05" + HUGE + b"\x00\x00",
        b"\x01\x05" + HUGE + b"\x0e" + HUGE,
        b"\x01\x05" + HUGE + b"\x0e\x01\xff\x00\x00",
        b"\x01\x05" + number(1 << 40) + b"\x14\x0a\x01\x00" + bytes(8) + b"\x00\x00",
        b"\x01\x04\x06\x00" + HUGE + b"\x09",
        b"\x01\x04\x06\x00\x01\x09" + HUGE + b"\x00\x07\x0b" + HUGE,
        b"\x01\x04\x06\x00\x01\x09\x05\x00\x07\x0b\x01\x00" + HUGE,
        b"\x01\x04\x06\x00\x01\x09\x05\x00\x07\x0b\x01\x00\x01\x11\x00" + HUGE + HUGE,
        b"\x01\x04\x06\x00\x01\x09\x05\x00\x07\x0b\x01\x00\x01\x01\x00\x0c" + HUGE
        + b"\x00\x08\x0d" + HUGE + b"\x09",
        b"\x01\x04\x06\x00\x01\x09\x05\x00\x07\x0b\x01\x00\x01\x01\x00\x0c" + HUGE
        + b"\x00\x00\x05\x01\x11\x05\x00a\x00\x00\x00\x00\x00",
        b"\x01\x02" * 1000,
        b"\x17\x06\x00\x01\x09\x05\x00\x07\x0b\x01\x00\x01\x01\x00\x0c" + HUGE + b"\x00\x00",
        b"\x17" * 3000,
        b"\x01\x05\x01\x11" + number(200_001) + b"\x00" + b"a\x00" * 100_000 + b"\x00\x00",
    ],
)  # fmt: skip
def test_absurd_counts(header):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    check(wrap(bytes(5), header))
    assert time.monotonic() - began < 8
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


def test_a_header_that_wraps_itself_for_ever():
    # An encoded header whose packed bytes are itself, stored.
    inner = b"\x17\x06\x00\x01\x09" + number(0) + b"\x00\x07\x0b\x01\x00\x01\x01\x00\x0c"
    size = len(inner) + 9 + 2
    inner = inner.replace(number(0), number(size)) + number(size) + b"\x00\x00"
    data = wrap(inner, inner)
    account = read_archive(data)
    assert account.end_codes == ["decode-failed"]


def test_a_packed_header_that_is_a_bomb():
    # Two hundred and fifty-six megabytes of zeros, packed.
    packed, folder, sizes, checksum = make_folder(bytes(40_000_000))
    header = b"\x17\x06\x00\x01\x09" + number(len(packed)) + b"\x00\x07\x0b\x01\x00" + folder
    header += b"\x0c" + sizes + b"\x0a\x01" + checksum + b"\x00\x00"
    assert read_archive(wrap(packed, header)).end_codes == ["limit-exceeded"]
    lying = header.replace(sizes, number(1 << 40))
    assert read_archive(wrap(packed, lying)).end_codes == ["limit-exceeded"]


def test_dictionaries_beyond_the_bound():
    packed, folder, sizes, checksum = make_folder(b"x" * 100)
    greedy = folder.replace(b"\x21\x21\x01\x14", b"\x21\x21\x01\x28")
    account = read_archive(make_archive([(packed, greedy, sizes, checksum)]))
    assert {error.code for error in account.errors.values()} == {"limit-exceeded"}
