"""Tables of what came in: cases, sources, sightings, media and what was read from them."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint

from firstlight.store.schema.base import (
    blob,
    flag,
    json_text,
    number,
    real,
    record_table,
    reference,
    text,
    unsigned,
)

case_file = record_table("case_file", "case_id", text("name"), UniqueConstraint("name"))

source = record_table(
    "source",
    "source_id",
    reference("case_id", "case_file.case_id"),
    blob("path"),
    text("kind"),
    UniqueConstraint("case_id", "path"),
)

source_statement = record_table(
    "source_statement",
    "source_statement_id",
    reference("source_id", "source.source_id"),
    text("exhibit", null=True),
    text("custodian", null=True),
    text("legal_basis", null=True),
    text("received_at", null=True),
)
Index(None, source_statement.c.source_id)

run = record_table(
    "run",
    "run_id",
    reference("source_id", "source.source_id"),
    text("state"),
    reference("begun_run_id", "run.run_id", null=True),
    json_text("counts"),
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
    reference("source_id", "source.source_id"),
    blob("item_key"),
    blob("path"),
    json_text("members"),
    json_text("ordinals"),
    reference("media_id", "media.media_id", null=True),
    text("outcome"),
    number("size_bytes"),
    number("mtime_ns", null=True),
    number("ctime_ns", null=True),
    unsigned("inode"),
    unsigned("device"),
    text("named_mime", null=True),
    number("member_count", null=True),
    reference("supersedes", "sighting.sighting_id", null=True),
    flag("is_changed"),
)
Index(None, sighting.c.source_id)
Index(
    "uq_sighting_first_of_item",
    sighting.c.source_id,
    sighting.c.item_key,
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
    number("width_px", null=True),
    number("height_px", null=True),
    number("frame_count", null=True),
    real("duration_s"),
    flag("is_truncated"),
    flag("has_thumbnail"),
    json_text("container"),
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
    text("reader"),
    text("reader_version"),
    text("maker", null=True),
    text("model", null=True),
    text("body_serial", null=True),
    text("lens", null=True),
    text("lens_serial", null=True),
    text("image_unique_id", null=True),
    text("owner", null=True),
    text("software", null=True),
    real("latitude_deg"),
    real("longitude_deg"),
    real("altitude_m"),
    text("taken_local", null=True),
    json_text("clocks"),
    json_text("edit_history"),
    flag("has_differing_thumbnail", null=True),
    blob("tags"),
)
Index(None, metadata.c.reading_id)
for _sought in ("body_serial", "lens_serial", "latitude_deg", "taken_local"):
    _column = metadata.c[_sought]
    Index(
        None,
        _column,
        sqlite_where=_column.is_not(None),
        postgresql_where=_column.is_not(None),
    )

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
