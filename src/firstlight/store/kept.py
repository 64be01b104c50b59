"""What the vault holds, as it is recorded, and the profile that allowed it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from firstlight.guard.custody import read_time
from firstlight.model.profile import Profile, ProfileKind
from firstlight.store.current import blocks, is_not_erased
from firstlight.store.database import Reader
from firstlight.store.schema import event, home_profile, kept

ERASED_KEPT = "erased-kept"
"""Action of the event from which on everything kept before it is gone."""


@dataclass(frozen=True, slots=True)
class KeptRow:
    """One kept content: whose, of what kind, and where it lies in the vault of its case."""

    case_id: int
    media_id: str
    kind: str
    blob_name: bytes
    size_bytes: int
    width_px: int | None
    height_px: int | None
    pack: int | None
    offset_bytes: int | None
    pipeline: str


@dataclass(frozen=True, slots=True)
class KeptCount:
    """How much of one kind is kept of one case."""

    case_id: int
    kind: str
    count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """The profile in force, who set it and when."""

    profile: Profile
    set_at: datetime
    set_by: str


def is_kept() -> ColumnElement[bool]:
    """Recorded as kept, not erased since, and of a case that was not erased."""
    erased = (
        select(func.coalesce(func.max(home_profile.c.event_seq), 0))
        .join(event, event.c.event_seq == home_profile.c.event_seq)
        .where(event.c.action == ERASED_KEPT)
        .scalar_subquery()
    )
    return and_(kept.c.event_seq > erased, is_not_erased(kept.c.case_id))


def kept_media(reader: Reader, case_id: int, kind: str, media_ids: Iterable[str]) -> set[str]:
    """Say of which of these media something of a kind is kept in a case."""
    found: set[str] = set()
    for block in blocks(media_ids):
        statement = select(kept.c.media_id).where(
            kept.c.media_id.in_(block), kept.c.case_id == case_id, kept.c.kind == kind, is_kept()
        )
        found.update(row.media_id for row in reader.fetch(statement))
    return found


def kept_elsewhere(reader: Reader, case_id: int, kind: str, media_id: str) -> list[KeptRow]:
    """Give what other cases keep of a media, newest first."""
    statement = _select_kept().where(
        kept.c.media_id == media_id, kept.c.case_id != case_id, kept.c.kind == kind, is_kept()
    )
    return [_kept_row(row) for row in reader.fetch(statement.order_by(kept.c.kept_id.desc()))]


def kept_of_media(reader: Reader, media_id: str) -> list[tuple[int, KeptRow]]:
    """Give what is kept of a media, each with the number of the event that recorded it."""
    statement = (
        _select_kept()
        .add_columns(kept.c.event_seq)
        .where(kept.c.media_id == media_id, is_kept())
        .order_by(kept.c.kept_id)
    )
    found = []
    for row in reader.fetch(statement):
        values = dict(row._mapping)
        found.append((values.pop("event_seq"), KeptRow(**values)))
    return found


def kept_of_case(reader: Reader, case_id: int) -> Iterator[KeptRow]:
    """Give everything that is kept of a case, in the order it was put in."""
    statement = _select_kept().where(kept.c.case_id == case_id, is_kept()).order_by(kept.c.kept_id)
    for row in reader.stream(statement):
        yield _kept_row(row)


def is_anything_kept(reader: Reader, case_id: int) -> bool:
    """Whether anything of a case is recorded as kept."""
    statement = select(kept.c.kept_id).where(kept.c.case_id == case_id, is_kept()).limit(1)
    return bool(reader.fetch(statement))


def count_kept(reader: Reader) -> list[KeptCount]:
    """Count what is kept, by case and kind."""
    statement = (
        select(kept.c.case_id, kept.c.kind, func.count(), func.sum(kept.c.size_bytes))
        .where(is_kept())
        .group_by(kept.c.case_id, kept.c.kind)
        .order_by(kept.c.case_id, kept.c.kind)
    )
    return [KeptCount(*row) for row in reader.fetch(statement)]


def load_profile(reader: Reader) -> ProfileRow | None:
    """Read the profile that was set last; None where none ever was."""
    statement = (
        select(home_profile, event.c.at, event.c.actor)
        .join(event, event.c.event_seq == home_profile.c.event_seq)
        .order_by(home_profile.c.home_profile_id.desc())
        .limit(1)
    )
    for row in reader.fetch(statement):
        profile = Profile(ProfileKind(row.profile), bool(row.keeps_originals), row.legal_basis)
        return ProfileRow(profile, read_time(row.at), row.actor)
    return None


def _select_kept() -> Select[Any]:
    return select(*(kept.c[name] for name in KeptRow.__dataclass_fields__))


def _kept_row(row: Any) -> KeptRow:
    return KeptRow(**row._mapping)
