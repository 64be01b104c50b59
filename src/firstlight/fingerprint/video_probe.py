"""What a video's container says, through ffprobe."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from firstlight.errors import DecodeError
from firstlight.model.bounds import Bounds
from firstlight.model.ports import ToolHost

# No playlist, no network, no file but the one given: a hostile video could name others.
INPUT_HARDENING: Final = (
    *("-protocol_whitelist", "file,pipe"),
    *(
        "-format_whitelist",
        "mov,matroska,avi,asf,flv,live_flv,mpeg,mpegts,mpegvideo,ogg,rm,mxf,ivf,dv,gif,apng,"
        "h264,hevc,m4v,vc1,nut,wtv,3gp,mp3,aac,flac,wav,amr,caf,aiff,au,w64,mj2,webm",
    ),
)

PROBE_OUTPUT_MAX_BYTES: Final = 8 << 20

_FORMAT_FACTS: Final = ("format_name", "nb_streams", "start_time", "duration", "bit_rate")
_STREAM_FACTS: Final = (
    *("codec_name", "profile", "codec_tag_string", "width", "height", "pix_fmt"),
    *("sample_aspect_ratio", "avg_frame_rate", "r_frame_rate", "nb_frames", "start_time"),
    *("duration", "sample_rate", "channels"),
)
_STREAMS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What the container says.

    Args:
        stream_index: Of the stream whose frames are shown; None when there is none.
        width_px, height_px: As shown, that is after the stated rotation.
        start_s: Presentation time at which the container starts.
        duration_s: None when not stated.
        frame_count: None when not stated.
        format_names: What ffprobe calls the container.
        container: Every fact and tag, name to text, as found.
    """

    stream_index: int | None
    width_px: int | None
    height_px: int | None
    start_s: float
    duration_s: float | None
    frame_count: int | None
    format_names: frozenset[str]
    container: tuple[tuple[str, str], ...]


def probe_video(
    content: bytes | memoryview | int, *, tools: ToolHost, bounds: Bounds
) -> VideoFacts:
    """Ask ffprobe for the container's facts.

    Raises:
        DecodeError: The container cannot be read.
        LimitError: ffprobe took too long or said too much.
        WorkerLostError: ffprobe died.
    """
    arguments = [
        *("-v", "error", "-hide_banner"),
        *INPUT_HARDENING,
        *("-print_format", "json", "-show_format", "-show_streams"),
        *("-i", "{input}"),
    ]
    output = tools.run(
        "ffprobe",
        arguments,
        content,
        timeout_s=bounds.tool_timeout_s,
        output_limit_bytes=PROBE_OUTPUT_MAX_BYTES,
    )
    try:
        document = json.loads(output.stdout.decode("utf-8", "replace") or "{}")
    except (ValueError, RecursionError) as error:
        raise DecodeError("video container cannot be read: ffprobe's answer is broken") from error
    streams = [item for item in _list(document, "streams") if isinstance(item, dict)]
    form = document.get("format") if isinstance(document, dict) else None
    if not streams and not form:
        raise DecodeError("video container cannot be read: it is damaged or of an unknown kind")
    return _facts(streams, form if isinstance(form, dict) else {}, bounds)


def _facts(streams: list[dict[str, Any]], form: Mapping[str, Any], bounds: Bounds) -> VideoFacts:
    shown = next((stream for stream in streams if _shows_frames(stream)), None)
    width = height = index = frames = None
    if shown is not None:
        index = _whole(shown.get("index"))
        width, height = _whole(shown.get("width")), _whole(shown.get("height"))
        frames = _whole(shown.get("nb_frames"))
        if _rotation(shown) % 180 == 90:
            width, height = height, width
    pairs = [(name[:200], text) for name, text in _container(streams, form)]
    return VideoFacts(
        stream_index=index,
        width_px=width or None,
        height_px=height or None,
        start_s=_number(form.get("start_time")) or 0.0,
        duration_s=_number(form.get("duration")),
        frame_count=frames or None,
        format_names=frozenset(str(form.get("format_name", "")).split(",")),
        container=tuple(
            (name, text[: bounds.tag_text_max_chars]) for name, text in pairs[: bounds.tags_max]
        ),
    )


def _container(streams: list[dict[str, Any]], form: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _FORMAT_FACTS:
        if name in form:
            yield name, str(form[name])
    yield from _tags("tag", form)
    for position, stream in enumerate(streams[:_STREAMS_MAX]):
        prefix = f"stream{position}"
        yield f"{prefix}.kind", str(stream.get("codec_type", "unknown"))
        for name in _STREAM_FACTS:
            if name in stream:
                yield f"{prefix}.{name}", str(stream[name])
        rotation = _rotation(stream)
        if rotation:
            yield f"{prefix}.rotation_deg", str(rotation)
        yield from _tags(f"{prefix}.tag", stream)


def _tags(prefix: str, holder: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    tags = holder.get("tags")
    if isinstance(tags, dict):
        for name, text in tags.items():
            yield f"{prefix}.{name}", str(text)


def _shows_frames(stream: Mapping[str, Any]) -> bool:
    disposition = stream.get("disposition")
    is_cover = isinstance(disposition, dict) and disposition.get("attached_pic") == 1
    return stream.get("codec_type") == "video" and not is_cover


def _rotation(stream: Mapping[str, Any]) -> int:
    for item in _list(stream, "side_data_list"):
        if isinstance(item, dict) and "rotation" in item:
            return round(_number(item["rotation"]) or 0)
    tags = stream.get("tags")
    return round(_number(tags.get("rotate")) or 0) if isinstance(tags, dict) else 0


def _list(holder: Any, name: str) -> list[Any]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and 0 <= number < 1 << 53 else None
