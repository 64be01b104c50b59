"""Tables of what was found and decided: matches, near-copies, children, judgements, events."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Table, UniqueConstraint

from firstlight.store.schema.base import (
    METADATA,
    NUMBER,
    blob,
    keyed_hash,
    number,
    record_table,
    reference,
    sealed,
    text,
)

event = Table(
    "event",
    METADATA,
    Column("event_seq", NUMBER, primary_key=True, autoincrement=False),
    text("at"),
    text("actor"),
    text("purpose", null=True),
    text("tool"),
    text("action"),
    text("inputs"),
    text("outputs"),
    blob("previous_sha256"),
    blob("sha256"),
)

match = record_table(
    "match",
    "match_id",
    reference("media_id", "media.media_id"),
    reference("entry_id", "entry.entry_id"),
    reference("list_version_id", "list_version.list_version_id"),
    text("algorithm"),
    number("distance_bits"),
    text("variant"),
    text("route", null=True),
    reference("pdq_id", "pdq.pdq_id", null=True),
    number("frame_index"),
    UniqueConstraint("media_id", "entry_id", "algorithm", "frame_index"),
)
Index(None, match.c.entry_id)

match_progress = record_table(
    "match_progress",
    "match_progress_id",
    number("last_pdq_id"),
    number("last_media_seq"),
    number("last_entry_id"),
)

near_copy = record_table(
    "near_copy",
    "near_copy_id",
    reference("media_id_a", "media.media_id"),
    reference("media_id_b", "media.media_id"),
    number("distance_bits"),
    text("variant"),
    number("frame_a"),
    number("frame_b"),
    UniqueConstraint("media_id_a", "media_id_b"),
    CheckConstraint("media_id_a < media_id_b", name="ck_near_copy_order"),
)
Index(None, near_copy.c.media_id_b)

near_copy_progress = record_table(
    "near_copy_progress", "near_copy_progress_id", number("last_pdq_id")
)

child = record_table("child", "child_id", text("child_key"), UniqueConstraint("child_key"))

child_state = record_table(
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

child_link = record_table(
    "child_link",
    "child_link_id",
    reference("child_id", "child.child_id"),
    text("subject_kind"),
    keyed_hash("subject_mac", "subject", "child-link", of_home=True),
    sealed("subject"),
    UniqueConstraint("child_id", "subject_kind", "subject_mac"),
)
Index(None, child_link.c.subject_kind, child_link.c.subject_mac)

judgement = record_table(
    "judgement",
    "judgement_id",
    text("subject_kind"),
    text("subject"),
    text("decision"),
)
Index(None, judgement.c.subject_kind, judgement.c.subject)

judgement_note = record_table(
    "judgement_note",
    "judgement_note_id",
    reference("judgement_id", "judgement.judgement_id"),
    reference("case_id", "case_file.case_id", null=True),
    sealed("note"),
)
Index(None, judgement_note.c.judgement_id)
