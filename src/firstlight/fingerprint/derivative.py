"""Making derivatives, from the same decode as the fingerprint: grey, blurred and small."""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import FingerprintShapeError
from firstlight.model.derivative import Derivative

_LUMA: Final = np.array((0.299, 0.587, 0.114), dtype=np.float32)
_REACH: Final = 3.0

Plane = NDArray[np.uint8]


class DerivativeMaker:
    """Takes the pictures that are decoded of one media, and makes its derivative of them."""

    def __init__(self) -> None:
        self._planes: list[Plane] = []
        self._stride = 1
        self._met = 0

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """Take a decoded picture or the next sampled frame; all are of one shape.

        Shapes: pixels (h, w) or (h, w, 3) uint8.
        """
        if self._met % self._stride == 0:
            if len(self._planes) >= 2 * setting("frames_max"):
                # Too many: every other one goes, and from here on fewer are taken.
                del self._planes[1::2]
                self._stride *= 2
            if self._met % self._stride == 0:
                self._planes.append(blurred_plane(pixels))
        self._met += 1

    def finish(self) -> Derivative | None:
        """Give the derivative; None when nothing was decoded."""
        planes = [plane for plane in self._planes if plane.shape == self._planes[0].shape]
        if not planes:
            return None
        wanted = min(setting("frames_max"), len(planes))
        chosen = [planes[at * len(planes) // wanted] for at in range(wanted)]
        height, width = chosen[0].shape
        return Derivative(width, height, tuple(plane.tobytes() for plane in chosen))


def blurred_plane(pixels: NDArray[np.uint8]) -> Plane:
    """Make the grey, blurred, small plane of one picture.

    Shapes: pixels (h, w) or (h, w, 3) uint8; result (h', w') uint8, the longer side as set.
    Raises:
        FingerprintShapeError: Another shape or dtype.
    Cost: A few milliseconds for a picture of any size: it is thinned before it is averaged.
    Evidence: Shows roughly what lies where. Nobody is to be recognised by it.
    """
    is_picture = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if pixels.dtype != np.uint8 or not is_picture or 0 in pixels.shape:
        raise FingerprintShapeError("a derivative is made of uint8 (h, w) or (h, w, 3)")
    step = max(1, max(pixels.shape[:2]) // setting("sampled_px"))
    thin = pixels[::step, ::step].astype(np.float32)
    grey = thin @ _LUMA if thin.ndim == 3 else thin
    height, width = grey.shape
    scale = min(1.0, setting("longest_px") / max(height, width))
    rows = _weights(height, max(1, round(height * scale)))
    columns = _weights(width, max(1, round(width * scale)))
    plane = rows @ grey @ columns.T
    return np.clip(np.rint(plane), 0, 255).astype(np.uint8)


def setting(name: str) -> Any:
    """Return one value of ``derivative.toml``."""
    return _settings()[name]


def pipeline_version() -> str:
    """Name the version of what is made here; it is kept beside every derivative."""
    return str(setting("version"))


@cache
def _settings() -> dict[str, Any]:
    text = files("firstlight.fingerprint").joinpath("derivative.toml").read_text("utf-8")
    return tomllib.loads(text)


@lru_cache(maxsize=64)
def _weights(size: int, kept: int) -> NDArray[np.float32]:
    """Give, for each pixel that is kept, the part that each pixel met has in it."""
    pitch = size / kept
    spread = pitch * setting("blur_px")
    centres = (np.arange(kept, dtype=np.float64) + 0.5) * pitch - 0.5
    distance = (np.arange(size, dtype=np.float64)[None, :] - centres[:, None]) / spread
    weights = np.where(np.abs(distance) <= _REACH, np.exp(-0.5 * distance**2), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)
