"""The tables of the fourth revision as they were then; later revisions have files of their own."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Index, MetaData, Table, Text, UniqueConstraint

from firstlight.store.schema.base import (
    METADATA,
    NUMBER,
    blob,
    flag,
    json_text,
    keyed_hash,
    number,
    real,
    record_table,
    reference,
    sealed,
    text,
)

_THEN = MetaData(naming_convention=METADATA.naming_convention)
_LOCATOR = ("path", "members", "ordinals")
_TIMES = ("mtime_ns", "ctime_ns", "inode", "device", "accessed_ns", "born_ns")
_CONTENTS = (
    "maker",
    "model",
    "body_serial",
    "lens",
    "lens_serial",
    "image_unique_id",
    "owner",
    "software",
    "latitude_deg",
    "longitude_deg",
    "altitude_m",
    "taken_local",
    "clocks",
    "edit_history",
    "container",
)


def _table(name: str, key: str, *items: Any) -> Table:
    return record_table(name, key, *items, metadata=_THEN)


# Referred to, and left as they are.
Table("media", _THEN, Column("media_id", Text(), primary_key=True))
Table("child", _THEN, Column("child_id", NUMBER, primary_key=True))

case_file = _table(
    "case_file",
    "case_id",
    keyed_hash("name_mac", "name", "case-name", of_home=True),
    sealed("name"),
)
Index(None, case_file.c.name_mac)

source = _table(
    "source",
    "source_id",
    reference("case_id", "case_file.case_id"),
    keyed_hash("path_mac", "path", "source-path"),
    text("kind"),
    sealed("path"),
    UniqueConstraint("case_id", "path_mac"),
)

source_statement = _table(
    "source_statement",
    "source_statement_id",
    reference("source_id", "source.source_id"),
    reference("case_id", "case_file.case_id"),
    sealed("exhibit", "custodian", "legal_basis", "received_at"),
)
Index(None, source_statement.c.source_id)

run = _table(
    "run",
    "run_id",
    reference("source_id", "source.source_id"),
    text("state"),
    reference("begun_run_id", "run.run_id", null=True),
    json_text("counts"),
    json_text("settings"),
)
Index(None, run.c.source_id)

sighting = _table(
    "sighting",
    "sighting_id",
    reference("case_id", "case_file.case_id"),
    reference("source_id", "source.source_id"),
    reference("run_id", "run.run_id", null=True),
    keyed_hash("item_mac", "item_key", "item"),
    reference("media_id", "media.media_id", null=True),
    text("outcome"),
    text("reader"),
    text("allocation", null=True),
    number("size_bytes"),
    text("named_mime", null=True),
    number("member_count", null=True),
    reference("supersedes", "sighting.sighting_id", null=True),
    flag("is_changed"),
    sealed(*_LOCATOR, *_TIMES),
)
Index(None, sighting.c.source_id)
Index(
    "uq_sighting_first_of_item",
    sighting.c.source_id,
    sighting.c.item_mac,
    unique=True,
    sqlite_where=sighting.c.supersedes.is_(None),
    postgresql_where=sighting.c.supersedes.is_(None),
)
Index(
    None,
    sighting.c.supersedes,
    unique=True,
    sqlite_where=sighting.c.supersedes.is_not(None),
    postgresql_where=sighting.c.supersedes.is_not(None),
)
Index(None, sighting.c.media_id)

reading = _table(
    "reading",
    "reading_id",
    reference("media_id", "media.media_id"),
    reference("run_id", "run.run_id", null=True),
    number("width_px", null=True),
    number("height_px", null=True),
    number("frame_count", null=True),
    real("duration_s"),
    flag("is_truncated"),
    flag("has_thumbnail"),
    text("pipeline"),
)
Index(None, reading.c.media_id)

metadata = _table(
    "metadata",
    "metadata_id",
    reference("media_id", "media.media_id"),
    reference("reading_id", "reading.reading_id"),
    reference("case_id", "case_file.case_id"),
    text("reader", null=True),
    text("reader_version", null=True),
    keyed_hash("body_serial_mac", "body_serial_key", "serial", of_home=True, null=True),
    keyed_hash("lens_serial_mac", "lens_serial_key", "serial", of_home=True, null=True),
    flag("has_place"),
    flag("has_time"),
    flag("has_differing_thumbnail", null=True),
    sealed(*_CONTENTS),
    sealed("tags", name="sealed_tags"),
    UniqueConstraint("reading_id", "case_id"),
)
for _column, _present in (
    (metadata.c.body_serial_mac, metadata.c.body_serial_mac.is_not(None)),
    (metadata.c.lens_serial_mac, metadata.c.lens_serial_mac.is_not(None)),
    (metadata.c.has_place, metadata.c.has_place.is_(True)),
):
    Index(None, _column, sqlite_where=_present, postgresql_where=_present)

child_state = _table(
    "child_state",
    "child_state_id",
    reference("child_id", "child.child_id"),
    text("state"),
    number("age_from", null=True),
    number("age_to", null=True),
    reference("case_id", "case_file.case_id", null=True),
    sealed("age_source", "note"),
)
Index(None, child_state.c.child_id)

child_link = _table(
    "child_link",
    "child_link_id",
    reference("child_id", "child.child_id"),
    text("subject_kind"),
    keyed_hash("subject_mac", "subject", "child-link", of_home=True),
    sealed("subject"),
    UniqueConstraint("child_id", "subject_kind", "subject_mac"),
)
Index(None, child_link.c.subject_kind, child_link.c.subject_mac)

judgement = _table(
    "judgement",
    "judgement_id",
    text("subject_kind"),
    text("subject"),
    text("decision"),
)
Index(None, judgement.c.subject_kind, judgement.c.subject)

judgement_note = _table(
    "judgement_note",
    "judgement_note_id",
    reference("judgement_id", "judgement.judgement_id"),
    reference("case_id", "case_file.case_id", null=True),
    sealed("note"),
)
Index(None, judgement_note.c.judgement_id)

home_profile = _table(
    "home_profile",
    "home_profile_id",
    text("profile"),
    flag("keeps_originals"),
    text("legal_basis", null=True),
)

case_retention = _table(
    "case_retention",
    "case_retention_id",
    reference("case_id", "case_file.case_id"),
    text("review_on", null=True),
    flag("is_on_hold"),
    sealed("retention_class", "reason"),
)
Index(None, case_retention.c.case_id)

case_erasure = _table(
    "case_erasure",
    "case_erasure_id",
    reference("case_id", "case_file.case_id"),
    json_text("counts"),
    UniqueConstraint("case_id"),
)

kept = _table(
    "kept",
    "kept_id",
    reference("case_id", "case_file.case_id"),
    reference("media_id", "media.media_id"),
    text("kind"),
    blob("blob_name"),
    number("size_bytes"),
    number("width_px", null=True),
    number("height_px", null=True),
    number("pack", null=True),
    number("offset_bytes", null=True),
    text("pipeline"),
)
Index(None, kept.c.media_id, kept.c.case_id)
Index(None, kept.c.case_id)

stated_purpose = _table(
    "stated_purpose",
    "stated_purpose_id",
    text("purpose_sha256"),
    number("case_id", null=True),
    sealed("salt", "purpose"),
)
Index(None, stated_purpose.c.purpose_sha256)

TABLES: Final = {
    "case_file": case_file,
    "source": source,
    "source_statement": source_statement,
    "run": run,
    "sighting": sighting,
    "reading": reading,
    "metadata": metadata,
    "child_state": child_state,
    "child_link": child_link,
    "judgement": judgement,
    "judgement_note": judgement_note,
    "home_profile": home_profile,
    "case_retention": case_retention,
    "case_erasure": case_erasure,
    "kept": kept,
    "stated_purpose": stated_purpose,
}

NEW: Final = (
    "judgement_note",
    "home_profile",
    "case_retention",
    "case_erasure",
    "kept",
    "stated_purpose",
)

REWRITTEN: Final = tuple(name for name in TABLES if name not in NEW)
