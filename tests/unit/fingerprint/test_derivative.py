"""Derivatives: grey, blurred, small; nothing finer is in them; hostile bytes cannot pose as one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

from firstlight.errors import DecodeError, FingerprintShapeError
from firstlight.fingerprint.derivative import DerivativeMaker, blurred_plane, setting
from firstlight.fingerprint.video import read_video
from firstlight.fingerprint.video_frames import Frame
from firstlight.fingerprint.video_probe import VideoFacts
from firstlight.model.bounds import Bounds
from firstlight.model.derivative import DERIVATIVE_MAX_BYTES, Derivative


def gratings(periods: int, size: int = 960) -> np.ndarray:
    """Draw upright stripes of full contrast, so many across the picture."""
    phase = np.arange(size) / size * periods * 2 * np.pi
    row = np.rint(127.5 + 127.5 * np.sin(phase)).astype(np.uint8)
    return np.tile(row, (size * 3 // 4, 1))


def contrast_kept(periods: int) -> float:
    plane = blurred_plane(gratings(periods)).astype(float)
    inner = plane[:, 4:-4]
    return float(inner.max() - inner.min()) / 255


def test_longest_side_and_shape_are_as_set() -> None:
    assert blurred_plane(data.coffee()).shape == (21, 32)
    assert blurred_plane(np.rot90(data.coffee())).shape == (32, 21)
    assert blurred_plane(np.zeros((3000, 9, 3), np.uint8)).shape == (32, 1)
    assert blurred_plane(np.zeros((5, 7), np.uint8)).shape == (5, 7)
    assert blurred_plane(np.zeros((1, 1), np.uint8)).shape == (1, 1)


def test_mean_grey_stays_and_colour_goes() -> None:
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[..., 0] = 200
    plane = blurred_plane(picture)
    assert plane.ndim == 2
    assert set(np.unique(plane)) == {round(200 * 0.299)}


def test_detail_by_which_people_are_told_apart_is_not_there() -> None:
    assert contrast_kept(2) > 0.8
    assert contrast_kept(5) < 0.6
    assert contrast_kept(8) < 0.2
    for periods in (12, 14, 20, 31, 32, 33, 64, 100, 300):
        assert contrast_kept(periods) < 0.03


def test_fine_text_cannot_be_restored() -> None:
    """Two pictures that differ only in fine detail give (almost) one derivative."""
    plain = np.full((600, 800), 128, np.uint8)
    marked = plain.copy()
    draw = np.random.default_rng(3)
    marked[200:400, 200:600] = draw.choice(np.array([96, 160], np.uint8), (200, 400))
    difference = blurred_plane(plain).astype(int) - blurred_plane(marked)
    assert np.abs(difference).max() <= 3


def test_size_of_the_picture_changes_little() -> None:
    large = data.coffee()
    small = np.asarray(Image.fromarray(large).resize((300, 200), Image.Resampling.BOX))
    difference = blurred_plane(large).astype(int) - blurred_plane(small)
    assert np.abs(difference).max() <= 6


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4), np.float32),
        np.zeros((0, 4), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_other_shapes_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(FingerprintShapeError):
        blurred_plane(pixels)


def test_picture_gives_one_plane_that_survives_the_bytes() -> None:
    maker = DerivativeMaker()
    maker.add(data.coffee())
    made = maker.finish()
    assert made is not None
    assert len(made.planes) == 1
    assert made.planes[0] == blurred_plane(data.coffee()).tobytes()
    assert Derivative.from_bytes(made.to_bytes()) == made
    assert len(made.to_bytes()) < 1100


@pytest.mark.parametrize("count", [1, 2, 5, 6, 7, 12, 13, 30, 600])
def test_frames_of_a_video_are_spread_over_it(count: int) -> None:
    maker = DerivativeMaker()
    for number in range(count):
        maker.add(np.full((90, 160), number * 255 // max(1, count - 1), np.uint8))
    made = maker.finish()
    assert made is not None
    assert len(made.planes) == min(count, setting("frames_max"))
    greys = [plane[0] for plane in made.planes]
    assert greys == sorted(greys)
    assert greys[0] < 40
    if count >= 6:
        assert greys[-1] > 150
    assert len(made.to_bytes()) <= DERIVATIVE_MAX_BYTES


def test_nothing_decoded_gives_nothing() -> None:
    assert DerivativeMaker().finish() is None


def test_frames_of_another_size_are_left_out() -> None:
    maker = DerivativeMaker()
    maker.add(np.zeros((90, 160), np.uint8))
    maker.add(np.zeros((160, 90), np.uint8))
    made = maker.finish()
    assert made is not None
    assert len(made.planes) == 1


def test_frames_are_those_that_were_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = VideoFacts(0, 160, 90, 0.0, 3.0, 3, frozenset(), ())
    frames = [Frame(np.full((90, 160), 60 * number, np.uint8), number) for number in range(4)]
    monkeypatch.setattr("firstlight.fingerprint.video.probe_video", lambda *_, **__: facts)
    monkeypatch.setattr("firstlight.fingerprint.video.sample_frames", lambda *_, **__: iter(frames))

    class Tools:
        def has(self, _program: str) -> bool:
            return True

    maker = DerivativeMaker()
    reading, failures = read_video(b"", tools=Tools(), bounds=Bounds(), on_pixels=maker.add)  # type: ignore[arg-type]
    made = maker.finish()
    assert failures == ()
    assert reading is not None
    assert made is not None
    assert len(reading.pdq) == len(made.planes) == 4
    assert [plane[0] for plane in made.planes] == [0, 60, 120, 180]


GOOD = Derivative(4, 3, (bytes(12), bytes(12))).to_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        GOOD[:7],
        GOOD[:-1],
        GOOD + b"\x00",
        b"JFIF" + GOOD[4:],
        GOOD[:4] + b"\x02" + GOOD[5:],
        GOOD[:5] + b"\x00" + GOOD[6:],
        GOOD[:5] + b"\x00\x04\x03",
        GOOD[:5] + b"\x01\x00\x03",
        GOOD[:5] + b"\x01\x41\x41" + bytes(65 * 65),
        GOOD[:5] + b"\x11\x01\x01" + bytes(17),
        b"\xff\xd8\xff\xe0" + bytes(400),
    ],
)
def test_other_bytes_are_no_derivative(content: bytes) -> None:
    with pytest.raises(DecodeError):
        Derivative.from_bytes(content)
