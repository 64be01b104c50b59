"""Finding by digest, PDQ, serial, place and time."""

from __future__ import annotations

import hashlib

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from skimage import data


@pytest.fixture
def filled(home, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Kestrel", "K1"
    part = exif.get_ifd(0x8769)
    part[0xA431], part[0x9003] = "FL4711", "2026:05:01 10:00:00"
    place = exif.get_ifd(0x8825)
    place[1], place[3] = "N", "E"
    place[2] = (IFDRational(56), IFDRational(30), IFDRational(0))
    place[4] = (IFDRational(3), IFDRational(0), IFDRational(0))
    Image.fromarray(data.coffee()).save(source / "a.jpg", quality=90, exif=exif)
    Image.fromarray(data.coffee()).rotate(90, expand=True).save(source / "turned.png")
    Image.fromarray(data.chelsea()).save(source / "b.jpg")
    home("ingest", str(source), "--case", "One")
    return home, source


def names(answer) -> list[str]:
    assert answer.code == 0
    return sorted(
        seen["path"].rsplit("/", 1)[1]
        for item in answer.document["media"]
        for seen in item["sightings"]
    )


def test_find_by_everything(filled):
    home, source = filled
    content = (source / "a.jpg").read_bytes()
    for name in ("md5", "sha1", "sha256"):
        digest = hashlib.new(name, content).hexdigest()
        assert names(home("find", digest, "--json")) == ["a.jpg"]
        assert names(home("find", "--digest", digest.upper(), "--json")) == ["a.jpg"]
    assert names(home("find", "--serial", "fl4711", "--json")) == ["a.jpg"]
    assert names(home("find", "--place", "56.501,3.001", "--json")) == ["a.jpg"]
    assert names(home("find", "--place", "56.6,3.0", "--json")) == []
    assert names(home("find", "--place", "56.6,3.0", "--within-m", "20000", "--json")) == ["a.jpg"]
    assert names(home("find", "--time", "2026-05", "--json")) == ["a.jpg"]
    assert names(home("find", "--from", "2026-05-01T11", "--to", "2026-06", "--json")) == []
    assert names(home("find", "--serial", "FL4711", "--time", "2025", "--json")) == []


def test_find_by_pdq_finds_the_turned_picture(filled):
    home, source = filled
    digest = hashlib.sha256((source / "a.jpg").read_bytes()).hexdigest()
    shown = home("show", digest, "--json").document
    code = shown["fingerprints"]["pdq"]["pdq"]
    answer = home("find", "--pdq", code, "--json")
    assert names(answer) == ["a.jpg", "turned.png"]
    by_name = {
        item["sightings"][0]["path"].rsplit("/", 1)[1]: item for item in answer.document["media"]
    }
    assert by_name["a.jpg"]["distance_bits"] == 0
    assert by_name["turned.png"]["variant"].startswith("rotated")
    assert shown["fingerprints"]["metadata"]["body_serial"] == "FL4711"


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("xyz",), ("abc",), ("--pdq", "12"), ("--place", "north"), ("--place", "91,0"),
        ("--case", "none"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_a_usage_error(filled, arguments):
    home, _ = filled
    answer = home("find", *arguments)
    assert answer.code == 2
    assert answer.err.startswith("firstlight: [")
