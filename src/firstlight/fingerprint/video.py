"""Video: what its container says, and PDQ of sampled frames with their times."""

from __future__ import annotations

from firstlight.errors import InputError, LimitError, NotOpenedError
from firstlight.fingerprint.decode_picture import PixelSink
from firstlight.fingerprint.video_frames import sample_frames
from firstlight.fingerprint.video_probe import VideoFacts, probe_video
from firstlight.model.bounds import Bounds
from firstlight.model.fingerprint import PdqHash, Reading
from firstlight.model.media import Failure
from firstlight.model.ports import ToolHost

_STAGE = "video"


def read_video(
    content: bytes | memoryview | int,
    *,
    tools: ToolHost,
    bounds: Bounds,
    on_pixels: PixelSink | None = None,
) -> tuple[Reading | None, tuple[Failure, ...]]:
    """Read a video's container facts and fingerprint frames of it.

    Args:
        content: The bytes, or an open descriptor of a regular file.
        tools: ffprobe and ffmpeg, under the worker's limits.
        bounds: Interval, number and size of frames, covered length, time.
        on_pixels: Called with each sampled frame.

    Returns:
        The reading (without metadata), None when nothing was read; and what failed. Frames
        that were read before a failure stay.
    Cost: Decoding of the covered part; of a long video, whose frames are further apart than
        ``KEYFRAMES_FROM_S``, of its key frames only.
    Evidence: A frame's time is the container's presentation time, counted from its start.
    """
    missing = [name for name in ("ffprobe", "ffmpeg") if not tools.has(name)]
    if missing:
        refusal = NotOpenedError(f"video is not read: {' and '.join(missing)} is not here")
        return None, (_failure(refusal),)
    try:
        facts = probe_video(content, tools=tools, bounds=bounds)
    except InputError as error:
        return None, (_failure(error),)
    hashes: list[PdqHash] = []
    failures = list(_sample(content, facts, hashes, tools, bounds, on_pixels))
    reading = Reading(
        width_px=facts.width_px,
        height_px=facts.height_px,
        frame_count=facts.frame_count,
        duration_s=facts.duration_s,
        pdq=tuple(hashes),
        container=facts.container,
    )
    return reading, tuple(failures)


def _sample(
    content: bytes | memoryview | int,
    facts: VideoFacts,
    hashes: list[PdqHash],
    tools: ToolHost,
    bounds: Bounds,
    on_pixels: PixelSink | None,
) -> list[Failure]:
    from firstlight.fingerprint.pdq import hash_pixels

    if facts.stream_index is None:
        return []
    try:
        for frame in sample_frames(content, facts, tools=tools, bounds=bounds):
            hashes.append(
                hash_pixels(
                    frame.pixels, route="grey", frame_index=len(hashes), time_s=frame.time_s
                )
            )
            if on_pixels is not None:
                on_pixels(frame.pixels)
    except MemoryError:
        return [_failure(LimitError("video frames need more memory than a worker may use"))]
    except InputError as error:
        return [_failure(error)]
    return []


def _failure(error: InputError) -> Failure:
    return Failure(error.code, error.message, _STAGE, error.retryable)
