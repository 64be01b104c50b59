"""What a run makes of an item of which no worker could say anything."""

from __future__ import annotations

from firstlight.app.chunks import SourceWalk, _way_to
from firstlight.model.media import FileFacts, Locator, Outcome
from firstlight.store.sighting import SeenItem


def walk_with(paths: dict[bytes, FileFacts]) -> SourceWalk:
    walk = SourceWalk.__new__(SourceWalk)
    walk._found = paths
    return walk


def test_a_lost_file_keeps_its_facts():
    facts = FileFacts(9, 1, 2, 3, 4)
    locator = Locator(b"/s/a.jpg")
    report = walk_with({b"/s/a.jpg": facts}).shell(locator.key)
    assert report.locator == locator
    assert report.facts == facts
    assert report.outcome is Outcome.FAILED


def test_a_lost_member_is_found_again_by_its_key():
    known = {b"/s/a.zip": FileFacts(9), b"/s/a.zip!": FileFacts(1)}
    for members, ordinals in (((b"x",), (0,)), ((b"x", b"y/z"), (1, 7)), ((b"odd!/name",), (2,))):
        locator = Locator(b"/s/a.zip", members, ordinals)
        report = walk_with(known).shell(locator.key)
        assert report.locator.key == locator.key
        assert report.locator.path == b"/s/a.zip"


def test_the_way_to_a_member_names_every_archive_on_it():
    locator = Locator(b"/s/a.zip", (b"b.tar", b"c.jpg"), (4, 2))
    item = SeenItem(
        sighting_id=1, item_key=locator.key, path=locator.path, members=locator.members,
        facts=FileFacts(1), outcome=Outcome.FAILED, media_id=None, has_failure=True,
        has_retryable_failure=True, member_count=None,
    )  # fmt: skip
    assert _way_to(item) == [
        Locator(b"/s/a.zip").key,
        Locator(b"/s/a.zip", (b"b.tar",), (4,)).key,
        locator.key,
    ]
