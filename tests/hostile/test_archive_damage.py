"""Archives cut off or changed at seeded places: only recorded errors, ever, and in short time."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import time

import pytest
import zstandard
from tests.unit.intake.archive_making import make_tar, make_zip, read_archive

SEED = 20_240_607
ROUNDS = 60


def _samples() -> dict[str, bytes]:
    rng = random.Random(SEED)
    files = [
        ("text.txt", b"the boat in the harbour\n" * 200),
        ("noise", rng.randbytes(5000)),
        ("empty", b""),
        ("n\u00e4me.jpg", b"\xff\xd8\xff\xe0" + rng.randbytes(900)),
    ]
    tar = make_tar(files)
    inner = make_zip([*files, ("t.tar", tar)])
    return {
        "stored": make_zip([*files, ("inner.zip", inner)], 0),
        "deflated": make_zip([*files, ("inner.zip", inner)], 8),
        "bzip2-zip": make_zip(files, 12),
        "lzma-zip": make_zip(files, 14),
        "tar": make_tar([*files, ("inner.zip", inner)]),
        "gnu-tar": make_tar([("x" * 300, b"1"), *files], 1),
        "tar.gz": gzip.compress(tar),
        "tar.bz2": bz2.compress(tar),
        "tar.xz": lzma.compress(tar),
        "tar.zst": zstandard.compress(tar),
    }


SAMPLES = _samples()


@pytest.fixture(params=sorted(SAMPLES))
def sample(request):
    return request.param, SAMPLES[request.param]


def check(data: bytes) -> None:
    began = time.monotonic()
    account = read_archive(data)
    assert time.monotonic() - began < 5
    assert () in account.ends
    assert len(account.order) == len(set(account.order))
    for end in account.ends.values():
        for failure in end.failures:
            assert failure.code in (
                "decode-failed", "truncated", "limit-exceeded", "not-opened", "encrypted",
            )  # fmt: skip


def test_cut_off_anywhere(sample):
    name, data = sample
    rng = random.Random(f"{SEED}{name}")
    for _ in range(ROUNDS):
        check(data[: rng.randrange(4, len(data))])


def test_changed_anywhere(sample):
    name, data = sample
    rng = random.Random(f"{SEED}{name}")
    for _ in range(ROUNDS):
        changed = bytearray(data)
        for _ in range(rng.randrange(1, 30)):
            # The first bytes stay, so that the type does.
            changed[rng.randrange(6, len(changed))] = rng.randrange(256)
        check(bytes(changed))


def test_a_piece_taken_out_or_put_in_twice(sample):
    name, data = sample
    rng = random.Random(f"{SEED}{name}")
    for _ in range(ROUNDS // 2):
        first, second = sorted(rng.randrange(6, len(data)) for _ in range(2))
        check(data[:first] + data[second:])
        check(data[:second] + data[first:])


def test_structures_with_extreme_numbers(sample):
    name, data = sample
    rng = random.Random(f"{SEED}{name}")
    for _ in range(ROUNDS):
        changed = bytearray(data)
        marks = [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"ustar"]
        at = changed.rfind(rng.choice(marks))
        at = max(6, at + 4 if at >= 0 else rng.randrange(6, len(changed)))
        for _ in range(3):
            place = at + rng.randrange(44)
            value = rng.choice([b"\xff" * 4, b"\x00" * 4, b"\x7f\xff", b"\x80", b"\xff\xff"])
            changed[place : place + len(value)] = value
        check(bytes(changed))


def test_noise_that_begins_like_an_archive():
    rng = random.Random(SEED)
    for start in (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"BZh91AY&SY", b"\xfd7zXZ\x00",
                  b"\x28\xb5\x2f\xfd"):  # fmt: skip
        for _ in range(40):
            check(start + rng.randbytes(rng.randrange(3000)))
