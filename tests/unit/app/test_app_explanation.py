"""The account of one media: every sentence has its event, and nothing of a source is obeyed."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any, cast

import pytest
from tests.unit.app.custody_home import ProvableHome
from tests.unit.store import store_sample as sample

from firstlight.app.explanation import explain
from firstlight.app.home import Home
from firstlight.app.provenance import printable, words
from firstlight.errors import UnknownNameError
from firstlight.intake.archive.registry import readable_types
from firstlight.model.media import Failure, FileFacts
from firstlight.store.database import Store
from firstlight.store.judgement import add_judgement

HOSTILE = "Maker\x1b]0;owned\x07 {0} {event} \u202e"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return sample.new_store(tmp_path)


def account(store: Store, content: int) -> dict[str, Any]:
    with store:
        home = cast(Home, ProvableHome(Path("/nowhere"), store))
        return explain(home, sample.media_id(content))


def said(document: dict[str, Any], section: str) -> str:
    (found,) = [one for one in document["sections"] if one["section"] == section]
    return "\n".join(found["sentences"])


def test_what_a_source_wrote_is_neither_obeyed_nor_filled_in(store: Store) -> None:
    source_id = sample.add_source(store)
    reading = sample.reading(1, metadata=sample.metadata(1, maker=HOSTILE))
    sample.ingest(store, source_id, sample.report(1, reading=reading))
    document = account(store, 1)
    text = said(document, "metadata")
    assert "{0} {event}" in text
    assert "\\x1b]0;owned\\x07" in text
    assert all(one.isprintable() for part in document["sections"] for one in part["sentences"])


def test_deleted_items_of_an_image_are_told(store: Store) -> None:
    source_id = sample.add_source(store)
    for number, allocation in ((1, "deleted"), (2, "unallocated"), (3, "allocated")):
        facts = FileFacts(9, mtime_ns=1 << 62, allocation=allocation)
        sample.ingest(
            store,
            source_id,
            sample.report(
                number,
                facts=facts,
                reader="application/x-ewf",
                failures=(Failure("truncated", "it ends early", "decode", False),),
            ),
        )
    with store:
        home = cast(Home, ProvableHome(Path("/nowhere"), store))
        texts = [said(explain(home, sample.media_id(number)), "seen") for number in (1, 2, 3)]
    assert all("EWF" in text and "libewf" in text for text in texts)
    assert all("it ends early" in text for text in texts)
    assert ["marked as deleted" in text for text in texts] == [True, False, False]
    assert ["No folder" in text for text in texts] == [False, True, False]


def test_judgements_and_lists_name_their_events(store: Store) -> None:
    source_id = sample.add_source(store)
    (sighting_id,) = sample.ingest(store, source_id, sample.report(1))
    sample.import_list(store, [sample.entry(1)])
    with store.transaction() as tx, tx.event(sample.ACTOR, "judged") as ev:
        values = {"subject_kind": "sighting", "subject": str(sighting_id)}
        add_judgement(ev, [1], {**values, "decision": "looked-at"}, "a cat")
    document = account(store, 1)
    assert "os:tester decided looked-at of item" in said(document, "judged")
    assert "(a cat)" in said(document, "judged")
    assert "(judged)" in said(document, "judged")
    numbers = {row["event"] for row in document["events"]}
    named = said(document, "log").split("are ")[1].split(";")[0]
    assert {int(one) for one in named.split(", ")} == numbers


def test_every_sentence_of_the_table_can_be_filled_in() -> None:
    for name, section in words().items():
        for key, template in section.items():
            for one in template if isinstance(template, list) else [template]:
                fields = [field for _, field, _, _ in string.Formatter().parse(one) if field]
                assert one.format(**dict.fromkeys(fields, "x")), (name, key)


def test_every_reader_has_words() -> None:
    named = {name for name in words()["reader"] if name not in ("folder", "*")}
    assert named <= readable_types()


def test_printable_leaves_text_alone() -> None:
    assert printable("Zoë ✓") == "Zoë ✓"
    assert printable("a\nb") == "a\\nb"
    assert printable(3) == 3


def test_an_unknown_media_is_refused(store: Store) -> None:
    sample.add_source(store)
    with pytest.raises(UnknownNameError):
        account(store, 5)
