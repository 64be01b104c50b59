"""Facts of one case: what linking and leads are worked out from, as plain frozen records.

``app`` fills these from the store; ``link`` and ``triage`` read them and nothing else, so that
the same facts always give the same leads. Every collection may come in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from firstlight.model.fingerprint import Metadata
from firstlight.model.hashlist import HashAlgorithm, ListPurpose
from firstlight.model.media import MediaKind, Outcome


@dataclass(frozen=True, slots=True)
class SightingFacts:
    """One place in this case where a media was seen.

    Args:
        path: Absolute path of the file on disk, exact bytes.
        members: Names inside nested archives, outermost first.
        named_mime: The type its name claims, when that differs from the content; else None.
    """

    sighting_id: int
    source_id: int
    path: bytes
    members: tuple[bytes, ...] = ()
    mtime_ns: int | None = None
    named_mime: str | None = None

    @property
    def full_path(self) -> bytes:
        """Path and member names joined by ``!/``."""
        return b"!/".join((self.path, *self.members)) if self.members else self.path


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """One match of a media in force: which list's entry, how, and that list's own words.

    Args:
        variant: From ``DIHEDRAL_VARIANTS``; None for a digest.
        marks: As the list gave them, nothing interpreted.
        is_derived: The entry's hash was made by us from a media that matched by digest.
    """

    list_name: str
    list_purpose: ListPurpose
    entry_key: str
    algorithm: HashAlgorithm
    distance_bits: int = 0
    variant: str | None = None
    scheme: str | None = None
    category_code: str | None = None
    marks: tuple[tuple[str, str], ...] = ()
    is_derived: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether the content itself is on the list, not something that looks like it."""
        return self.algorithm in (HashAlgorithm.MD5, HashAlgorithm.SHA1, HashAlgorithm.SHA256)


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """One media of this case.

    Args:
        pdq_quality: Of the picture (of a video: the best of its frames); None if there is none.
        pdq_reason: Why the quality is low; None when it is high enough.
        metadata: The typed view. Leave ``tags`` empty: leads read only typed fields, and a
            hundred thousand full tag lists do not fit in memory.
        sightings: In this case only, at least one.
        matches: In force, of every purpose.
        other_case_names: Other cases of the store in which the same content was seen.
    """

    media_id: str
    kind: MediaKind
    mime: str
    size_bytes: int
    sightings: tuple[SightingFacts, ...]
    width_px: int | None = None
    height_px: int | None = None
    is_truncated: bool = False
    has_thumbnail: bool = False
    pdq_quality: int | None = None
    pdq_reason: str | None = None
    metadata: Metadata | None = None
    matches: tuple[MatchFacts, ...] = ()
    other_case_names: tuple[str, ...] = ()

    @property
    def is_visual(self) -> bool:
        """Whether this is a picture or a video."""
        return self.kind in (MediaKind.IMAGE, MediaKind.VIDEO)

    @property
    def pixels(self) -> int:
        """Width times height; 0 when not known."""
        return (self.width_px or 0) * (self.height_px or 0)


@dataclass(frozen=True, slots=True)
class ListFacts:
    """One list that is loaded.

    Args:
        entry_count: Entries in force.
        pdq_entry_count: Those that can match near-copies at all (the list's own PDQ values).
        derived_pdq_count: PDQ values made by us from media that matched by digest.
        is_trusted: A person has declared this known-good list trusted.
    """

    name: str
    purpose: ListPurpose
    entry_count: int
    pdq_entry_count: int
    derived_pdq_count: int = 0
    is_trusted: bool = False


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two media of this case whose PDQ codes lie within the radius.

    Args:
        variant: From ``DIHEDRAL_VARIANTS``: how ``media_a`` is turned to look like ``media_b``.
    """

    media_a: str
    media_b: str
    distance_bits: int
    variant: str = "original"


@dataclass(frozen=True, slots=True)
class FailureFacts:
    """One thing that was not opened, not read or only partly read.

    Args:
        code: From the error tree; for an item without a failure, the outcome's own name.
        reason: Safe to log.
        media_id: None when the bytes could not be read.
        is_looked_at: A person has looked at this failure (a judgement).
    """

    sighting_id: int
    source_id: int
    path: bytes
    outcome: Outcome
    code: str
    reason: str
    stage: str = ""
    members: tuple[bytes, ...] = ()
    size_bytes: int | None = None
    is_retryable: bool = False
    media_id: str | None = None
    is_looked_at: bool = False

    @property
    def full_path(self) -> bytes:
        """Path and member names joined by ``!/``."""
        return b"!/".join((self.path, *self.members)) if self.members else self.path


@dataclass(frozen=True, slots=True)
class CameraElsewhere:
    """A camera as another case of the store knows it; values as found."""

    case_name: str
    maker: str | None
    model: str | None
    body_serial: str | None
    media_count: int


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """A child whom people have linked with media of this case.

    Args:
        child_key: Pseudonymous.
        state: ``unidentified``, ``partly-identified``, ``identified`` or ``safeguarded``;
            set by a person.
        media_ids: Linked by a person.
    """

    child_key: str
    state: str
    media_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One source of this case; None is "not stated"."""

    source_id: int
    label: str
    exhibit: str | None = None
    custodian: str | None = None
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """All that the leads of one case are worked out from.

    Args:
        now_at: Aware UTC; the same value gives the same leads.
        near_pairs: Each pair once.
        failures: One per failure; items without one (not opened, skipped) stand here too.
        cameras_elsewhere: One per other case and camera.
        burst_gap_s: Longest pause inside a burst.
        recent_days: Age up to which material counts as recent.
    """

    case_name: str
    now_at: datetime
    media: tuple[MediaFacts, ...]
    sources: tuple[SourceFacts, ...] = ()
    lists: tuple[ListFacts, ...] = ()
    near_pairs: tuple[NearPair, ...] = ()
    failures: tuple[FailureFacts, ...] = ()
    cameras_elsewhere: tuple[CameraElsewhere, ...] = ()
    children: tuple[ChildFacts, ...] = ()
    burst_gap_s: float = 10.0
    recent_days: int = 730
