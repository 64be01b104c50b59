"""A store with something in every sealed field, and what of it must not be found in its files."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from tests.unit.store import store_sample as sample

from firstlight.model.fingerprint import ClockReading, Metadata, Place
from firstlight.model.media import FileFacts, Locator
from firstlight.store.database import Store
from firstlight.store.judgement import add_judgement
from firstlight.store.rowform import RowForm, row_form
from firstlight.store.schema import METADATA
from firstlight.store.sealing import open_fields
from firstlight.store.writer import EventWriter

FORMS = [form for name in METADATA.tables if (form := row_form(name)).sealed_fields]
SEALED = [(form.table.name, column) for form in FORMS for column in form.sealed_fields]
CLEAR_KEY = "Planted-child-key"
LEAST_BYTES = 6
"""Shorter needles are found anywhere."""


def fill(store: Store) -> None:
    """Write two rows of every table that is sealed, each field with a text or number of its own."""
    for number in (1, 2):
        source_id = sample.add_source(store, f"Planted-case-{number}")
        sample.add_source(store, f"Planted-case-{number}", b"/Planted-path-%d" % number)
        if number == 1:
            sample.ingest(store, source_id, *(report(n) for n in (1, 2)))
    actor = replace(sample.ACTOR, purpose="Planted-purpose")
    with store.transaction() as tx, tx.event(actor, "judged") as ev:
        child_id = ev.add("child", {"child_key": CLEAR_KEY})
        for number in (1, 2):
            _state(ev, child_id, number)


def _state(ev: EventWriter, child_id: int, number: int) -> None:
    names = ("exhibit", "custodian", "legal_basis", "received_at")
    said = {name: f"Planted-{name}-{number}" for name in names}
    ev.add("source_statement", {"source_id": 1, "case_id": 1, **said})
    texts = {name: f"Planted-child-{name}-{number}" for name in ("age_source", "note")}
    state = {"child_id": child_id, "case_id": 1, "state": "unidentified"}
    ev.add("child_state", {**state, **texts})
    link = {"subject_kind": "lead", "subject": f"Planted-lead-{number}"}
    ev.add("child_link", {"child_id": child_id, **link})
    row = {"subject_kind": "media", "subject": sample.media_id(1), "decision": "seen"}
    add_judgement(ev, [1], row, f"Planted-judgement-{number}")
    held = {name: f"Planted-{name}-{number}" for name in ("retention_class", "reason")}
    ev.add("case_retention", {"case_id": 1, "is_on_hold": True, **held})


def report(number: int) -> Any:
    """An item with every fact and all metadata there may be."""
    inner = (b"Planted-member-%d.zip" % number, b"Planted-inner-%d" % number)
    times = {
        name: (number << 61) + 0x0123456789AB + place
        for place, name in enumerate(
            ("mtime_ns", "ctime_ns", "inode", "device", "accessed_ns", "born_ns")
        )
    }
    fields = ("maker", "model", "body_serial", "lens", "lens_serial", "image_unique_id")
    told = {name: f"Planted-{name}-{number}" for name in (*fields, "owner", "software")}
    said = Metadata(
        "r",
        "1",
        tags=(("Planted:Tag", f"Planted tag {number}"),),
        **told,
        clocks=(ClockReading("Planted:Clock", "Planted time", "2031-07-09T11:12", None, "camera"),),
        place=Place(12.3456789 + number, 98.7654321 + number, 1234.56789 + number),
        edit_history=(f"Planted edit {number}",),
    )
    container = (("Planted-container", f"Planted box {number}"),)
    return sample.report(
        number,
        locator=Locator(b"/Planted-path/%d" % number, inner, (1_000_003, 2_000_003)),
        facts=FileFacts(100, **times),
        reading=sample.reading(number, metadata=said, container=container),
    )


def opened_rows(store: Store) -> Iterator[tuple[RowForm, str, dict[str, Any]]]:
    """Open every sealed column of every row: table, column, fields."""
    for form in FORMS:
        for row in store.fetch(select(form.table)):
            for column in form.sealed_fields:
                yield form, column, open_row(store, form, row, column)


def open_row(store: Store, form: RowForm, row: Any, column: str) -> dict[str, Any]:
    """Open one sealed column of a row of a table."""
    case_id = getattr(row, "case_id", None)
    return open_fields(store, form.table.name, case_id, row[0], getattr(row, column), column=column)


def needles(value: Any) -> Iterator[bytes]:
    """Give the forms in which a value might stand in a file; too short ones are left out."""
    found: list[bytes] = []
    if isinstance(value, tuple):
        for part in value:
            yield from needles(part)
    elif isinstance(value, str):
        found = [value.encode(), value.lower().encode(), value.encode("utf-16-le")]
    elif isinstance(value, bytes):
        found = [value]
        with suppress(zlib.error):
            found.extend(zlib.decompress(value).split(b'"'))
    elif isinstance(value, float):
        found = [struct.pack(">d", value), struct.pack("<d", value), repr(value).encode()]
    elif isinstance(value, int):
        found = [value.to_bytes(8, "big").lstrip(b"\0"), value.to_bytes(8, "little"),
                 str(value).encode()]  # fmt: skip
    yield from (one for one in found if len(one) >= LEAST_BYTES)


def all_bytes(folder: Path) -> bytes:
    """Everything that lies in a folder and below it."""
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
