"""Digests: one read, whatever the pieces."""

from __future__ import annotations

import hashlib
import os

import pytest

from firstlight.errors import UnreadableError
from firstlight.fingerprint.digest import READ_BUFFER_BYTES, digest_descriptor, take_digests

CONTENT = bytes(range(256)) * 5000


def nothing() -> None:
    """Stand in for a supervisor."""


def test_pieces_of_any_size_give_the_digests_of_the_whole():
    whole = take_digests([CONTENT])
    pieces = take_digests([CONTENT[:1], memoryview(CONTENT)[1:70000], b"", CONTENT[70000:]])
    assert whole == pieces
    assert whole.md5 == hashlib.md5(CONTENT).digest()
    assert whole.sha1 == hashlib.sha1(CONTENT).digest()
    assert whole.sha256 == hashlib.sha256(CONTENT).digest()


def test_nothing_has_the_digests_of_nothing():
    assert take_digests([]).media_id == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    "size", [0, 1, 1000, READ_BUFFER_BYTES, READ_BUFFER_BYTES + 1, 3 * READ_BUFFER_BYTES + 7]
)
@pytest.mark.parametrize("keep", ["all", "one-less", "none"])
def test_a_file_is_read_once_and_kept_when_small(tmp_path, size, keep):
    content = (CONTENT * 3)[:size]
    path = tmp_path / "file"
    path.write_bytes(content)
    keep_max_bytes = {"all": size, "one-less": size - 1, "none": -1}[keep]
    ticks: list[int] = []
    descriptor = os.open(path, os.O_RDONLY)
    try:
        digests, size_bytes, kept = digest_descriptor(
            descriptor, keep_max_bytes=keep_max_bytes, tick=lambda: ticks.append(1)
        )
    finally:
        os.close(descriptor)
    assert digests == take_digests([content])
    assert size_bytes == size
    assert kept == (content if keep == "all" else None)
    assert len(ticks) >= size // READ_BUFFER_BYTES


def test_a_file_that_lies_about_its_size_is_read_to_its_end():
    # The proc file system says 0 bytes for files that have some.
    descriptor = os.open("/proc/self/status", os.O_RDONLY)
    try:
        _, size_bytes, kept = digest_descriptor(descriptor, keep_max_bytes=1 << 20, tick=nothing)
    finally:
        os.close(descriptor)
    assert size_bytes > 0
    assert kept is not None
    assert kept.startswith(b"Name:")


def test_a_source_that_gives_nothing_is_unreadable(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(UnreadableError) as raised:
            digest_descriptor(descriptor, keep_max_bytes=10, tick=nothing)
    finally:
        os.close(descriptor)
    assert str(tmp_path) not in str(raised.value)
