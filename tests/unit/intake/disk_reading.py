"""One way of reading a disk image wholly, with the segments beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from firstlight.errors import InputError
from firstlight.intake.archive import ArchiveEnd, walk_archive
from firstlight.intake.content_type import HEAD_BYTES, TAIL_BYTES, sniff
from firstlight.model.bounds import Bounds
from firstlight.model.media import Failure, FileFacts


@dataclass
class DiskAccount:
    """All that a walk gave, by name inside the image (nested ones joined by ``!/``)."""

    order: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    facts: dict[str, FileFacts] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    caveats: dict[str, Failure] = field(default_factory=dict)
    ends: dict[str, ArchiveEnd] = field(default_factory=dict)

    @property
    def image_codes(self) -> list[str]:
        return [failure.code for failure in self.ends[""].failures]


def read_disk(
    path: Path, *, bounds: Bounds | None = None, hidden: tuple[str, ...] = ()
) -> DiskAccount:
    """Walk an image as a worker would, reading everything."""

    def sibling(name: bytes):
        beside = path.parent / name.decode()
        return beside.open("rb") if beside.exists() and beside.name not in hidden else None

    account = DiskAccount()
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        size_bytes = stream.seek(0, 2)
        stream.seek(max(0, size_bytes - TAIL_BYTES))
        kind = sniff(head, size_bytes=size_bytes, tail=stream.read())
        for met in walk_archive(
            stream,
            kind,
            bounds=bounds or Bounds(),
            tick=lambda: None,
            name=path.name.encode(),
            sibling=sibling,
        ):
            name = b"!/".join(met.members).decode("utf-8", "surrogateescape")
            if isinstance(met, ArchiveEnd):
                account.ends[name] = met
                continue
            account.order.append((name, met.ordinals))
            account.facts[name] = met.facts
            if met.failure is not None:
                account.codes[name] = met.failure.code
                account.reasons[name] = met.failure.reason
                account.outcomes[name] = str(met.outcome)
                continue
            if met.caveat is not None:
                account.caveats[name] = met.caveat
            digest = hashlib.sha256()
            try:
                for piece in met.open().pieces():
                    digest.update(piece)
            except InputError as error:
                account.codes[name] = error.code
                account.reasons[name] = error.message
                continue
            account.digests[name] = digest.hexdigest()
    return account
