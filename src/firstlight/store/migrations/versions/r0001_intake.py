"""The custody log, and what came in: cases, sources, sightings, media, readings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from firstlight.store.migrations.index import make_index

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _make_event() -> None:
    op.create_table(
        "event",
        sa.Column("event_seq", NUMBER, autoincrement=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("outputs", sa.Text(), nullable=False),
        sa.Column("previous_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("event_seq", name="pk_event"),
    )


def _make_case_file() -> None:
    op.create_table(
        "case_file",
        sa.Column("case_id", NUMBER, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_case_file"),
        sa.UniqueConstraint("name", name="uq_case_file_name"),
    )


def _make_media() -> None:
    op.create_table(
        "media",
        sa.Column("media_seq", NUMBER, autoincrement=False),
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("md5", sa.LargeBinary(), nullable=False),
        sa.Column("sha1", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("media_seq", name="pk_media"),
        sa.UniqueConstraint("media_id", name="uq_media_media_id"),
    )
    op.create_index("ix_media_md5", "media", ["md5"], unique=False)
    op.create_index("ix_media_sha1", "media", ["sha1"], unique=False)


def _make_reading() -> None:
    op.create_table(
        "reading",
        sa.Column("reading_id", NUMBER, autoincrement=False),
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("width_px", NUMBER, nullable=True),
        sa.Column("height_px", NUMBER, nullable=True),
        sa.Column("frame_count", NUMBER, nullable=True),
        sa.Column("duration_s", sa.Double(), nullable=True),
        sa.Column("is_truncated", sa.Boolean(), nullable=False),
        sa.Column("has_thumbnail", sa.Boolean(), nullable=False),
        sa.Column("container", sa.Text(), nullable=True),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.media_id"], name="fk_reading_media_id"),
        sa.PrimaryKeyConstraint("reading_id", name="pk_reading"),
    )
    op.create_index("ix_reading_media_id", "reading", ["media_id"], unique=False)


def _make_source() -> None:
    op.create_table(
        "source",
        sa.Column("source_id", NUMBER, autoincrement=False),
        sa.Column("case_id", NUMBER, nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.case_id"], name="fk_source_case_id"),
        sa.PrimaryKeyConstraint("source_id", name="pk_source"),
        sa.UniqueConstraint("case_id", "path", name="uq_source_case_id_path"),
    )


def _make_metadata() -> None:
    op.create_table(
        "metadata",
        sa.Column("metadata_id", NUMBER, autoincrement=False),
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("reading_id", NUMBER, nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("reader_version", sa.Text(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("body_serial", sa.Text(), nullable=True),
        sa.Column("lens", sa.Text(), nullable=True),
        sa.Column("lens_serial", sa.Text(), nullable=True),
        sa.Column("image_unique_id", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("software", sa.Text(), nullable=True),
        sa.Column("latitude_deg", sa.Double(), nullable=True),
        sa.Column("longitude_deg", sa.Double(), nullable=True),
        sa.Column("altitude_m", sa.Double(), nullable=True),
        sa.Column("taken_local", sa.Text(), nullable=True),
        sa.Column("clocks", sa.Text(), nullable=True),
        sa.Column("edit_history", sa.Text(), nullable=True),
        sa.Column("has_differing_thumbnail", sa.Boolean(), nullable=True),
        sa.Column("tags", sa.LargeBinary(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.media_id"], name="fk_metadata_media_id"),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["reading.reading_id"], name="fk_metadata_reading_id"
        ),
        sa.PrimaryKeyConstraint("metadata_id", name="pk_metadata"),
    )
    _make_metadata_indexes()


def _make_metadata_indexes() -> None:
    make_index("ix_metadata_body_serial", "metadata", ["body_serial"], present="body_serial")
    make_index("ix_metadata_latitude_deg", "metadata", ["latitude_deg"], present="latitude_deg")
    make_index("ix_metadata_lens_serial", "metadata", ["lens_serial"], present="lens_serial")
    make_index("ix_metadata_reading_id", "metadata", ["reading_id"])
    make_index("ix_metadata_taken_local", "metadata", ["taken_local"], present="taken_local")


def _make_pdq() -> None:
    op.create_table(
        "pdq",
        sa.Column("pdq_id", NUMBER, autoincrement=False),
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("reading_id", NUMBER, nullable=False),
        sa.Column("frame_index", NUMBER, nullable=False),
        sa.Column("time_s", sa.Double(), nullable=True),
        sa.Column("codes", sa.LargeBinary(), nullable=False),
        sa.Column("quality", NUMBER, nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.media_id"], name="fk_pdq_media_id"),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.reading_id"], name="fk_pdq_reading_id"),
        sa.PrimaryKeyConstraint("pdq_id", name="pk_pdq"),
    )
    op.create_index("ix_pdq_reading_id", "pdq", ["reading_id"], unique=False)


def _make_run() -> None:
    op.create_table(
        "run",
        sa.Column("run_id", NUMBER, autoincrement=False),
        sa.Column("source_id", NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("begun_run_id", NUMBER, nullable=True),
        sa.Column("counts", sa.Text(), nullable=True),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["begun_run_id"], ["run.run_id"], name="fk_run_begun_run_id"),
        sa.ForeignKeyConstraint(["source_id"], ["source.source_id"], name="fk_run_source_id"),
        sa.PrimaryKeyConstraint("run_id", name="pk_run"),
    )
    op.create_index("ix_run_source_id", "run", ["source_id"], unique=False)


def _make_sighting() -> None:
    op.create_table(
        "sighting",
        sa.Column("sighting_id", NUMBER, autoincrement=False),
        sa.Column("source_id", NUMBER, nullable=False),
        sa.Column("item_key", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("members", sa.Text(), nullable=True),
        sa.Column("ordinals", sa.Text(), nullable=True),
        sa.Column("media_id", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("size_bytes", NUMBER, nullable=False),
        sa.Column("mtime_ns", NUMBER, nullable=True),
        sa.Column("ctime_ns", NUMBER, nullable=True),
        sa.Column("inode", sa.Text(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("named_mime", sa.Text(), nullable=True),
        sa.Column("member_count", NUMBER, nullable=True),
        sa.Column("supersedes", NUMBER, nullable=True),
        sa.Column("is_changed", sa.Boolean(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.media_id"], name="fk_sighting_media_id"),
        sa.ForeignKeyConstraint(["source_id"], ["source.source_id"], name="fk_sighting_source_id"),
        sa.ForeignKeyConstraint(
            ["supersedes"], ["sighting.sighting_id"], name="fk_sighting_supersedes"
        ),
        sa.PrimaryKeyConstraint("sighting_id", name="pk_sighting"),
    )
    op.create_index("ix_sighting_media_id", "sighting", ["media_id"], unique=False)
    op.create_index("ix_sighting_source_id", "sighting", ["source_id"], unique=False)
    op.create_index(
        "ix_sighting_supersedes",
        "sighting",
        ["supersedes"],
        unique=True,
        sqlite_where=sa.text("supersedes IS NOT NULL"),
        postgresql_where=sa.text("supersedes IS NOT NULL"),
    )
    op.create_index(
        "uq_sighting_first_of_item",
        "sighting",
        ["source_id", "item_key"],
        unique=True,
        sqlite_where=sa.text("supersedes IS NULL"),
        postgresql_where=sa.text("supersedes IS NULL"),
    )


def _make_source_statement() -> None:
    op.create_table(
        "source_statement",
        sa.Column("source_statement_id", NUMBER, autoincrement=False),
        sa.Column("source_id", NUMBER, nullable=False),
        sa.Column("exhibit", sa.Text(), nullable=True),
        sa.Column("custodian", sa.Text(), nullable=True),
        sa.Column("legal_basis", sa.Text(), nullable=True),
        sa.Column("received_at", sa.Text(), nullable=True),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.source_id"], name="fk_source_statement_source_id"
        ),
        sa.PrimaryKeyConstraint("source_statement_id", name="pk_source_statement"),
    )
    op.create_index(
        "ix_source_statement_source_id", "source_statement", ["source_id"], unique=False
    )


def _make_failure() -> None:
    op.create_table(
        "failure",
        sa.Column("failure_id", NUMBER, autoincrement=False),
        sa.Column("sighting_id", NUMBER, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("retryable", sa.Boolean(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["sighting_id"], ["sighting.sighting_id"], name="fk_failure_sighting_id"
        ),
        sa.PrimaryKeyConstraint("failure_id", name="pk_failure"),
    )
    op.create_index("ix_failure_sighting_id", "failure", ["sighting_id"], unique=False)


def upgrade() -> None:
    """The custody log, and what came in: cases, sources, sightings, media, readings."""
    _make_event()
    _make_case_file()
    _make_media()
    _make_reading()
    _make_source()
    _make_metadata()
    _make_pdq()
    _make_run()
    _make_sighting()
    _make_source_statement()
    _make_failure()
