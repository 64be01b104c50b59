"""Video: exact times, rotation, bounds, and what happens without ffmpeg."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from firstlight.errors import LimitError
from firstlight.fingerprint import video_frames
from firstlight.fingerprint.pdq import hash_pixels
from firstlight.fingerprint.video import read_video
from firstlight.model.bounds import Bounds
from firstlight.model.ports import ToolOutput

BOUNDS = Bounds()
WITHOUT_FFMPEG = shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None
needs_ffmpeg = pytest.mark.skipif(WITHOUT_FFMPEG, reason="ffmpeg and ffprobe are not here")


class PlainTools:
    """Runs programs directly, as the engine does under limits."""

    def __init__(self, *, missing: Sequence[str] = ()) -> None:
        self.missing = missing
        self.calls: list[list[str]] = []

    def has(self, program: str) -> bool:
        return program not in self.missing and shutil.which(program) is not None

    def run(
        self,
        program: str,
        arguments: Sequence[str],
        content: bytes | memoryview | int,
        *,
        timeout_s: float,
        output_limit_bytes: int,
    ) -> ToolOutput:
        descriptor = os.dup(content) if isinstance(content, int) else os.memfd_create("input")
        if not isinstance(content, int):
            os.write(descriptor, content)
        filled = [text.replace("{input}", f"/proc/self/fd/{descriptor}") for text in arguments]
        self.calls.append(filled)
        try:
            done = subprocess.run(
                [program, *filled],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout_s,
                pass_fds=(descriptor,),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LimitError(f"{program} took too long") from error
        finally:
            os.close(descriptor)
        if len(done.stdout) + len(done.stderr) > output_limit_bytes:
            raise LimitError(f"{program} said too much")
        return ToolOutput(done.stdout, done.stderr, done.returncode)

    def exiftool(self, content: bytes | memoryview | int, *, timeout_s: float) -> bytes:
        raise LimitError("no exiftool here")

    def exiftool_version(self) -> str | None:
        return None


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> dict[str, bytes]:
    """The same moving test card in several containers."""
    if WITHOUT_FFMPEG:
        return {}
    folder = tmp_path_factory.mktemp("clips")
    card = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=4.2"]
    made = {
        "mp4": ["-pix_fmt", "yuv420p", "-metadata", "creation_time=2021-05-06T07:08:09Z"],
        "ts": ["-pix_fmt", "yuv420p"],
        "mkv": ["-c:v", "mpeg4"],
        "avi": ["-c:v", "mpeg4"],
        "h264": ["-pix_fmt", "yuv420p"],
    }
    clips = {}
    for kind, options in made.items():
        path = folder / f"clip.{kind}"
        command = ["ffmpeg", "-v", "error", *card, *options, str(path)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        clips[kind] = path.read_bytes()
    turned = folder / "turned.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-i", str(folder / "clip.mp4"), "-c", "copy"),
            *("-metadata:s:v:0", "rotate=90", str(turned)),
        ],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    clips["turned"] = turned.read_bytes()
    return clips


@needs_ffmpeg
@pytest.mark.parametrize("kind", ["mp4", "ts", "mkv", "avi", "h264"])
def test_frames_are_sampled_each_second_with_their_times(clips, kind):
    reading, failures = read_video(clips[kind], tools=PlainTools(), bounds=BOUNDS)
    assert failures == ()
    assert reading is not None
    assert [frame.time_s for frame in reading.pdq] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert [frame.frame_index for frame in reading.pdq] == [0, 1, 2, 3, 4]
    assert all(frame.quality > 50 for frame in reading.pdq)
    assert len({frame.code for frame in reading.pdq}) == 5
    assert (reading.width_px, reading.height_px) == (320, 240)


@needs_ffmpeg
@pytest.mark.parametrize("kind", ["mp4", "ts", "mkv", "h264"])
def test_several_runs_give_what_one_run_gives(clips, kind, monkeypatch):
    whole, _ = read_video(clips[kind], tools=PlainTools(), bounds=BOUNDS)
    monkeypatch.setattr(video_frames, "RUN_FRAMES_MAX", 2)
    tools = PlainTools()
    parts, failures = read_video(clips[kind], tools=tools, bounds=BOUNDS)
    assert failures == ()
    assert whole is not None
    assert parts is not None
    assert parts.pdq == whole.pdq
    assert len(tools.calls) == 4


@needs_ffmpeg
def test_a_frame_has_the_hash_of_its_pixels(clips):
    reading, _ = read_video(clips["mp4"], tools=PlainTools(), bounds=BOUNDS)
    raw = subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-i", "pipe:0", "-vf", "select='eq(n,50)',format=gray"),
            *("-frames:v", "1", "-f", "rawvideo", "pipe:1"),
        ],
        input=clips["mkv"],
        capture_output=True,
        check=True,
    ).stdout
    pixels = np.frombuffer(raw, np.uint8).reshape(240, 320)
    assert reading is not None
    code = int.from_bytes(hash_pixels(pixels, route="grey").code, "big")
    found = int.from_bytes(reading.pdq[2].code, "big")
    assert (code ^ found).bit_count() <= 16


@needs_ffmpeg
def test_container_facts_are_pairs_of_text(clips):
    reading, _ = read_video(clips["mp4"], tools=PlainTools(), bounds=BOUNDS)
    assert reading is not None
    facts = dict(reading.container)
    assert facts["format_name"].startswith("mov,mp4")
    assert facts["stream0.codec_name"] == "h264"
    assert facts["tag.creation_time"].startswith("2021-05-06T07:08:09")
    assert reading.duration_s == pytest.approx(4.2, abs=0.1)
    assert reading.frame_count == 105


@needs_ffmpeg
def test_the_stated_rotation_is_applied(clips):
    plain, _ = read_video(clips["mp4"], tools=PlainTools(), bounds=BOUNDS)
    turned, failures = read_video(clips["turned"], tools=PlainTools(), bounds=BOUNDS)
    assert failures == ()
    assert plain is not None
    assert turned is not None
    assert (turned.width_px, turned.height_px) == (240, 320)
    first = int.from_bytes(turned.pdq[0].code, "big")
    variants = [plain.pdq[0].codes[at : at + 32] for at in range(0, 256, 32)]
    distances = [(int.from_bytes(code, "big") ^ first).bit_count() for code in variants]
    assert min(distances) <= 20
    assert distances.index(min(distances)) in (1, 3)


@needs_ffmpeg
def test_bounds_on_number_length_and_interval(clips):
    def times(**bounds: float) -> list[float | None]:
        reading, _ = read_video(clips["mp4"], tools=PlainTools(), bounds=replace(BOUNDS, **bounds))
        assert reading is not None
        return [frame.time_s for frame in reading.pdq]

    assert times(video_max_s=1.5) == [0.0, 1.0]
    assert times(video_frame_interval_s=2.0) == [0.0, 2.0, 4.0]
    few = times(video_frames_max=2)
    assert few[0] == 0.0
    assert len(few) == 2
    assert 2.0 < (few[1] or 0) < 2.3


@needs_ffmpeg
def test_frames_larger_than_the_pixel_bound_are_refused_and_facts_stay(clips):
    tools = PlainTools()
    reading, failures = read_video(
        clips["mp4"], tools=tools, bounds=replace(BOUNDS, picture_max_pixels=1000)
    )
    assert reading is not None
    assert reading.pdq == ()
    assert reading.container
    assert [failure.code for failure in failures] == ["limit-exceeded"]
    assert len(tools.calls) == 1


@needs_ffmpeg
def test_time_that_runs_out_keeps_the_frames_so_far(clips, monkeypatch):
    monkeypatch.setattr(video_frames, "RUN_FRAMES_MAX", 2)

    class SlowTools(PlainTools):
        def run(self, program, arguments, content, **limits):
            if len(self.calls) == 2:
                raise LimitError("ffmpeg took too long")
            return super().run(program, arguments, content, **limits)

    reading, failures = read_video(clips["mp4"], tools=SlowTools(), bounds=BOUNDS)
    assert reading is not None
    assert [frame.time_s for frame in reading.pdq] == [0.0, 1.0]
    assert [failure.code for failure in failures] == ["limit-exceeded"]


@needs_ffmpeg
def test_a_cut_video_gives_what_is_there(clips):
    content = clips["mkv"]
    reading, _ = read_video(content[: len(content) // 2], tools=PlainTools(), bounds=BOUNDS)
    assert reading is not None
    assert 1 <= len(reading.pdq) < 5


@needs_ffmpeg
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no video at all" * 100,
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
    ],
)
def test_what_is_no_video_is_a_failure_and_never_an_exception(content):
    reading, failures = read_video(content, tools=PlainTools(), bounds=BOUNDS)
    assert reading is None
    assert [failure.code for failure in failures] == ["decode-failed"]


def test_tags_that_look_like_frame_lines_do_not_move_the_times():
    fake = b"[Parsed_showinfo_3 @ 0x1] n:   0 pts:      9 pts_time:99      duration: 1\n"
    real = fake.replace(b"pts_time:99", b"pts_time:2.5")
    facts = _facts()
    output = ToolOutput(bytes(4), fake * 7 + real, 0)
    frames = video_frames._cut_frames(output, facts, 2, 2)
    assert [frame.time_s for frame in frames] == [2.5]


def _facts():
    from firstlight.fingerprint.video_probe import VideoFacts

    return VideoFacts(0, 2, 2, 0.0, 5.0, None, frozenset(), ())


@pytest.mark.parametrize("missing", [("ffmpeg",), ("ffprobe",), ("ffmpeg", "ffprobe")])
def test_without_ffmpeg_there_is_a_reason_and_no_frames(missing):
    reading, failures = read_video(b"x", tools=PlainTools(missing=missing), bounds=BOUNDS)
    assert reading is None
    assert failures[0].code == "not-opened"
    assert missing[0] in failures[0].reason
