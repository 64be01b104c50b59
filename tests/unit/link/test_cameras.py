"""Cameras: one form for many spellings, and only a real serial links."""

from __future__ import annotations

import pytest
from tests.unit.link.made_case import BARE, camera_data, name_media, picture

from firstlight.link.camera import (
    CameraKey,
    camera_key,
    explain_camera,
    find_cameras,
    name_camera,
    serial_number,
)
from firstlight.model.facts import CameraElsewhere


@pytest.mark.parametrize(
    ("maker", "model"),
    [
        ("NIKON CORPORATION", "NIKON D70"),
        ("NIKON", "D70"),
        ("Nikon", "nikon  d70 "),
        ("NIKON CORPORATION\x00", "NIKON D70\x00\x00"),
        (None, "Nikon D70"),
        ("ＮＩＫＯＮ", "Ｄ７０"),
    ],
)
def test_spellings_of_one_camera_have_one_key(maker, model):
    assert camera_key(maker, model, " 00123 45a") == CameraKey("nikon d70", "12345a")


@pytest.mark.parametrize(
    ("maker", "model", "label"),
    [
        ("Canon", "Canon PowerShot S40", "Canon PowerShot S40"),
        ("canon", "CANON  EOS 40D", "CANON  EOS 40D"),
        ("Jolla", "Jolla", "Jolla"),
        ("Jolla", "JOLLA", "Jolla"),
        ("NIKON CORPORATION", "NIKON D70", "NIKON D70"),
        ("NIKON", "COOLPIX P1", "NIKON COOLPIX P1"),
        ("EASTMAN KODAK COMPANY", "KODAK DC240", "EASTMAN KODAK COMPANY DC240"),
        ("Canon", "Canonet 28", "Canon Canonet 28"),
        ("Kestrel", None, "Kestrel"),
        (None, "Kestrel K1", "Kestrel K1"),
        ("Kestrel", "Kestrel Kestrel K1", "Kestrel K1"),
        (" ", " ", ""),
    ],
)
def test_a_camera_is_named_without_its_maker_twice(maker, model, label):
    assert name_camera(maker, model) == label
    assert name_camera(maker, model, " FL1 ") == f"{label} FL1".strip()


def test_models_of_different_makers_stay_apart():
    assert camera_key("Kestrel", "K1", "1234567x") != camera_key("Heron", "K1", "1234567x")


@pytest.mark.parametrize(
    "serial",
    [
        None,
        "",
        "  ",
        "0",
        "0000000000",
        "ffffffff",
        "11111111",
        "N/A",
        "none",
        "Unknown",
        "--",
        "12",
        "1234567890",
        "0123456789",
        "xxxxxxxx",
        "\x00\x00\x00",
    ],
)
def test_placeholder_serials_are_no_serials(serial):
    key = camera_key("Kestrel", "K1", serial)
    assert key is not None
    assert not key.has_serial


def test_a_short_rest_keeps_its_zeros():
    assert serial_number("00000001") == "00000001"
    assert serial_number("0000012") == "0000012"
    assert serial_number("0042010237") == serial_number("42010237") == "42010237"


def test_a_serial_without_a_model_links_nothing_and_nothing_is_no_camera():
    key = camera_key("Kestrel", " ", "FL0001")
    assert key is not None
    assert not key.has_serial
    assert camera_key(None, None, "FL0001") is None
    assert camera_key(" ", "\x00", "FL0001") is None


def test_a_maker_of_company_words_alone_keeps_them():
    assert camera_key("Optical Imaging", "X", None) == CameraKey("optical imaging x")


def test_cameras_gather_media_sources_lenses_and_other_cases():
    media = [
        picture(2, camera_data("FL0001", lens_serial="LL-77")),
        picture(1, camera_data("fl0001", maker="KESTREL"), source_id=2),
        picture(3, camera_data(None)),
        picture(4, BARE),
    ]
    elsewhere = [
        CameraElsewhere("Case 9", "kestrel", "k1", "FL 0001", 4),
        CameraElsewhere("Case 8", "kestrel", "k1", None, 4),
    ]
    plain, body = find_cameras(media, elsewhere)
    assert plain.key == CameraKey("kestrel k1")
    assert plain.elsewhere == ()
    assert plain.label == "Kestrel K1"
    assert body.media_ids == (name_media(1), name_media(2))
    assert body.source_ids == (1, 2)
    assert body.lens_serials == ("ll-77",)
    assert [other.case_name for other in body.elsewhere] == ["Case 9"]


def test_an_explanation_shows_both_values_as_found():
    features = explain_camera(("NIKON", "D70", "0012"), ("Nikon", None, "12"))
    assert [(f.name, f.left, f.right) for f in features] == [
        ("maker", "NIKON", "Nikon"),
        ("model", "D70", "not stated"),
        ("body serial", "0012", "12"),
    ]


def test_text_without_end_costs_little_and_is_no_serial():
    endless = "\ufdfa" * 1_000_000
    assert serial_number(endless) == ""
    key = camera_key(endless, endless, "FL0001")
    assert key is not None
    assert len(key.device) < 10_000
