"""The canary: words planted in a case are read nowhere in the home, and never after erasure."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data
from tests.cli.conftest import caller, quick_caller

CASE, OTHER = "Zqcasename 7", "Other case"
EXIF = {
    0x010E: "Zqdescription",
    0x010F: "Zqmake",
    0x0110: "Zqmodel",
    0x013B: "Zqartist",
}
LATITUDE, LONGITUDE = "41.172839", "12.394857"
WORDS = (
    "Zqcasename", "Zqfolder", "Zqfile", "Zqmember", "Zqinner", "Zqexhibit", "Zqcustodian",
    "Zqlegalbasis", *EXIF.values(), "Zqowner", "Zqserial", "172839", "394857", "Zqchildnote",
    "Zqagesource", "Zqjudgement",
)  # fmt: skip
REASON = "Zqholdreason"
"""Of the log, which keeps it under the home's own key: the how-to says so."""


def encodings(word: str) -> Iterator[bytes]:
    yield word.encode()
    yield word.lower().encode()
    yield word.upper().encode()
    yield word.encode("utf-16-le")
    yield word.encode("utf-16-be")
    yield word.encode().hex().encode()
    for shift in range(3):
        packed = base64.b64encode(bytes(shift) + word.encode())
        # Without the letters that the neighbours of the word take part in.
        yield packed[(0, 2, 3)[shift] : -4]


