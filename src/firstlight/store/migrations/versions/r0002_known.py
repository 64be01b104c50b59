"""What is known: lists, their versions and entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from firstlight.store.migrations.index import make_index

revision = "0002"
down_revision = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _make_hash_list() -> None:
    op.create_table(
        "hash_list",
        sa.Column("list_id", NUMBER, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("list_id", name="pk_hash_list"),
        sa.UniqueConstraint("name", name="uq_hash_list_name"),
    )


def _make_list_version() -> None:
    op.create_table(
        "list_version",
        sa.Column("list_version_id", NUMBER, autoincrement=False),
        sa.Column("list_id", NUMBER, nullable=False),
        sa.Column("version_number", NUMBER, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("radius_bits", NUMBER, nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("format_version", sa.Text(), nullable=True),
        sa.Column("scheme", sa.Text(), nullable=True),
        sa.Column("is_partial", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["hash_list.list_id"], name="fk_list_version_list_id"),
        sa.PrimaryKeyConstraint("list_version_id", name="pk_list_version"),
    )
    op.create_index("ix_list_version_list_id", "list_version", ["list_id"], unique=False)


def _make_bad_row() -> None:
    op.create_table(
        "bad_row",
        sa.Column("bad_row_id", NUMBER, autoincrement=False),
        sa.Column("list_version_id", NUMBER, nullable=False),
        sa.Column("row_number", NUMBER, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["list_version_id"], ["list_version.list_version_id"], name="fk_bad_row_list_version_id"
        ),
        sa.PrimaryKeyConstraint("bad_row_id", name="pk_bad_row"),
    )
    op.create_index("ix_bad_row_list_version_id", "bad_row", ["list_version_id"], unique=False)


def _make_entry() -> None:
    op.create_table(
        "entry",
        sa.Column("entry_id", NUMBER, autoincrement=False),
        sa.Column("list_id", NUMBER, nullable=False),
        sa.Column("list_version_id", NUMBER, nullable=False),
        sa.Column("entry_key", sa.Text(), nullable=False),
        sa.Column("md5", sa.LargeBinary(), nullable=True),
        sa.Column("sha1", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("pdq", sa.LargeBinary(), nullable=True),
        sa.Column("photodna", sa.LargeBinary(), nullable=True),
        sa.Column("scheme", sa.Text(), nullable=True),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("marks", sa.Text(), nullable=True),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("derived_from", sa.Text(), nullable=True),
        sa.Column("derived_media_id", sa.Text(), nullable=True),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("supersedes", NUMBER, nullable=True),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["derived_media_id"], ["media.media_id"], name="fk_entry_derived_media_id"
        ),
        sa.ForeignKeyConstraint(["list_id"], ["hash_list.list_id"], name="fk_entry_list_id"),
        sa.ForeignKeyConstraint(
            ["list_version_id"], ["list_version.list_version_id"], name="fk_entry_list_version_id"
        ),
        sa.ForeignKeyConstraint(["supersedes"], ["entry.entry_id"], name="fk_entry_supersedes"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_entry"),
    )
    _make_entry_indexes()


def _make_entry_indexes() -> None:
    make_index(
        "ix_entry_derived_media_id", "entry", ["derived_media_id"], present="derived_media_id"
    )
    make_index(
        "ix_entry_list_id_derived_from",
        "entry",
        ["list_id", "derived_from"],
        present="derived_from",
    )
    make_index("ix_entry_list_id_entry_key", "entry", ["list_id", "entry_key"])
    make_index("ix_entry_md5", "entry", ["md5"], present="md5")
    make_index("ix_entry_sha1", "entry", ["sha1"], present="sha1")
    make_index("ix_entry_sha256", "entry", ["sha256"], present="sha256")
    make_index("ix_entry_supersedes", "entry", ["supersedes"], present="supersedes", unique=True)
    make_index("ix_entry_with_pdq", "entry", ["entry_id"], present="pdq")
    make_index("ix_entry_with_photodna", "entry", ["list_id"], present="photodna")


def _make_list_tally() -> None:
    op.create_table(
        "list_tally",
        sa.Column("list_tally_id", NUMBER, autoincrement=False),
        sa.Column("list_version_id", NUMBER, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["list_version_id"],
            ["list_version.list_version_id"],
            name="fk_list_tally_list_version_id",
        ),
        sa.PrimaryKeyConstraint("list_tally_id", name="pk_list_tally"),
    )
    op.create_index(
        "ix_list_tally_list_version_id", "list_tally", ["list_version_id"], unique=False
    )


def upgrade() -> None:
    """What is known: lists, their versions and entries."""
    _make_hash_list()
    _make_list_version()
    _make_bad_row()
    _make_entry()
    _make_list_tally()
