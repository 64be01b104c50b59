"""Archives for tests, made in memory; and one way of reading them wholly."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field

from firstlight.errors import InputError
from firstlight.intake.archive import ArchiveEnd, walk_archive
from firstlight.intake.content_type import HEAD_BYTES, TAIL_BYTES, sniff
from firstlight.model.bounds import Bounds


def make_zip(
    files: Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.comment = comment
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return buffer.getvalue()


def make_tar(files: Sequence[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=form, encoding="utf-8", errors="surrogateescape"
    ) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mtime = 1_600_000_000
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def add_tar_entry(
    name: bytes, content: bytes = b"", *, kind: bytes = b"0", size: int = -1
) -> bytes:
    """One raw tar entry, with whatever name, type and stated size."""
    header = bytearray(512)
    header[: len(name[:100])] = name[:100]
    header[100:108] = b"0000644\x00"
    header[124:136] = b"%011o\x00" % (len(content) if size < 0 else size)
    header[136:148] = b"%011o\x00" % 1_600_000_000
    header[148:156] = b" " * 8
    header[156:157] = kind
    header[257:265] = b"ustar\x0000"
    header[148:156] = b"%06o\x00 " % sum(header)
    return bytes(header) + content + bytes(-len(content) % 512)


@dataclass
class Account:
    """All that a walk gave."""

    contents: dict[tuple[bytes, ...], bytes] = field(default_factory=dict)
    errors: dict[tuple[bytes, ...], InputError] = field(default_factory=dict)
    failures: dict[tuple[bytes, ...], str] = field(default_factory=dict)
    outcomes: dict[tuple[bytes, ...], str] = field(default_factory=dict)
    mimes: dict[tuple[bytes, ...], str] = field(default_factory=dict)
    ends: dict[tuple[bytes, ...], ArchiveEnd] = field(default_factory=dict)
    order: list[tuple[tuple[bytes, ...], tuple[int, ...]]] = field(default_factory=list)
    sizes: dict[tuple[bytes, ...], int] = field(default_factory=dict)
    output_bytes: int = 0

    @property
    def names(self) -> list[bytes]:
        return [members[-1] for members, _ in self.order]

    @property
    def end_codes(self) -> list[str]:
        return [failure.code for failure in self.ends[()].failures]


def read_archive(
    data: bytes,
    *,
    bounds: Bounds | None = None,
    name: bytes = b"",
    keep: bool = True,
    passwords: tuple[bytes, ...] = (),
) -> Account:
    """Walk an archive as a consumer would, reading everything."""
    account = Account()
    kind = sniff(data[:HEAD_BYTES], size_bytes=len(data), tail=data[-TAIL_BYTES:])
    walk = walk_archive(
        io.BytesIO(data),
        kind,
        bounds=bounds or Bounds(),
        tick=lambda: None,
        name=name,
        passwords=passwords,
    )
    for met in walk:
        if isinstance(met, ArchiveEnd):
            account.ends[met.members] = met
            continue
        account.order.append((met.members, met.ordinals))
        account.sizes[met.members] = met.facts.size_bytes
        if met.failure is not None:
            account.failures[met.members] = met.failure.code
            account.outcomes[met.members] = str(met.outcome)
            continue
        parts = []
        try:
            content = met.open()
            account.mimes[met.members] = content.content_type.mime
            for piece in content.pieces():
                account.output_bytes += len(piece)
                if keep:
                    parts.append(piece)
        except InputError as error:
            account.errors[met.members] = error
        account.contents[met.members] = b"".join(parts)
    return account
