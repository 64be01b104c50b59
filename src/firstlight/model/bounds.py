"""Bounds on what one item may cost: against bombs, and against mistakes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits while opening and decoding; exceeding one costs that item alone.

    Args:
        archive_depth_max: Archives inside archives.
        archive_members_max: Members of one archive, nested ones included.
        archive_ratio_max: Bytes out of a compressed archive per byte in it
            (not applied below 10 MB of output).
        archive_total_max_bytes: Bytes out of one outermost archive.
        nested_archive_max_bytes: Size of an archive inside an archive (it is held in memory).
        member_max_bytes: Size of one member that is decoded (digests are taken of any size).
        picture_max_bytes: Size of a picture file that is decoded.
        picture_max_pixels: Width times height of a picture that is decoded.
        video_max_s: Length of a video of which frames are sampled; beyond it only the first part.
        video_frame_interval_s: Time between sampled frames.
        video_frames_max: Sampled frames of one video.
        metadata_timeout_s: Time for exiftool on one item.
        tool_timeout_s: Time for ffmpeg on one item.
        tag_text_max_chars: Longest text of one metadata tag that is kept.
        tags_max: Most tags of one item that are kept.
        item_wall_s: Wall time without a sign of life before a worker counts as hung.
        item_cpu_s: CPU time of a worker on one item.
        worker_memory_bytes: Address space of a worker.
    """

    archive_depth_max: int = 6
    archive_members_max: int = 1_000_000
    archive_ratio_max: int = 400
    archive_total_max_bytes: int = 1 << 40
    nested_archive_max_bytes: int = 1 << 29
    member_max_bytes: int = 1 << 29
    picture_max_bytes: int = 1 << 29
    picture_max_pixels: int = 250_000_000
    video_max_s: float = 4 * 3600.0
    video_frame_interval_s: float = 1.0
    video_frames_max: int = 600
    metadata_timeout_s: float = 20.0
    tool_timeout_s: float = 120.0
    tag_text_max_chars: int = 4096
    tags_max: int = 4000
    item_wall_s: float = 180.0
    item_cpu_s: float = 150.0
    worker_memory_bytes: int = 4 << 30
