"""Reading a content's metadata: exiftool where there is one, else the own reader."""

from __future__ import annotations

import os

from firstlight.errors import DecodeError, FirstlightError, LimitError, NotOpenedError
from firstlight.fingerprint.metadata.exiftool import parse_exiftool
from firstlight.fingerprint.metadata.own import OWN_READER, OWN_READER_VERSION, read_own
from firstlight.fingerprint.metadata.typed import typed_view
from firstlight.model.bounds import Bounds
from firstlight.model.fingerprint import Metadata
from firstlight.model.media import ContentType, Failure, MediaKind
from firstlight.model.ports import ToolHost

_STAGE = "metadata"
_DESCRIBED = frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.DOCUMENT})


def read_metadata(
    content: bytes | int,
    content_type: ContentType,
    *,
    tools: ToolHost,
    reader: str,
    bounds: Bounds,
) -> tuple[Metadata | None, tuple[Failure, ...]]:
    """Read what a content says of itself.

    Args:
        content: The bytes, or an open descriptor of a regular file.
        content_type: By content.
        tools: Outside programs.
        reader: ``auto`` (exiftool where there is one, else and when it fails our own),
            ``exiftool``, ``own`` or ``none``.
        bounds: Time for exiftool, and how much is kept.

    Returns:
        The metadata, None when nothing was asked or no reader here knows the format (a content
        that was read and says nothing has metadata without tags); and what went wrong, which
        may stand beside metadata.

    Evidence: Metadata is what the file states, by whoever wrote it last.
    """
    if reader == "none" or content_type.kind not in _DESCRIBED:
        return None, ()
    failures: list[Failure] = []
    if reader in {"auto", "exiftool"}:
        if tools.has("exiftool"):
            found = _by_exiftool(content, tools, bounds, failures)
            if found is not None or reader == "exiftool":
                return found, tuple(failures)
        elif reader == "exiftool":
            refusal = NotOpenedError("exiftool was asked for and is not here")
            return None, (_failure(refusal),)
    return _by_own(content, bounds, failures), tuple(failures)


def _by_exiftool(
    content: bytes | int, tools: ToolHost, bounds: Bounds, failures: list[Failure]
) -> Metadata | None:
    try:
        answer = parse_exiftool(tools.exiftool(content, timeout_s=bounds.metadata_timeout_s))
    except FirstlightError as error:
        failures.append(_failure(error))
        return None
    if answer.has_error:
        failures.append(_failure(DecodeError("exiftool could not read all of the metadata")))
    _check_count(len(answer.tags), bounds, failures)
    version = tools.exiftool_version() or "unknown"
    return typed_view(answer.tags, "exiftool", version, bounds)


def _by_own(content: bytes | int, bounds: Bounds, failures: list[Failure]) -> Metadata | None:
    try:
        found = read_own(content)
    except OSError as error:
        failures.append(Failure("unreadable", os.strerror(error.errno or 0), _STAGE, True))
        return None
    if found is None:
        return None
    failures.extend(_failure(DecodeError(sentence)) for sentence in found.faults)
    _check_count(len(found.tags), bounds, failures)
    return typed_view(found.tags, OWN_READER, OWN_READER_VERSION, bounds)


def _check_count(count: int, bounds: Bounds, failures: list[Failure]) -> None:
    if count > bounds.tags_max:
        failures.append(
            _failure(LimitError("more metadata tags than the bound; the first are kept"))
        )


def _failure(error: FirstlightError) -> Failure:
    return Failure(error.code, error.message, _STAGE, error.retryable)
