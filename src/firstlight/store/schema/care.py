"""Tables of what may be kept and how long: profiles, retention, erasure, the vault's contents."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint

from firstlight.store.schema.base import (
    blob,
    flag,
    json_text,
    number,
    record_table,
    reference,
    sealed,
    text,
)

home_profile = record_table(
    "home_profile",
    "home_profile_id",
    text("profile"),
    flag("keeps_originals"),
    text("legal_basis", null=True),
)

case_retention = record_table(
    "case_retention",
    "case_retention_id",
    reference("case_id", "case_file.case_id"),
    text("review_on", null=True),
    flag("is_on_hold"),
    sealed("retention_class", "reason"),
)
Index(None, case_retention.c.case_id)

case_erasure = record_table(
    "case_erasure",
    "case_erasure_id",
    reference("case_id", "case_file.case_id"),
    json_text("counts"),
    UniqueConstraint("case_id"),
)

kept = record_table(
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

stated_purpose = record_table(
    "stated_purpose",
    "stated_purpose_id",
    text("purpose_sha256"),
    number("case_id", null=True),
    sealed("salt", "purpose", of_bytes=("salt",)),
)
Index(None, stated_purpose.c.purpose_sha256)
