"""The walk: its order, its protocol, its bounds, whatever the consumer does with an item."""

from __future__ import annotations

import dataclasses
import gzip
import io
import random

import pytest
from tests.unit.intake.archive_making import make_tar, make_zip, read_archive

from firstlight.errors import InputError, InternalError
from firstlight.intake.archive import ArchiveEnd, ArchiveItem, walk_archive
from firstlight.intake.content_type import content_type_of, sniff
from firstlight.model.bounds import Bounds
from firstlight.model.media import Outcome

NOISE = random.Random(7).randbytes(200_000)
INNER = make_zip([("leaf.txt", b"leaf"), ("noise", NOISE)])


def nest() -> bytes:
    """zip > tar.gz > zip, with plain members around each."""
    tar = make_tar([("before", b"1"), ("inner.zip", INNER), ("after", b"2")])
    return make_zip([("first", b"0"), ("middle.tar.gz", gzip.compress(tar)), ("last", b"9")])


def start(data: bytes, bounds: Bounds | None = None):
    kind = sniff(data, size_bytes=len(data))
    return walk_archive(io.BytesIO(data), kind, bounds=bounds or Bounds(), tick=lambda: None)


MIDDLE = (b"middle.tar.gz",)
ORDER = [
    (b"first",),
    MIDDLE,
    (*MIDDLE, b"before"),
    (*MIDDLE, b"inner.zip"),
    (*MIDDLE, b"inner.zip", b"leaf.txt"),
    (*MIDDLE, b"inner.zip", b"noise"),
    (*MIDDLE, b"after"),
    (b"last",),
]


def test_order_is_depth_first_and_every_archive_is_closed():
    met = []
    for item in start(nest()):
        met.append(("end" if isinstance(item, ArchiveEnd) else "item", item.members))
        if isinstance(item, ArchiveItem):
            for _ in item.open().pieces():
                pass
    assert [members for kind, members in met if kind == "item"] == ORDER
    assert met[6] == ("end", (*MIDDLE, b"inner.zip"))
    assert met[8] == ("end", MIDDLE)
    assert met[-1] == ("end", ())


def test_counts_ordinals_and_contents():
    account = read_archive(nest())
    assert account.contents[*MIDDLE, b"inner.zip", b"noise"] == NOISE
    assert account.contents[*MIDDLE, b"inner.zip"] == INNER
    assert dict(account.order)[*MIDDLE, b"inner.zip", b"noise"] == (1, 1, 1)
    assert account.ends[()].member_count == 3
    assert account.ends[MIDDLE].member_count == 3
    assert account.ends[*MIDDLE, b"inner.zip"].member_count == 2
    assert account.ends[MIDDLE].ordinals == (1,)


@pytest.mark.parametrize("amount", [None, 0, 1, 70_000])
def test_what_is_inside_comes_however_much_the_consumer_reads(amount):
    """None: it does not even open the item, as after a restart."""
    seen = []
    for item in start(nest()):
        if isinstance(item, ArchiveItem):
            seen.append(item.members)
            if amount is not None:
                item.open().read(amount)
    assert seen == ORDER


def test_an_item_that_is_passed_over_is_not_looked_into():
    seen = []
    for item in start(nest()):
        if isinstance(item, ArchiveItem):
            seen.append(item.members)
            if item.members == MIDDLE:
                item.pass_over()
    assert seen == [(b"first",), MIDDLE, (b"last",)]


def test_passing_over_in_a_stream_leaves_the_next_member_whole():
    data = gzip.compress(make_tar([("a", NOISE), ("b", b"whole")]))
    contents = {}
    for item in start(data):
        if isinstance(item, ArchiveItem):
            if item.members == (b"a",):
                item.pass_over()
            else:
                contents[item.members] = b"".join(item.open().pieces())
    assert contents == {(b"b",): b"whole"}


def test_the_type_is_known_at_once_and_final_at_the_end():
    trailer = bytes(200_000) + b"conectix" + bytes(504)
    walk = start(make_zip([("disk", trailer), ("a.jpg", b"\xff\xd8\xff\xe0" + NOISE)]))
    content = next(walk).open()
    assert content.content_type.mime == "application/octet-stream"
    assert sum(map(len, content.pieces())) == len(trailer) == content.size_bytes
    assert content.is_finished
    assert content.content_type.mime == "application/x-vhd"
    assert next(walk).open().content_type.mime == "image/jpeg"


def test_an_item_is_opened_once():
    item = next(start(nest()))
    item.open()
    with pytest.raises(InternalError):
        item.open()


def test_an_error_while_reading_stays_an_error():
    data = bytearray(make_zip([("a", NOISE)], 0))
    data[150_000] ^= 1
    content = next(start(bytes(data))).open()
    for _ in range(2):
        with pytest.raises(InputError, match="checksum"):
            b"".join(content.pieces())
    assert not content.is_finished


