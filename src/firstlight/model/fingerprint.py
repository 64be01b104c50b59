"""Fingerprints: what describes one media, with the version of the pipeline that made it."""

from __future__ import annotations

from dataclasses import dataclass, field

DIHEDRAL_VARIANTS = (
    "original",
    "rotated-90",
    "rotated-180",
    "rotated-270",
    "mirrored-vertically",
    "mirrored-horizontally",
    "mirrored-and-rotated-90",
    "mirrored-and-rotated-270",
)
"""Order of the eight PDQ variants; the same as the ``pdqhash`` package returns them in."""

MATCHABLE_QUALITY = 50
"""PDQ quality from which a hash says enough to be compared (PDQ, matching thresholds)."""


@dataclass(frozen=True, slots=True)
class PdqHash:
    """PDQ of one picture or video frame.

    Args:
        codes: Eight variants of 32 bytes each, in the order of ``DIHEDRAL_VARIANTS``,
            concatenated; each code's bytes are its usual hexadecimal text, decoded.
        quality: 0 to 100.
        route: How the pixels were reached: ``grey`` (luma of the JPEG), ``strict`` (RGB).
        version: Version of our pipeline, for example ``pdq-1``.
        frame_index: 0 for a still; else position among the sampled frames.
        time_s: Time of the frame in the video; None for a still.
        reason: Why the quality is low, for people; None when it is high enough.
    Shapes: codes 256 bytes.
    """

    codes: bytes
    quality: int
    route: str
    version: str
    frame_index: int = 0
    time_s: float | None = None
    reason: str | None = None

    @property
    def code(self) -> bytes:
        """The hash of the picture as it stands (32 bytes)."""
        return self.codes[:32]

    @property
    def is_matchable(self) -> bool:
        """Whether the quality allows a comparison."""
        return self.quality >= MATCHABLE_QUALITY


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One time that the metadata states.

    Args:
        tag: Where it stood, for example ``EXIF:DateTimeOriginal``.
        text: As found.
        local: ISO 8601 without zone, or None when it does not parse.
        offset: ``+02:00`` when the metadata says so, else None: the zone is unknown.
        clock: Whose clock: ``camera``, ``satellite`` or ``software``.
    """

    tag: str
    text: str
    local: str | None
    offset: str | None
    clock: str


@dataclass(frozen=True, slots=True)
class Place:
    """A position that the metadata states, WGS 84 degrees, height in metres."""

    latitude_deg: float
    longitude_deg: float
    altitude_m: float | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """Metadata of one media: every tag as found, and a typed view of the ones that lead.

    Args:
        reader: Which reader, for example ``exiftool`` or ``firstlight-exif``.
        reader_version: Its version.
        tags: Every tag as found, ``group:name`` to text, order kept.
        edit_history: Steps an editor recorded, oldest first, as found.
        has_differing_thumbnail: The embedded thumbnail shows another picture; None when
            there is none or it could not be compared.
    """

    reader: str
    reader_version: str
    tags: tuple[tuple[str, str], ...] = ()
    maker: str | None = None
    model: str | None = None
    body_serial: str | None = None
    lens: str | None = None
    lens_serial: str | None = None
    image_unique_id: str | None = None
    owner: str | None = None
    software: str | None = None
    clocks: tuple[ClockReading, ...] = ()
    place: Place | None = None
    edit_history: tuple[str, ...] = ()
    has_differing_thumbnail: bool | None = None

    @property
    def has_camera(self) -> bool:
        """Whether maker or model of a camera is stated."""
        return bool(self.maker or self.model)


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read from one media's content.

    Args:
        width_px, height_px: As shown, that is after the stated orientation; None if no picture.
        frame_count: 1 for a still; None when not known.
        duration_s: Of a video; None for a still.
        is_truncated: Part of the content is missing; what decoded was used.
        has_thumbnail: A thumbnail is embedded.
        pdq: One for a still, one per sampled frame for a video; empty if nothing decoded.
        metadata: None when nothing was asked or read.
        container: Container facts of a video (format, codecs, frame rate), name to text.
    """

    width_px: int | None = None
    height_px: int | None = None
    frame_count: int | None = None
    duration_s: float | None = None
    is_truncated: bool = False
    has_thumbnail: bool = False
    pdq: tuple[PdqHash, ...] = ()
    metadata: Metadata | None = None
    container: tuple[tuple[str, str], ...] = field(default=())
