"""What was found and decided: matches, near-copies, children, judgements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _make_child() -> None:
    op.create_table(
        "child",
        sa.Column("child_id", NUMBER, autoincrement=False),
        sa.Column("child_key", sa.Text(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("child_id", name="pk_child"),
        sa.UniqueConstraint("child_key", name="uq_child_child_key"),
    )


def _make_judgement() -> None:
    op.create_table(
        "judgement",
        sa.Column("judgement_id", NUMBER, autoincrement=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("judgement_id", name="pk_judgement"),
    )
    op.create_index(
        "ix_judgement_subject_kind_subject", "judgement", ["subject_kind", "subject"], unique=False
    )


def _make_match_progress() -> None:
    op.create_table(
        "match_progress",
        sa.Column("match_progress_id", NUMBER, autoincrement=False),
        sa.Column("last_pdq_id", NUMBER, nullable=False),
        sa.Column("last_media_seq", NUMBER, nullable=False),
        sa.Column("last_entry_id", NUMBER, nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("match_progress_id", name="pk_match_progress"),
    )


def _make_near_copy_progress() -> None:
    op.create_table(
        "near_copy_progress",
        sa.Column("near_copy_progress_id", NUMBER, autoincrement=False),
        sa.Column("last_pdq_id", NUMBER, nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("near_copy_progress_id", name="pk_near_copy_progress"),
    )


def _make_child_link() -> None:
    op.create_table(
        "child_link",
        sa.Column("child_link_id", NUMBER, autoincrement=False),
        sa.Column("child_id", NUMBER, nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["child.child_id"], name="fk_child_link_child_id"),
        sa.PrimaryKeyConstraint("child_link_id", name="pk_child_link"),
        sa.UniqueConstraint(
            "child_id",
            "subject_kind",
            "subject",
            name="uq_child_link_child_id_subject_kind_subject",
        ),
    )
    op.create_index(
        "ix_child_link_subject_kind_subject",
        "child_link",
        ["subject_kind", "subject"],
        unique=False,
    )


def _make_child_state() -> None:
    op.create_table(
        "child_state",
        sa.Column("child_state_id", NUMBER, autoincrement=False),
        sa.Column("child_id", NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("age_from", NUMBER, nullable=True),
        sa.Column("age_to", NUMBER, nullable=True),
        sa.Column("age_source", sa.Text(), nullable=True),
        sa.Column("case_id", NUMBER, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.case_id"], name="fk_child_state_case_id"),
        sa.ForeignKeyConstraint(["child_id"], ["child.child_id"], name="fk_child_state_child_id"),
        sa.PrimaryKeyConstraint("child_state_id", name="pk_child_state"),
    )
    op.create_index("ix_child_state_child_id", "child_state", ["child_id"], unique=False)


def _make_near_copy() -> None:
    op.create_table(
        "near_copy",
        sa.Column("near_copy_id", NUMBER, autoincrement=False),
        sa.Column("media_id_a", sa.Text(), nullable=False),
        sa.Column("media_id_b", sa.Text(), nullable=False),
        sa.Column("distance_bits", NUMBER, nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("frame_a", NUMBER, nullable=False),
        sa.Column("frame_b", NUMBER, nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.CheckConstraint("media_id_a < media_id_b", name="ck_near_copy_order"),
        sa.ForeignKeyConstraint(["media_id_a"], ["media.media_id"], name="fk_near_copy_media_id_a"),
        sa.ForeignKeyConstraint(["media_id_b"], ["media.media_id"], name="fk_near_copy_media_id_b"),
        sa.PrimaryKeyConstraint("near_copy_id", name="pk_near_copy"),
        sa.UniqueConstraint("media_id_a", "media_id_b", name="uq_near_copy_media_id_a_media_id_b"),
    )
    op.create_index("ix_near_copy_media_id_b", "near_copy", ["media_id_b"], unique=False)


def _make_match() -> None:
    op.create_table(
        "match",
        sa.Column("match_id", NUMBER, autoincrement=False),
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("entry_id", NUMBER, nullable=False),
        sa.Column("list_version_id", NUMBER, nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("distance_bits", NUMBER, nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=True),
        sa.Column("pdq_id", NUMBER, nullable=True),
        sa.Column("frame_index", NUMBER, nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.entry_id"], name="fk_match_entry_id"),
        sa.ForeignKeyConstraint(
            ["list_version_id"], ["list_version.list_version_id"], name="fk_match_list_version_id"
        ),
        sa.ForeignKeyConstraint(["media_id"], ["media.media_id"], name="fk_match_media_id"),
        sa.ForeignKeyConstraint(["pdq_id"], ["pdq.pdq_id"], name="fk_match_pdq_id"),
        sa.PrimaryKeyConstraint("match_id", name="pk_match"),
        sa.UniqueConstraint(
            "media_id",
            "entry_id",
            "algorithm",
            "frame_index",
            name="uq_match_media_id_entry_id_algorithm_frame_index",
        ),
    )
    op.create_index("ix_match_entry_id", "match", ["entry_id"], unique=False)


def upgrade() -> None:
    """What was found and decided: matches, near-copies, children, judgements."""
    _make_child()
    _make_judgement()
    _make_match_progress()
    _make_near_copy_progress()
    _make_child_link()
    _make_child_state()
    _make_near_copy()
    _make_match()
