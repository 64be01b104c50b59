"""Tables of what is known: lists, their versions and entries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, UniqueConstraint

from firstlight.store.schema.base import (
    blob,
    flag,
    json_text,
    number,
    record_table,
    reference,
    text,
)

hash_list = record_table("hash_list", "list_id", text("name"), UniqueConstraint("name"))

list_version = record_table(
    "list_version",
    "list_version_id",
    reference("list_id", "hash_list.list_id"),
    number("version_number"),
    text("purpose"),
    number("radius_bits"),
    blob("file_sha256", null=True),
    text("format", null=True),
    text("format_version", null=True),
    text("scheme", null=True),
    flag("is_partial"),
    text("state"),
)
Index(None, list_version.c.list_id)

list_tally = record_table(
    "list_tally",
    "list_tally_id",
    reference("list_version_id", "list_version.list_version_id"),
    json_text("counts", null=False),
)
Index(None, list_tally.c.list_version_id)

entry = record_table(
    "entry",
    "entry_id",
    reference("list_id", "hash_list.list_id"),
    reference("list_version_id", "list_version.list_version_id"),
    text("entry_key"),
    blob("md5", null=True),
    blob("sha1", null=True),
    blob("sha256", null=True),
    blob("pdq", null=True),
    blob("photodna", null=True),
    text("scheme", null=True),
    text("category_code", null=True),
    json_text("marks"),
    text("record"),
    text("origin"),
    text("derived_from", null=True),
    reference("derived_media_id", "media.media_id", null=True),
    flag("is_withdrawn"),
    reference("supersedes", "entry.entry_id", null=True),
)


def _where_present(
    present_column: str, *columns: Column[Any], name: str | None = None, unique: bool = False
) -> None:
    present = entry.c[present_column].is_not(None)
    Index(name, *columns, unique=unique, sqlite_where=present, postgresql_where=present)


Index(None, entry.c.list_id, entry.c.entry_key)
_where_present("md5", entry.c.md5)
_where_present("sha1", entry.c.sha1)
_where_present("sha256", entry.c.sha256)
_where_present("pdq", entry.c.entry_id, name="ix_entry_with_pdq")
_where_present("photodna", entry.c.list_id, name="ix_entry_with_photodna")
_where_present("derived_from", entry.c.list_id, entry.c.derived_from)
_where_present("derived_media_id", entry.c.derived_media_id)
_where_present("supersedes", entry.c.supersedes, unique=True)

bad_row = record_table(
    "bad_row",
    "bad_row_id",
    reference("list_version_id", "list_version.list_version_id"),
    number("row_number"),
    text("code"),
    text("reason"),
)
Index(None, bad_row.c.list_version_id)
