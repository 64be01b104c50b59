"""Everything that is read from one content: pixels, frames, thumbnail, metadata."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from firstlight.errors import InputError, LimitError, UnreadableError
from firstlight.fingerprint.decode_picture import Content, PixelSink
from firstlight.model.bounds import Bounds
from firstlight.model.fingerprint import Metadata, Reading
from firstlight.model.media import ContentType, Failure, MediaKind
from firstlight.model.ports import ToolHost

_DESCRIBED: Final = frozenset(
    (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.DOCUMENT)
)
_Part = TypeVar("_Part")


def read_media(
    content: bytes | None,
    descriptor: int | None,
    content_type: ContentType,
    *,
    strict: bool,
    metadata_reader: str,
    bounds: Bounds,
    tools: ToolHost,
    on_pixels: PixelSink | None = None,
) -> tuple[Reading | None, tuple[Failure, ...]]:
    """Read one content as far as it can be read; a part that fails costs that part alone.

    Args:
        content: The bytes; None when the content is too large to hold.
        descriptor: An open descriptor of a regular file with that content; may be None when
            the bytes are given.
        content_type: As the content tells it.
        strict: Decode JPEG to RGB for PDQ.
        metadata_reader: ``auto``, ``exiftool``, ``own`` or ``none``.
        bounds: What reading may cost.
        tools: Outside programs.
        on_pixels: Called with each picture or sampled frame that was decoded.

    Returns:
        What was read, None when nothing was; and what failed, part by part.
    Cost: One decode for a picture; a run over the frames for a video.
    """
    failures: list[Failure] = []
    if content_type.kind not in _DESCRIBED:
        return None, ()
    held = _attempt(failures, "open", lambda: _hold(content, descriptor))
    if held is None:
        return None, tuple(failures)
    source: bytes | int = content if content is not None else _descriptor(descriptor)
    reading: Reading | None = None
    differs: bool | None = None
    if content_type.kind is MediaKind.IMAGE:
        reading, differs = _read_picture(
            held, content_type.mime, strict, bounds, failures, on_pixels
        )
    elif content_type.kind is MediaKind.VIDEO:
        reading = _attempt(
            failures, "video", lambda: _read_video(source, tools, bounds, failures, on_pixels)
        )
    metadata = _attempt(
        failures,
        "metadata",
        lambda: _read_metadata(
            source, content_type, failures, tools=tools, reader=metadata_reader, bounds=bounds
        ),
    )
    if metadata is not None:
        metadata = replace(metadata, has_differing_thumbnail=differs)
        reading = replace(reading or Reading(), metadata=metadata)
    return reading, tuple(failures)


def _read_picture(
    content: Content,
    mime: str,
    strict: bool,
    bounds: Bounds,
    failures: list[Failure],
    on_pixels: PixelSink | None,
) -> tuple[Reading | None, bool | None]:
    from firstlight.fingerprint.decode import decode_picture
    from firstlight.fingerprint.pdq import hash_pixels
    from firstlight.fingerprint.thumbnail import compare_thumbnail, find_thumbnail

    picture = _attempt(
        failures, "decode", lambda: decode_picture(content, mime, strict=strict, bounds=bounds)
    )
    if picture is None:
        has_thumbnail = find_thumbnail(content, mime) is not None
        return (Reading(has_thumbnail=True) if has_thumbnail else None), None
    pdq = _attempt(failures, "decode", lambda: hash_pixels(picture.pixels, route=picture.route))
    if on_pixels is not None:
        on_pixels(picture.pixels)
    thumbnail = find_thumbnail(content, mime, picture.exif)
    differs: bool | None = None
    if thumbnail is not None and pdq is not None and not picture.is_truncated:
        differs = compare_thumbnail(
            thumbnail,
            pdq,
            width_px=picture.width_px,
            height_px=picture.height_px,
            bounds=bounds,
        )
    reading = Reading(
        width_px=picture.width_px,
        height_px=picture.height_px,
        frame_count=picture.frame_count,
        is_truncated=picture.is_truncated,
        has_thumbnail=thumbnail is not None,
        pdq=(pdq,) if pdq is not None else (),
    )
    return reading, differs


def _read_video(
    source: bytes | int,
    tools: ToolHost,
    bounds: Bounds,
    failures: list[Failure],
    on_pixels: PixelSink | None,
) -> Reading | None:
    from firstlight.fingerprint.video import read_video

    reading, found = read_video(source, tools=tools, bounds=bounds, on_pixels=on_pixels)
    failures.extend(found)
    return reading


def _read_metadata(
    source: bytes | int,
    content_type: ContentType,
    failures: list[Failure],
    *,
    tools: ToolHost,
    reader: str,
    bounds: Bounds,
) -> Metadata | None:
    from firstlight.fingerprint.metadata.reading import read_metadata

    metadata, found = read_metadata(source, content_type, tools=tools, reader=reader, bounds=bounds)
    failures.extend(found)
    return metadata


def _attempt(failures: list[Failure], stage: str, part: Callable[[], _Part]) -> _Part | None:
    try:
        return part()
    except MemoryError:
        error: InputError = LimitError("reading needs more memory than a worker may use")
    except InputError as raised:
        error = raised
    failures.append(Failure(error.code, error.message, stage, error.retryable))
    return None


def _hold(content: bytes | None, descriptor: int | None) -> Content:
    if content is not None:
        return content
    try:
        return memoryview(mmap.mmap(_descriptor(descriptor), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise UnreadableError("the file could not be mapped into memory") from error


def _descriptor(descriptor: int | None) -> int:
    if descriptor is None:
        raise UnreadableError("neither the content nor a file with it is at hand")
    return descriptor
