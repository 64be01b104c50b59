"""What a worker reports of one item of a source."""

from __future__ import annotations

from dataclasses import dataclass, field

from firstlight.model.fingerprint import Reading
from firstlight.model.media import ContentType, Digests, Failure, FileFacts, Locator, Outcome


@dataclass(frozen=True, slots=True)
class ItemReport:
    """The whole account of one item: recorded wholly or not at all.

    Args:
        locator: Where it lies.
        facts: What the file system or archive says.
        outcome: How reading ended.
        digests: None when the bytes could not be read.
        content_type: By content; None when the bytes could not be read.
        named_mime: The type its name claims, when that differs from the content; else None.
        reading: None when the media was already fingerprinted, or is no media.
        failures: What went wrong, in the order it happened; may stand beside a reading.
        member_count: Members met inside, for an archive; else None.
        reader: What gave the bytes: ``folder``, or the type of the container that held them.
        derivative: What may be kept in place of the picture, as ``model.derivative`` writes it.
    """

    locator: Locator
    facts: FileFacts
    outcome: Outcome
    digests: Digests | None = None
    content_type: ContentType | None = None
    named_mime: str | None = None
    reading: Reading | None = None
    failures: tuple[Failure, ...] = ()
    member_count: int | None = None
    reader: str = "folder"
    derivative: bytes | None = field(default=None, repr=False)