def test_depth_is_bounded_and_said():
    data = INNER
    for number in range(8):
        data = make_zip([(f"{number}.zip", data)])
    account = read_archive(data, bounds=Bounds(archive_depth_max=3))
    chain = tuple(b"%d.zip" % number for number in range(7, 3, -1))
    assert [members for members, _ in account.order] == [chain[:n] for n in range(1, 5)]
    assert [failure.code for failure in account.ends[chain].failures] == ["limit-exceeded"]
    assert account.ends[chain].member_count == 0
    assert account.ends[chain[:3]].failures == ()


def test_members_are_bounded_over_the_whole_nest():
    data = make_zip(
        [(f"{n}.zip", make_zip([(f"{m}", b"x") for m in range(10)])) for n in range(10)]
    )
    account = read_archive(data, bounds=Bounds(archive_members_max=25))
    assert len(account.order) == 25
    assert account.end_codes == ["limit-exceeded"]


def test_total_output_is_bounded_over_the_whole_nest():
    data = make_zip([(f"{n}", NOISE) for n in range(10)])
    account = read_archive(data, bounds=Bounds(archive_total_max_bytes=500_000))
    assert account.output_bytes <= 500_000 + (1 << 18)
    assert account.errors[b"2",].code == "limit-exceeded"
    assert account.end_codes == ["limit-exceeded"]
    assert len(account.order) == 3


SMALL = dataclasses.replace(Bounds(), nested_archive_max_bytes=50_000)


def test_a_nested_archive_that_lies_unpacked_needs_no_memory():
    data = make_zip([("inner.zip", INNER)], 0)
    assert read_archive(data, bounds=SMALL).contents[b"inner.zip", b"noise"] == NOISE
    data = make_tar([("inner.zip", INNER)])
    assert read_archive(data, bounds=SMALL).contents[b"inner.zip", b"noise"] == NOISE


def test_a_large_nested_archive_that_streams_is_unpacked_again():
    data = make_zip([("inner.tar", make_tar([("noise", NOISE), ("b", b"2")]))], 8)
    account = read_archive(data, bounds=SMALL)
    assert account.contents[b"inner.tar", b"noise"] == NOISE
    assert account.contents[b"inner.tar", b"b"] == b"2"


def test_a_large_nested_archive_that_needs_seeking_is_said_to_be_unopened():
    data = make_zip([("inner.zip", INNER)], 8)
    account = read_archive(data, bounds=SMALL)
    assert account.contents[b"inner.zip",] == INNER
    failures = account.ends[b"inner.zip",].failures
    assert [failure.code for failure in failures] == ["not-opened"]


def test_a_damaged_nested_archive_still_gives_what_can_be_had():
    data = bytearray(make_zip([("inner.zip", INNER), ("last", b"9")], 8))
    data[150_000] ^= 0xFF
    account = read_archive(bytes(data))
    assert account.contents[b"inner.zip", b"leaf.txt"] == b"leaf"
    assert account.contents[b"last",] == b"9"
    assert account.errors[b"inner.zip",].code in ("decode-failed", "truncated")


def test_a_type_without_a_reader_is_said():
    kind = content_type_of("application/x-lzip")
    met = list(walk_archive(io.BytesIO(b"LZIP"), kind, bounds=Bounds(), tick=lambda: None))
    assert [failure.code for failure in met[0].failures] == ["not-opened"]


def test_work_is_heard_of():
    ticks = []
    data = gzip.compress(make_tar([("a", bytes(20_000_000))]), 1)
    kind = content_type_of("application/gzip")
    for item in walk_archive(io.BytesIO(data), kind, bounds=Bounds(), tick=lambda: ticks.append(1)):
        if isinstance(item, ArchiveItem):
            item.pass_over()
    assert len(ticks) > 20


def test_an_outcome_stands_beside_every_failure():
    data = make_zip([("a", b"x")]).replace(b"\x14\x00\x00\x00\x08\x00", b"\x14\x00\x01\x00\x08\x00")
    items = [item for item in start(data) if isinstance(item, ArchiveItem)]
    assert [(item.outcome, item.failure.code) for item in items] == [(Outcome.FAILED, "encrypted")]


def test_a_medium_that_fails_is_said():
    class Failing(io.BytesIO):
        def read(self, *args):
            raise OSError(5, "Input/output error", "/secret")

    kind = content_type_of("application/zip")
    met = list(walk_archive(Failing(nest()), kind, bounds=Bounds(), tick=lambda: None))
    assert [failure.code for failure in met[-1].failures] == ["unreadable"]
    assert "secret" not in met[-1].failures[0].reason


def test_the_same_archive_gives_the_same_account():
    first, second = read_archive(nest()), read_archive(nest())
    assert first == second
