"""Case-bound contents sealed under the key of their case; profiles, retention, erasure."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from alembic import context
from sqlalchemy import text

from firstlight.store.migrations.rewriting import Rewriting
from firstlight.store.migrations.tables_0004 import NEW, REWRITTEN, TABLES

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Write nine tables anew, sealed; make six new ones."""
    migration = context.config.attributes["migration"]
    work = Rewriting(context.get_bind(), migration)
    work.move_away(*REWRITTEN)
    old = _Old(work)
    for name in NEW:
        if name != "judgement_note":
            TABLES[name].create(work.connection)
    for name, rows in old.rows():
        work.write(TABLES[name], rows)
    work.drop_old(*REWRITTEN)
    work.attest(revision)


class _Old:
    """The records as the third revision kept them, in the form of the fourth."""

    def __init__(self, work: Rewriting) -> None:
        self._work = work
        self._case_of_source: dict[int, int] = {}
        self._cases_of_media: dict[str, list[int]] = defaultdict(list)
        self._case_of_sighting: dict[str, int] = {}
        self._case_of_name: dict[str, int] = {}
        for row in work.old_rows("case_file", "case_id"):
            work.sealer.add_case(row.case_id)
            self._case_of_name[row.name] = row.case_id
        for row in work.old_rows("source", "source_id"):
            self._case_of_source[row.source_id] = row.case_id
        seen = text(
            "SELECT sighting_id, source_id, media_id FROM old_sighting ORDER BY sighting_id"
        )
        for row in work.connection.execute(seen):
            case_id = self._case_of_source[row.source_id]
            self._case_of_sighting[str(row.sighting_id)] = case_id
            if row.media_id and case_id not in self._cases_of_media[row.media_id]:
                self._cases_of_media[row.media_id].append(case_id)

    def rows(self) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
        """Give each table's rows, tables that others refer to first."""
        for name, key in (("case_file", "case_id"), ("source", "source_id"), ("run", "run_id")):
            yield name, self._same(name, key)
        yield "source_statement", self._statements()
        yield "sighting", self._sightings()
        yield "reading", self._same("reading", "reading_id", without="container")
        yield "metadata", self._metadata()
        yield "child_state", self._same("child_state", "child_state_id")
        yield "child_link", self._child_links()
        yield "judgement", self._same("judgement", "judgement_id", without="note")
        yield "judgement_note", self._notes()

    def _same(self, name: str, key: str, without: str = "") -> Iterator[dict[str, Any]]:
        for row in self._work.old_rows(name, key):
            values = dict(row._mapping)
            values.pop(without, None)
            if "counts" in values:
                values["counts"] = json.loads(values["counts"]) if values["counts"] else None
            yield values

    def _statements(self) -> Iterator[dict[str, Any]]:
        for row in self._work.old_rows("source_statement", "source_statement_id"):
            yield {**row._mapping, "case_id": self._case_of_source[row.source_id]}

    def _sightings(self) -> Iterator[dict[str, Any]]:
        for row in self._work.old_rows("sighting", "sighting_id"):
            values = dict(row._mapping)
            names = json.loads(values.pop("members") or "[]")
            ordinals = json.loads(values.pop("ordinals") or "[]")
            inode, device = values.pop("inode"), values.pop("device")
            yield {
                **values,
                "case_id": self._case_of_source[row.source_id],
                "members": [base64.b64decode(name) for name in names] or None,
                "ordinals": ordinals or None,
                "inode": None if inode is None else int(inode),
                "device": None if device is None else int(device),
                "reader": "archive" if names else "folder",
            }

    def _metadata(self) -> Iterator[dict[str, Any]]:
        found = {row.reading_id: row for row in self._work.old_rows("metadata", "metadata_id")}
        number = 0
        for reading in self._work.old_rows("reading", "reading_id"):
            values = _metadata_values(found.get(reading.reading_id))
            container = json.loads(reading.container) if reading.container else None
            for case_id in self._cases_of_media[reading.media_id]:
                number += 1
                yield {
                    **values,
                    "metadata_id": number,
                    "media_id": reading.media_id,
                    "reading_id": reading.reading_id,
                    "case_id": case_id,
                    "container": container,
                    "event_seq": reading.event_seq,
                }

    def _child_links(self) -> Iterator[dict[str, Any]]:
        for row in self._work.old_rows("child_link", "child_link_id"):
            values = dict(row._mapping)
            if row.subject_kind == "case":
                values["subject"] = str(self._case_of_name.get(row.subject, row.subject))
            yield values

    def _notes(self) -> Iterator[dict[str, Any]]:
        number = 0
        for row in self._work.old_rows("judgement", "judgement_id"):
            if not row.note:
                continue
            cases: list[int | None] = [*self._cases_of_media.get(row.subject, [])]
            if row.subject_kind == "sighting":
                cases = [self._case_of_sighting.get(row.subject)]
            for case_id in cases or [None]:
                number += 1
                yield {
                    "judgement_note_id": number,
                    "judgement_id": row.judgement_id,
                    "case_id": case_id,
                    "note": row.note,
                    "event_seq": row.event_seq,
                }


def _metadata_values(row: Any) -> dict[str, Any]:
    if row is None:
        return {"has_place": False, "has_time": False, "tags": b""}
    values = dict(row._mapping)
    return {
        **values,
        "body_serial_key": _serial_key(row.body_serial),
        "lens_serial_key": _serial_key(row.lens_serial),
        "has_place": row.latitude_deg is not None and row.longitude_deg is not None,
        "has_time": row.taken_local is not None,
        "clocks": json.loads(row.clocks) if row.clocks else None,
        "edit_history": json.loads(row.edit_history) if row.edit_history else None,
    }


def _serial_key(serial: str | None) -> str | None:
    return serial.strip().lower() or None if serial is not None else None
