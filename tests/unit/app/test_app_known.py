"""A content's trouble goes with it wherever it is seen, decoded there or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstlight.app.known import KnownContents
from firstlight.model.fingerprint import Metadata, Reading
from firstlight.model.item import ItemReport
from firstlight.model.media import (
    ContentType,
    Digests,
    Failure,
    FileFacts,
    Locator,
    MediaKind,
    Outcome,
)
from firstlight.store.database import open_store

SHELL = ItemReport(
    Locator(b"/s/a.png"),
    FileFacts(9),
    Outcome.READ,
    Digests(b"m" * 16, b"s" * 20, b"h" * 32),
    ContentType(MediaKind.IMAGE, "image/png", "PNG picture"),
)
BROKEN = Failure("decode-failed", "PNG picture does not decode", "decode")


@pytest.fixture
def known(tmp_path):
    with open_store(tmp_path / "store.sqlite", create=True) as store:
        yield KnownContents(store, is_retrying=False)


def test_a_copy_ends_as_the_content_did(known):
    metadata_only = Reading(metadata=Metadata("exiftool", "13"))
    first = replace(SHELL, reading=metadata_only, failures=(BROKEN,), outcome=Outcome.FAILED)
    assert known.complete(first) == first
    copy = known.complete(replace(SHELL, locator=Locator(b"/s/b.png")))
    assert copy.outcome is Outcome.FAILED
    assert copy.failures == (BROKEN,)


def test_a_partly_read_copy_stays_partly_read(known):
    cut = Failure("truncated", "cut", "decode")
    known.complete(replace(SHELL, reading=Reading(is_truncated=True), failures=(cut,)))
    copy = known.complete(SHELL)
    assert copy.outcome is Outcome.READ
    assert copy.failures == (cut,)


def test_failures_of_a_place_do_not_travel(known):
    unpacked = Failure("truncated", "the archive ends", "unpack")
    known.complete(replace(SHELL, reading=Reading(), failures=(unpacked,)))
    assert known.complete(SHELL).failures == ()
