"""Copies and codings: what is within PDQ's reach is, what is beyond it is not."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pi_heif
import pytest
from examples.coding import CODINGS
from examples.copies import BEYOND, CHANGES, WITHIN, make_copy
from examples.heic import has_heic_encoder
from examples.packing import pack_locked_zip
from examples.partner_hash import PartnerHash, hash_picture, least_distance_bits
from examples.platform_copy import PLATFORMS, strip_as_platform
from examples.scene import THEMES, draw_scene
from examples.tiny import draw_tiny
from PIL import Image, ImageOps

RADIUS_BITS = 31


@pytest.fixture(scope="module")
def upright() -> Image.Image:
    seen = draw_scene("building", 21, 640, 480)
    noise = np.random.default_rng(3).normal(0, 5, seen.shape)
    return Image.fromarray(np.clip(seen + noise, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def seen(upright: Image.Image) -> PartnerHash:
    return hash_picture(np.asarray(upright))


def _hash_of(content: bytes) -> PartnerHash:
    with Image.open(BytesIO(content)) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode == "RGBA":
            ground = Image.new("RGB", image.size, "white")
            ground.paste(image, mask=image.getchannel("A"))
            image = ground
        if image.mode.startswith("I"):
            image = Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
        return hash_picture(np.asarray(image.convert("RGB")))


@pytest.mark.parametrize(
    "name", [name for name, change in CHANGES.items() if change.reach == WITHIN]
)
def test_changes_within_reach_stay_within_the_radius(
    name: str, upright: Image.Image, seen: PartnerHash
) -> None:
    assert least_distance_bits(_hash_of(make_copy(upright, name)), seen) <= RADIUS_BITS


@pytest.mark.parametrize(
    "name", [name for name, change in CHANGES.items() if change.reach == BEYOND]
)
def test_changes_beyond_reach_mostly_leave_the_radius(name: str) -> None:
    lost = 0
    for number, theme in enumerate(THEMES):
        drawn = np.clip(draw_scene(theme, 70 + number, 400, 300), 0, 255).astype(np.uint8)
        copy = make_copy(Image.fromarray(drawn), name)
        lost += least_distance_bits(_hash_of(copy), hash_picture(drawn)) > RADIUS_BITS
    assert lost > len(THEMES) / 2


@pytest.mark.parametrize("name", PLATFORMS)
def test_platforms_leave_no_metadata(name: str, upright: Image.Image, seen: PartnerHash) -> None:
    content = strip_as_platform(upright, name)
    with Image.open(BytesIO(content)) as opened:
        assert not opened.getexif()
    assert least_distance_bits(_hash_of(content), seen) <= RADIUS_BITS


@pytest.mark.parametrize("name", [name for name in CODINGS if name != "heic"])
def test_codings_show_the_same_picture(name: str, upright: Image.Image, seen: PartnerHash) -> None:
    if reason := CODINGS[name].missing():
        pytest.skip(reason)
    assert least_distance_bits(_hash_of(CODINGS[name].write(upright)), seen) <= 10


@pytest.mark.skipif(not has_heic_encoder(), reason="no HEVC encoder on this machine")
def test_heic_opens_with_the_picture_and_its_exif(upright: Image.Image, seen: PartnerHash) -> None:
    picture = upright.copy()
    picture.getexif()[0x010F] = "Halvard Works"
    opened = pi_heif.open_heif(BytesIO(CODINGS["heic"].write(picture)))
    assert opened.size == (640, 480)
    assert least_distance_bits(hash_picture(np.asarray(opened)), seen) <= 10
    assert b"Halvard Works" in opened.info["exif"]


def test_locked_zip_opens_with_its_password_alone(tmp_path: Path) -> None:
    body = b"tide table " * 50
    path = tmp_path / "locked.zip"
    path.write_bytes(pack_locked_zip(b"a.txt", body, b"tide"))
    with zipfile.ZipFile(path) as archive:
        assert archive.read("a.txt", pwd=b"tide") == body
        with pytest.raises(RuntimeError):
            archive.read("a.txt")


def test_tiny_pictures_are_all_different(tmp_path: Path) -> None:
    draw_tiny(tmp_path, files=30, seed=1)
    contents = {path.read_bytes() for path in tmp_path.rglob("*.jpg")}
    assert len(contents) == 30
