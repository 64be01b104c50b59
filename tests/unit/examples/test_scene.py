"""Scenes: rich enough for a hash, as heavy as photographs, far from each other."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from examples.apart import LEAST_APART_BITS, LEAST_QUALITY, find_clashes, least_apart_bits
from examples.camera import expose, read_cameras, write_jpeg
from examples.partner_hash import PartnerHash, hash_picture
from examples.plan import plan_scenes
from examples.scene import THEMES, draw_scene
from PIL import Image

PICTURE_PX = 800


@pytest.mark.parametrize("number", range(8))
def test_pictures_are_as_rich_and_heavy_as_photographs(number: int) -> None:
    theme = list(THEMES)[number % 4]
    camera = list(read_cameras().values())[number % 6]
    width, height = camera.size_px(PICTURE_PX)
    seen = draw_scene(theme, 500 + number, width, height)
    pixels = expose(camera, seen, np.random.default_rng(number))
    shot = replace(plan_scenes(60, 1)[0].shot, turned=False)
    jpeg = write_jpeg(camera, shot, pixels)
    assert 0.25 <= len(jpeg) / (width * height) <= 0.5
    with Image.open(BytesIO(jpeg)) as opened:
        assert hash_picture(np.asarray(opened.convert("RGB"))).quality >= LEAST_QUALITY


@pytest.fixture(scope="module")
def many() -> list[PartnerHash]:
    names = list(THEMES)
    return [hash_picture(draw_scene(names[n % 4], 9000 + n, 160, 120)) for n in range(120)]


def test_distinct_scenes_are_far_apart(many: list[PartnerHash]) -> None:
    assert least_apart_bits(many) > LEAST_APART_BITS


def test_a_scene_seen_in_a_mirror_clashes(many: list[PartnerHash]) -> None:
    mirrored = hash_picture(draw_scene("landscape", 9000, 160, 120)[:, ::-1])
    assert find_clashes([*many[:5], mirrored]) == [5]


def test_a_plain_surface_clashes_as_too_poor(many: list[PartnerHash]) -> None:
    plain = hash_picture(np.full((120, 160, 3), 90, np.uint8))
    assert plain.quality == 0
    assert 2 in find_clashes([*many[:2], plain])


def test_a_scene_follows_from_its_seed_alone() -> None:
    first = draw_scene("object", 4, 200, 150)
    assert np.array_equal(first, draw_scene("object", 4, 200, 150))
    assert not np.array_equal(first, draw_scene("object", 5, 200, 150))


def test_a_moved_camera_sees_the_same_place_from_a_step_aside() -> None:
    still = draw_scene("building", 4, 400, 300)
    moved = draw_scene("building", 4, 400, 300, shift=(0.01, 0.0))
    assert np.array_equal(still[:, 4:], moved[:, :-4])


def test_cameras_say_who_they_are_through_the_exif_writer() -> None:
    camera = read_cameras()["tarn"]
    shot = plan_scenes(60, 1)[0].shot
    jpeg = write_jpeg(camera, shot, np.zeros((32, 48, 3), np.uint8))
    with Image.open(BytesIO(jpeg)) as opened:
        exif = opened.getexif()
        details = exif.get_ifd(0x8769)
    assert exif[0x010F] == camera.maker
    assert details[0xA431] == camera.body_serial
    assert details[0xA435] == camera.lens_serial
    assert all(one.body_serial.startswith("FL") for one in read_cameras().values())
