"""Making one scene: draw it, photograph it, write the original and everything made from it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from examples.camera import expose, make_exif, read_cameras, write_jpeg
from examples.coding import CODINGS
from examples.copies import CHANGES, PARTLY, WITHIN, make_copy
from examples.partner_hash import PartnerHash, hash_picture
from examples.plan import CopyPlan, ScenePlan
from examples.platform_copy import strip_as_platform
from examples.scene import draw_scene
from examples.thumbnail import edit_picture, embed_thumbnail
from examples.truth import Item, digests_of

UNSTEADY_HAND = 0.0012
"""How far the camera moves between two pictures of a burst, as a share of the picture."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of one scene.

    Args:
        items: Every file written.
        original: Digests and size of the camera's picture, present or not.
        seen: Its PDQ as a partner computes it.
    """

    plan: ScenePlan
    items: list[Item]
    original: dict[str, str]
    original_size_bytes: int
    seen: PartnerHash


def make_scene(plan: ScenePlan, out: Path, picture_px: int) -> Made:
    """Draw a scene and write all its files."""
    frames = [_photograph(plan, picture_px, frame) for frame in range(plan.frames)]
    jpeg = frames[0]
    items: list[Item] = []
    if plan.is_present:
        items += _write_originals(plan, out, frames)
    upright = upright_picture(jpeg)
    for number, copy in enumerate(plan.copies):
        item = _make_item(plan, copy, jpeg, upright, number)
        items.append(write_item(out, *item, changed_at=_stamp(plan) + 86_400 * (number + 1)))
    return Made(plan, items, digests_of(jpeg), len(jpeg), hash_picture(np.asarray(upright)))


def write_item(out: Path, item: Item, content: bytes, *, changed_at: int) -> Item:
    """Write a file with its time of change, and complete its line of the truth."""
    path = os.path.join(os.fsencode(out), item.path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.utime(path, (changed_at, changed_at))
    return replace(item, digests=digests_of(content), size_bytes=len(content))


def _stamp(plan: ScenePlan) -> int:
    return int(plan.shot.taken.replace(tzinfo=UTC).timestamp())


def _photograph(plan: ScenePlan, picture_px: int, frame: int) -> bytes:
    camera = read_cameras()[plan.camera]
    width, height = camera.size_px(picture_px)
    rng = np.random.default_rng((plan.seed, plan.index, plan.attempt, frame))
    shift = (0.0, 0.0)
    if frame:
        shift = (
            float(rng.uniform(-1, 1)) * UNSTEADY_HAND,
            float(rng.uniform(-1, 1)) * UNSTEADY_HAND,
        )
    shown = (height, width) if plan.shot.turned else (width, height)
    number = (plan.seed * 1_000_003 + plan.index) * 16 + plan.attempt
    seen = draw_scene(plan.theme, number, *shown, shift=shift)
    lying: NDArray[np.float32] = np.rot90(seen) if plan.shot.turned else seen
    pixels = expose(camera, lying, rng)
    shot = replace(
        plan.shot, taken=plan.shot.taken + timedelta(seconds=frame), number=plan.shot.number + frame
    )
    if plan.thumbnail == "before-edit":
        return _edited_in_camera(plan, pixels)
    jpeg = write_jpeg(camera, shot, pixels)
    if plan.thumbnail == "own" and frame == 0:
        return embed_thumbnail(jpeg, Image.fromarray(pixels))
    return jpeg


def _edited_in_camera(plan: ScenePlan, pixels: NDArray[np.uint8]) -> bytes:
    """Crop hard and keep the thumbnail of the whole, as some editors do."""
    height, width = pixels.shape[:2]
    part = pixels[height // 3 : height // 3 * 2 + 16, : width // 3 + 16]
    camera = read_cameras()[plan.camera]
    jpeg = write_jpeg(camera, plan.shot, np.ascontiguousarray(part))
    return embed_thumbnail(jpeg, Image.fromarray(pixels))


def upright_picture(jpeg: bytes) -> Image.Image:
    """Open a camera's JPEG the way it is meant to be seen."""
    with Image.open(BytesIO(jpeg)) as opened:
        turned = opened.getexif().get(0x0112) == 6
        image = opened.convert("RGB")
    return image.transpose(Image.Transpose.ROTATE_270) if turned else image


def _write_originals(plan: ScenePlan, out: Path, frames: list[bytes]) -> list[Item]:
    camera = read_cameras()[plan.camera]
    findings = [name for name, there in (
        ("thumbnail-differs", plan.thumbnail == "before-edit"),
        ("has-place", plan.shot.place is not None), ("owner", bool(camera.owner)),
    ) if there]  # fmt: skip
    items = []
    for frame, jpeg in enumerate(frames):
        stem, _, ending = plan.path.rpartition(b".")
        path = plan.path if not frame else stem + b"_B%d." % frame + ending
        item = Item(
            path, plan.source, "burst" if frame else "original", scene=plan.index,
            reach=WITHIN if not frame else PARTLY, camera=plan.camera,
            burst=f"burst-{plan.index}" if len(frames) > 1 else None,
            original=plan.path if frame else None, findings=tuple(findings),
        )  # fmt: skip
        items.append(write_item(out, item, jpeg, changed_at=_stamp(plan) + frame))
    return items


def _make_item(
    plan: ScenePlan, copy: CopyPlan, jpeg: bytes, upright: Image.Image, number: int
) -> tuple[Item, bytes]:
    item = Item(
        copy.path, copy.source, copy.kind, copy.variant, scene=plan.index, reach=WITHIN,
        original=plan.path if plan.is_present else None,
    )  # fmt: skip
    if copy.kind == "near-copy":
        return replace(item, reach=CHANGES[copy.variant].reach), make_copy(upright, copy.variant)
    if copy.kind == "platform":
        return replace(item, findings=("stripped",)), strip_as_platform(upright, copy.variant)
    if copy.kind == "coding":
        return _code(plan, item, upright)
    kept = replace(item, camera=plan.camera)
    if copy.kind == "edited":
        edited_at = f"{plan.shot.taken + timedelta(days=3):%Y-%m-%dT%H:%M:%S}"
        content = edit_picture(jpeg, plan.index * 64 + number, edited_at)
        return replace(kept, findings=("edited",)), content
    return kept, jpeg


def _code(plan: ScenePlan, item: Item, upright: Image.Image) -> tuple[Item, bytes]:
    if item.variant != "heic":
        return item, CODINGS[item.variant].write(upright)
    shot = replace(plan.shot, turned=False)
    picture = upright.copy()
    picture.getexif().load(make_exif(read_cameras()[plan.camera], shot, upright.size).tobytes())
    return replace(item, camera=plan.camera), CODINGS["heic"].write(picture)
