"""Sampling the frames of a video, through ffmpeg."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from firstlight.errors import DecodeError, LimitError
from firstlight.fingerprint.decode_picture import Pixels, check_pixel_bound
from firstlight.fingerprint.video_probe import INPUT_HARDENING, VideoFacts
from firstlight.model.bounds import Bounds
from firstlight.model.ports import ToolHost, ToolOutput

RUN_OUTPUT_BYTES: Final = 64 << 20
"""Pixels that one run of ffmpeg hands over; a longer video takes several runs."""

RUN_FRAMES_MAX: Final = 120

KEYFRAMES_FROM_S: Final = 4.0
"""Interval from which only key frames are decoded: they come that often, and cost little."""

# Containers without an index land up to a few seconds late; bare streams cannot be entered at all.
_SEEKS_LATE: Final = frozenset(("mpegts", "mpeg"))
_SEEKS_NEVER: Final = frozenset(("h264", "hevc", "m4v", "mpegvideo", "vc1", "ivf", "dv"))
_SEEK_MARGIN_S: Final = 6.0

_LOG_BYTES: Final = 4 << 20
_SHOWN: Final = re.compile(rb"\[Parsed_showinfo[^\]]*\] n:\s*\d+ pts:\s*\S+ pts_time:\s*(\S+)")
_LABEL: Final = "video frame"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One sampled frame, upright and grey, and its time from the container's start."""

    pixels: Pixels
    time_s: float


def sample_frames(
    content: bytes | memoryview | int, facts: VideoFacts, *, tools: ToolHost, bounds: Bounds
) -> Iterator[Frame]:
    """Give frames at even distances from the start, in order.

    The distance is the bound's interval, or longer where the covered length would need more
    than the greatest number of frames.

    Raises:
        LimitError: Frames are larger than the pixel bound, or time ran out on the way.
        DecodeError: Not one frame decodes.
        WorkerLostError: ffmpeg died.
    """
    if not facts.width_px or not facts.height_px:
        raise DecodeError("video frames do not decode: the container states no size")
    check_pixel_bound(facts.width_px, facts.height_px, _LABEL, bounds)
    deadline = time.monotonic() + bounds.tool_timeout_s
    covered_s = min(bounds.video_max_s, facts.duration_s or bounds.video_max_s)
    interval_s = bounds.video_frame_interval_s
    if facts.duration_s is not None:
        interval_s = max(interval_s, covered_s / bounds.video_frames_max)
    frame_bytes = facts.width_px * facts.height_px
    per_run = max(1, min(RUN_FRAMES_MAX, RUN_OUTPUT_BYTES // frame_bytes))
    begin_s, count = 0.0, 0
    while count < bounds.video_frames_max and begin_s <= covered_s:
        wanted = min(per_run, bounds.video_frames_max - count)
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise LimitError(f"video frames were sampled up to second {begin_s:.0f}: out of time")
        output = tools.run(
            "ffmpeg",
            _arguments(facts, begin_s, interval_s, wanted, bounds),
            content,
            timeout_s=left_s,
            output_limit_bytes=wanted * frame_bytes + _LOG_BYTES,
        )
        frames = _cut_frames(output, facts, facts.width_px, facts.height_px)
        fresh = [frame for frame in frames if begin_s - 0.001 <= frame.time_s <= covered_s + 0.001]
        yield from fresh
        count += len(fresh)
        if len(fresh) < wanted:
            break
        begin_s = fresh[-1].time_s + interval_s
    if count == 0:
        raise DecodeError("video frames do not decode: not one could be read")


def _cut_frames(output: ToolOutput, facts: VideoFacts, width: int, height: int) -> list[Frame]:
    size = width * height
    held = len(output.stdout) // size
    # Tags of the video are printed before the frames: only the last lines can be ours.
    times = [_seconds(text) for text in _SHOWN.findall(output.stderr)][-held:] if held else []
    return [
        Frame(
            np.frombuffer(output.stdout, np.uint8, size, at * size).reshape(height, width),
            round(max(0.0, stamp - facts.start_s), 6),
        )
        for at, stamp in enumerate(times)
        if stamp is not None
    ]


def _arguments(
    facts: VideoFacts, begin_s: float, interval_s: float, wanted: int, bounds: Bounds
) -> Sequence[str]:
    from_s = begin_s + facts.start_s - 0.0005
    chosen = (
        f"gte(t,{from_s:.6f})*"
        f"(isnan(prev_selected_t)+gte(t-prev_selected_t,{interval_s - 0.0005:.6f}))"
    )
    filters = (
        f"select='{chosen}',scale={facts.width_px}:{facts.height_px},format=gray,"
        "showinfo=checksum=0"
    )
    return [
        *("-nostdin", "-hide_banner", "-v", "info", "-nostats"),
        *INPUT_HARDENING,
        *("-threads", "1", "-filter_threads", "1"),
        *("-max_pixels", str(bounds.picture_max_pixels)),
        *(("-skip_frame", "nokey") if interval_s >= KEYFRAMES_FROM_S else ()),
        *_seek(facts, begin_s),
        *("-copyts", "-i", "{input}", "-map", f"0:{facts.stream_index}"),
        *("-an", "-sn", "-dn", "-vf", filters, "-fps_mode", "passthrough"),
        *("-frames:v", str(wanted), "-threads", "1"),
        *("-c:v", "rawvideo", "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1"),
    ]


def _seek(facts: VideoFacts, begin_s: float) -> Sequence[str]:
    # Entering early is harmless: the filter lets nothing through before the wanted second.
    if facts.format_names & _SEEKS_LATE:
        begin_s -= _SEEK_MARGIN_S
    if begin_s <= 0 or facts.format_names & _SEEKS_NEVER:
        return ()
    return ("-noaccurate_seek", "-ss", f"{begin_s:.6f}")


def _seconds(text: bytes) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e12 else None
