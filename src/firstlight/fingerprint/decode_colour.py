"""From any colour model to plain grey or RGB of 8 bits, as a viewer would show it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import DecodeError
from firstlight.fingerprint.decode_picture import Pixels

if TYPE_CHECKING:
    from PIL import Image

_WHITE: Final = 255
_WITH_ALPHA: Final = frozenset(("LA", "La", "PA", "RGBA", "RGBa"))
_TWELVE_BIT: Final = 1 << 12


def flatten(image: Image.Image) -> tuple[Pixels, bool, tuple[str, ...]]:
    """Turn a loaded Pillow image into 8-bit grey or RGB, transparency over white.

    Returns:
        Pixels, whether there was transparency, and notes on what was done.
    Shapes: pixels (h, w) or (h, w, 3) uint8, C order.
    Raises:
        DecodeError: Floating-point pixels without one finite value.
    Cost: At most a few passes over the picture.
    """
    mode = image.mode
    is_transparent = mode in _WITH_ALPHA or "transparency" in image.info
    had_alpha = False
    note: tuple[str, ...] = ()
    if mode.startswith("I;16"):
        pixels, note = _from_16_bit(_samples_16(image))
    elif mode in ("I", "F"):
        pixels, note = scale_samples(np.asarray(image))
    elif mode == "CMYK":
        pixels, note = _from_cmyk(image)
    elif is_transparent:
        pixels, had_alpha = _over_white(image)
    else:
        plain = {"L": "L", "1": "L"}.get(mode, "RGB")
        pixels = np.array(image if mode == plain else image.convert(plain))
    return pixels, had_alpha, note


def scale_samples(samples: NDArray[Any]) -> tuple[Pixels, tuple[str, ...]]:
    """Bring wide or floating-point samples to 8 bits without clipping them.

    Values of 0 to 1 (floating point), 0 to 255 and 0 to 65535 are taken for those usual
    ranges; anything else is stretched from its least to its greatest value.

    Raises:
        DecodeError: No sample is a finite number.
    """
    values = samples.astype(np.float64)
    finite = np.isfinite(values)
    if not finite.any():
        raise DecodeError("picture does not decode: none of its samples is a number")
    low, high = float(values[finite].min()), float(values[finite].max())
    if not finite.all():
        values = np.where(finite, values, low)
    is_float = samples.dtype.kind == "f"
    for top in (1.0, 255.0, 65535.0) if is_float else (255.0, 65535.0):
        if low >= 0 and high <= top:
            return _to_bytes(values * (_WHITE / top)), (f"samples of 0 to {top:g} scaled",)
    if high == low:
        return np.zeros(values.shape, np.uint8), ("samples all alike",)
    stretched = (values / 2 - low / 2) / (high / 2 - low / 2) * _WHITE
    return _to_bytes(stretched), ("samples stretched to the visible range",)


def _to_bytes(values: NDArray[np.float64]) -> Pixels:
    return np.clip(np.rint(values), 0, _WHITE).astype(np.uint8)


def _samples_16(image: Image.Image) -> NDArray[np.uint16]:
    order = ">u2" if image.mode.endswith("B") else "<u2"
    samples = np.frombuffer(image.tobytes(), order).reshape(image.size[1], image.size[0])
    return samples.astype(np.uint16, copy=False)


def _from_16_bit(samples: NDArray[np.uint16]) -> tuple[Pixels, tuple[str, ...]]:
    if int(samples.max()) < _TWELVE_BIT:
        # Twelve bits in sixteen: the upper byte alone would leave sixteen shades of black.
        return (samples >> 4).astype(np.uint8), ("samples of 12 bits scaled",)
    # The upper byte: what every viewer shows, and what Pillow does to 16-bit colour.
    return (samples >> 8).astype(np.uint8), ()


def _over_white(image: Image.Image) -> tuple[Pixels, bool]:
    """Lay a transparent picture over white, as a page would show it."""
    rgba = np.asarray(image.convert("RGBA"))
    alpha = rgba[:, :, 3]
    if int(alpha.min()) == _WHITE:
        return np.ascontiguousarray(rgba[:, :, :3]), False
    weight = alpha.astype(np.uint16)[:, :, None]
    mixed = rgba[:, :, :3].astype(np.uint16) * weight + np.uint16(_WHITE) * (_WHITE - weight)
    # Exact rounding of x / 255 for x up to 65025, in 16 bits.
    mixed += 128
    return ((mixed + (mixed >> 8)) >> 8).astype(np.uint8), True


def _from_cmyk(image: Image.Image) -> tuple[Pixels, tuple[str, ...]]:
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and profile:
        converted = _through_profile(image, profile)
        if converted is not None:
            return converted, ("inks converted by the embedded profile",)
    return np.array(image.convert("RGB")), ("inks converted without a profile",)


def _through_profile(image: Image.Image, profile: bytes) -> Pixels | None:
    from PIL import ImageCms

    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return None if converted is None else np.array(converted)