def unpacked(content: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", content):
        reader = zlib.decompressobj()
        try:
            yield reader.decompress(content[found.start() : found.start() + (1 << 20)], 1 << 22)
        except zlib.error:
            continue


def readable(folder: Path, words: tuple[str, ...]) -> set[tuple[str, str]]:
    """Give the words that somebody with a hex editor reads, and the file of each."""
    found = set()
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes() + b"\0" + path.name.encode()
        for text in (content, *unpacked(content)):
            found |= {
                (word, path.name) for word in words if any(one in text for one in encodings(word))
            }
    return found


def test_the_search_finds_what_is_in_the_clear(tmp_path: Path):
    forms = {
        "plain": b"..Zqmake..",
        "wide": "..Zqmake..".encode("utf-16-le"),
        "coded": base64.b64encode(b"..Zqmake and more"),
        "shifted": base64.b64encode(b".Zqmake and more"),
        "packed": b"head" + zlib.compress(b'["EXIF:Make","Zqmake"]', 1) + b"tail",
        "Zqmake": b"",
    }
    for name, content in forms.items():
        (tmp_path / name).write_bytes(content)
    assert {name for _, name in readable(tmp_path, ("Zqmake",))} == set(forms)


def photograph(seed: int) -> bytes:
    exif = Image.Exif()
    exif.update(EXIF)
    exif.get_ifd(0x8769).update({0xA430: "Zqowner", 0xA431: "Zqserial"})
    exif.get_ifd(0x8825).update(
        {1: "N", 2: (float(LATITUDE), 0.0, 0.0), 3: "E", 4: (float(LONGITUDE), 0.0, 0.0)}
    )
    file = io.BytesIO()
    picture = Image.fromarray(np.roll(data.coffee(), 40 * seed, axis=1)).resize((300, 200))
    picture.save(file, "JPEG", quality=90, exif=exif)
    return file.getvalue()


@dataclass(frozen=True)
class Planted:
    """A home with a case full of planted words, and another one that shares a file."""

    home: Path
    material: Path
    call: Callable[..., Any]
    ingest: Callable[[], Any]
    shared_id: str
    own_id: str


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    place = tmp_path_factory.mktemp("canary")
    program, call = caller(place), quick_caller(place)
    assert (
        call("init", "--profile", "holder", "--legal-basis", "s. 46", "--keep-originals").code == 0
    )
    material = place / "Zqfolder"
    material.mkdir()
    (material / "Zqfile shared.jpg").write_bytes(photograph(0))
    (material / "Zqfile own.jpg").write_bytes(photograph(1))
    (material / "Zqfile broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(90))
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("Zqinner.jpg", photograph(3))
    with zipfile.ZipFile(material / "Zqfile.zip", "w") as archive:
        archive.writestr("Zqmember.jpg", photograph(4))
        archive.writestr("Zqmember.zip", inner.getvalue())
    other = place / "plain"
    other.mkdir()
    (other / "known.jpg").write_bytes(photograph(0))

    def ingest() -> Any:
        return program("ingest", str(material), "--case", CASE, "--exhibit", "Zqexhibit",
                       "--custodian", "Zqcustodian", "--legal-basis", "Zqlegalbasis",
                       "--json")  # fmt: skip

    assert ingest().code == 3
    assert program("ingest", str(other), "--case", OTHER).code == 0
    assert call("child", "add", "C-1", "--case", CASE, "--note", "Zqchildnote", "--age-from", "6",
                "--age-source", "Zqagesource").code == 0  # fmt: skip
    assert (
        call("judge", "--case", CASE, "--code", "decode-failed", "--note", "Zqjudgement").code == 0
    )
    assert call("case", "hold", CASE, "--reason", REASON).code == 0
    assert call("case", "retention", CASE, "--review-on", "2001-01-01").code == 0
    found = {}
    for name in ("Zqfile shared", "Zqfile own"):
        (media,) = call("find", "--path", name, "--json").document["media"]
        found[name] = media["media_id"]
    return Planted(
        place / "home", material, call, ingest, found["Zqfile shared"], found["Zqfile own"]
    )


def answers(planted: Planted) -> dict[str, str]:
    """Everything that can be asked, as text."""
    call = planted.call
    asked = {
        "cases": ("case", "--json"),
        "case": ("case", CASE, "--json"),
        "due": ("case", "due", "--json"),
        "leads": ("leads", "--case", CASE, "--json"),
        "show own": ("show", planted.own_id, "--json"),
        "show shared": ("show", planted.shared_id, "--json"),
        "explain own": ("explain", planted.own_id, "--json"),
        "explain shared": ("explain", planted.shared_id, "--json"),
        "by path": ("find", "--path", "Zqfile", "--json"),
        "by serial": ("find", "--serial", "Zqserial", "--json"),
        "by place": ("find", "--place", f"{LATITUDE},{LONGITUDE}", "--json"),
        "by case": ("find", "--case", CASE, "--json"),
        "children": ("children", "--all", "--json"),
        "child": ("child", "show", "C-1", "--json"),
        "custody": ("custody", "show", "--json"),
        "profile": ("profile", "--kept", "--json"),
    }
    found = {}
    for name, arguments in asked.items():
        answer = call(*arguments)
        assert answer.code in (0, 2), (name, answer.err)
        assert "[internal]" not in answer.err, name
        found[name] = answer.out
    return found


def words_in(text: str, words: tuple[str, ...]) -> set[str]:
    return {word for word in words if word.lower() in text.lower()}


def test_a_case_is_read_nowhere_in_the_clear_and_erased_for_good(planted: Planted):
    assert readable(planted.home, (*WORDS, REASON)) == set()
    before = answers(planted)
    # Each planted word is there to be lost: an answer of the program gives it.
    assert words_in("".join(before.values()), WORDS) == set(WORDS) - {"Zqjudgement"}
    kept = json.loads(before["profile"])["kept"]
    assert kept["derivatives"]["count"] >= 5
    assert kept["originals"]["count"] >= 5
    assert (planted.home / "vault" / "case-1").is_dir()

    assert planted.call("case", "erase", CASE, "--reason", "ended", "--yes").code == 4
    assert planted.call("case", "release", CASE, "--reason", REASON).code == 0
    erased = planted.call("case", "erase", CASE, "--reason", "ended", "--yes", "--json").document
    assert erased["erased"]["sources"] == 1
    assert erased["erased"]["sightings"] >= 6
    assert erased["erased"]["kept"] >= 9

    assert readable(planted.home, (*WORDS, REASON)) == set()
    assert not (planted.home / "keys" / "case-1.key").exists()
    assert {path.name for path in (planted.home / "vault").iterdir()} == {"case-2"}
    after = answers(planted)
    shared = set(EXIF.values()) | {"Zqowner", "Zqserial", "172839", "394857"}
    for name, text in after.items():
        # What the other case holds too is its own, and stays.
        is_shared = name in ("show shared", "explain shared", "by serial", "by place")
        may = shared if is_shared else set()
        assert words_in(text, WORDS) <= may, name
    for name in ("case", "leads", "by case", "show own", "explain own"):
        assert json.loads(after[name])["error"]["code"] == "unknown-name", name
    assert planted.call("verify").code == 0

    check_the_other_case(planted, after)
    check_taken_in_again(planted)


def check_the_other_case(planted: Planted, after: dict[str, str]) -> None:
    for name in ("by serial", "by place"):
        (one,) = json.loads(after[name])["media"]
        assert one["media_id"] == planted.shared_id, name
    assert words_in(after["show shared"], WORDS) >= {"Zqmake", "Zqserial"}
    assert "known.jpg" in after["show shared"]
    (one,) = planted.call("find", "--case", OTHER, "--json").document["media"]
    assert one["media_id"] == planted.shared_id
    (erasure,) = json.loads(after["due"])["erased"]
    assert erasure["case"] == 1
    kept = json.loads(after["profile"])["kept"]
    assert (kept["derivatives"]["count"], kept["originals"]["count"]) == (1, 1)


def check_taken_in_again(planted: Planted) -> None:
    again = planted.ingest()
    assert again.code == 3
    assert again.document["media"] == 7
    shown = planted.call("show", planted.own_id, "--json").out
    assert words_in(shown, WORDS) >= {"Zqmake", "Zqserial", "Zqfile", "172839"}
    assert words_in(planted.call("case", CASE, "--json").out, WORDS) >= {"Zqexhibit"}
    fresh = planted.call("case", "retention", CASE, "--json").document
    assert (fresh["is_on_hold"], fresh["review_on"], fresh["reason"]) == (False, None, None)
    assert planted.call("profile", "--json").document["kept"]["originals"]["count"] >= 5
    assert readable(planted.home, (*WORDS, REASON)) == set()
    assert planted.call("verify").code == 0
    assert planted.call("case", "erase", CASE, "--reason", "again", "--yes").code == 0
    assert planted.call("verify").code == 0
    assert [one["case"] for one in planted.call("case", "due", "--json").document["erased"]] == [
        1,
        3,
    ]
