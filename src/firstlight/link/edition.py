"""Editions: in what one of two copies of a picture tells more than the other."""

from __future__ import annotations

from dataclasses import dataclass

from firstlight.link.camera import name_camera
from firstlight.link.feature import Feature
from firstlight.link.stack import keeps_camera_data
from firstlight.model.facts import MediaFacts

LARGER_AT_RATIO = 1.1
"""A copy counts as larger from this ratio of pixels."""

PROPORTION_DIFFERS_AT = 0.015
"""Relative difference of long to short side from which a crop or a border is likely."""

LARGER = "larger picture"
RESHAPED = "other proportions: crop or border"
KEEPS_CAMERA = "keeps camera data"
WHOLE = "whole file"
UNEDITED = "no editing recorded"


@dataclass(frozen=True, slots=True)
class Edition:
    """What of a media counts when copies are compared.

    Args:
        proportion: Long side by short side, so that a quarter turn makes no difference; 0 if
            not known.
        is_read: Whether its metadata were read; if not, nothing counts as missing from it.
    """

    pixels: int
    proportion: float
    is_truncated: bool
    is_read: bool
    has_camera: bool
    edit_steps: int


def describe_edition(media: MediaFacts) -> Edition:
    """Take from a media what counts when copies are compared."""
    short, long = sorted((media.width_px or 0, media.height_px or 0))
    return Edition(
        pixels=short * long,
        proportion=long / short if short > 0 else 0.0,
        is_truncated=media.is_truncated,
        is_read=media.metadata is not None,
        has_camera=keeps_camera_data(media),
        edit_steps=len(media.metadata.edit_history) if media.metadata else 0,
    )


def name_gains(better: Edition, other: Edition) -> tuple[str, ...]:
    """Name in what one copy tells more than another; empty when in nothing.

    Evidence: Larger is not always earlier: a copy may have been enlarged. Camera data can be
        written into any file.
    """
    gains: tuple[str, ...] = ()
    if other.pixels and better.pixels >= other.pixels * LARGER_AT_RATIO:
        gains = (LARGER,)
        widest = max(better.proportion, other.proportion)
        if abs(better.proportion - other.proportion) > PROPORTION_DIFFERS_AT * widest:
            gains = (LARGER, RESHAPED)
    if better.has_camera and other.is_read and not other.has_camera:
        gains = (*gains, KEEPS_CAMERA)
    if other.is_truncated and not better.is_truncated:
        gains = (*gains, WHOLE)
    if other.edit_steps and better.is_read and not better.edit_steps:
        gains = (*gains, UNEDITED)
    return gains


def explain_gains(better: MediaFacts, other: MediaFacts) -> tuple[Feature, ...]:
    """Name in what one copy tells more than another, with both values."""
    gains = name_gains(describe_edition(better), describe_edition(other))
    return tuple(Feature(gain, *_values(gain, better, other)) for gain in gains)


def _values(gain: str, better: MediaFacts, other: MediaFacts) -> tuple[str, str]:
    if gain == KEEPS_CAMERA:
        data = better.metadata
        return name_camera(data.maker, data.model) if data else "", "none"
    if gain == WHOLE:
        return "whole", "cut short"
    if gain == UNEDITED:
        steps = describe_edition(other).edit_steps
        return "none", f"{steps} step" if steps == 1 else f"{steps} steps"
    return _size(better), _size(other)


def _size(media: MediaFacts) -> str:
    return f"{media.width_px} x {media.height_px} px"
