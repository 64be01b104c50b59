"""Tables of what came in: cases, sources, sightings, media and what was read from them."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint

from firstlight.store.schema.base import (
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

LOCATOR_FIELDS = ("path", "members", "ordinals")
"""Where an item lies: bytes, list of bytes, list of numbers."""

TIME_FIELDS = ("mtime_ns", "ctime_ns", "inode", "device", "accessed_ns", "born_ns")
"""What the file system, disk image or archive says of an item."""

METADATA_TEXT_FIELDS = (
    "maker",
    "model",
    "body_serial",
    "lens",
    "lens_serial",
    "image_unique_id",
    "owner",
    "software",
)
"""What names a camera and its owner: one text each."""

METADATA_FIELDS = (
    *METADATA_TEXT_FIELDS,
    "latitude_deg",
    "longitude_deg",
    "altitude_m",
    "taken_local",
    "clocks",
    "edit_history",
    "container",
)
"""Contents of a media's metadata; ``tags`` are sealed apart, for they are seldom asked for."""

case_file = record_table(
    "case_file",
    "case_id",
    keyed_hash("name_mac", "name", "case-name", of_home=True),
    sealed("name"),
)
Index(None, case_file.c.name_mac)

source = record_table(
    "source",
    "source_id",
    reference("case_id", "case_file.case_id"),
    keyed_hash("path_mac", "path", "source-path"),
    text("kind"),
    sealed("path", of_bytes=("path",)),
    UniqueConstraint("case_id", "path_mac"),
)

source_statement = record_table(
    "source_statement",
    "source_statement_id",
    reference("source_id", "source.source_id"),
    reference("case_id", "case_file.case_id"),
    sealed("exhibit", "custodian", "legal_basis", "received_at"),
)
Index(None, source_statement.c.source_id)

run = record_table(
    "run",
    "run_id",
    reference("source_id", "source.source_id"),
    text("state"),
    reference("begun_run_id", "run.run_id", null=True),
    json_text("counts"),
    json_text("settings"),
)
Index(None, run.c.source_id)

media = record_table(
    "media",
    "media_seq",
    text("media_id"),
    blob("md5"),
    blob("sha1"),
    blob("sha256"),
    number("size_bytes"),
    text("kind"),
    text("mime"),
    text("label"),
    UniqueConstraint("media_id"),
)
Index(None, media.c.md5)
Index(None, media.c.sha1)

sighting = record_table(
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
    sealed(*LOCATOR_FIELDS, *TIME_FIELDS, of_bytes=("path",)),
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

reading = record_table(
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

pdq = record_table(
    "pdq",
    "pdq_id",
    reference("media_id", "media.media_id"),
    reference("reading_id", "reading.reading_id"),
    number("frame_index"),
    real("time_s"),
    blob("codes"),
    number("quality"),
    text("route"),
    text("version"),
    text("reason", null=True),
)
Index(None, pdq.c.reading_id)

metadata = record_table(
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
    sealed(*METADATA_FIELDS),
    sealed("tags", name="sealed_tags", of_bytes=("tags",)),
    UniqueConstraint("reading_id", "case_id"),
)
for _column, _present in (
    (metadata.c.body_serial_mac, metadata.c.body_serial_mac.is_not(None)),
    (metadata.c.lens_serial_mac, metadata.c.lens_serial_mac.is_not(None)),
    (metadata.c.has_place, metadata.c.has_place.is_(True)),
):
    Index(None, _column, sqlite_where=_present, postgresql_where=_present)

failure = record_table(
    "failure",
    "failure_id",
    reference("sighting_id", "sighting.sighting_id"),
    text("code"),
    text("reason"),
    text("stage"),
    flag("retryable"),
)
Index(None, failure.c.sighting_id)
