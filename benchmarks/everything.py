"""Claim: everything about a 12 MP JPEG takes less than a fifth of threatexchange's PDQ alone."""

from __future__ import annotations

import hashlib
import io
import tempfile
from pathlib import Path

from benchmarks.photograph import SIZES, make_photograph
from benchmarks.program import document, fresh_program
from benchmarks.turns import Turns, make_row, open_peer, print_rows
from PIL import Image, TiffImagePlugin

from firstlight.match.hamming import distance

BAR, GOAL = 5.0, 8.0
TOLERANCE_BITS = 6
FEW, MANY, SMALL_MANY = 4, 44, 12
TURNS = 2
SERIAL = "FL000012"
PEER_TURNS = 4
RATIONAL = TiffImagePlugin.IFDRational


def encode_camera_jpeg(picture: Image.Image, number: int) -> bytes:
    """Encode as a camera does, with Exif; the number makes it a file of its own."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "Fjordlux", "FX-12", "1.04"
    exif[0x0132] = "2026:03:01 12:00:00"
    exif[0x0112] = 1
    exif.get_ifd(0x8769).update(
        {
            0x9003: f"2026:03:01 12:{number // 60:02}:{number % 60:02}",
            0x9004: "2026:03:01 12:00:00",
            0x9011: "+01:00",
            0x829A: RATIONAL(1, 250),
            0x829D: RATIONAL(28, 10),
            0x8827: 200,
            0x920A: RATIONAL(35, 1),
            0xA420: f"{number:032x}",
            0xA431: SERIAL,
            0xA434: "35mm F2.8",
        }
    )
    exif.get_ifd(0x8825).update(
        {
            1: "N",
            2: (RATIONAL(56), RATIONAL(30), RATIONAL(number, 10)),
            3: "E",
            4: (RATIONAL(3), RATIONAL(12), RATIONAL(0)),
        }
    )
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90, exif=exif)
    return buffer.getvalue()


def _fill(folder: Path, picture: Image.Image, numbers: range) -> int:
    """Write pictures that differ in their Exif alone; returns their bytes."""
    folder.mkdir()
    size_bytes = 0
    for number in numbers:
        size_bytes += (folder / f"{number:04}.jpg").write_bytes(encode_camera_jpeg(picture, number))
    return size_bytes


def _cpu_s(folder: Path) -> tuple[float, dict]:
    """Take a folder in; returns the processor time, and what is recorded of its first picture."""
    first = sorted(folder.iterdir())[0]
    with fresh_program() as program:
        cost = program.ingest(folder)
        digest = hashlib.sha256(first.read_bytes()).hexdigest()
        media = document(program.run("show", digest, "--json"))
    return cost.cpu_s, media["fingerprints"]


def _is_whole(found: dict) -> bool:
    metadata = found["metadata"]
    is_read = metadata["reader"] == "exiftool" and metadata["body_serial"] == SERIAL
    return is_read and all(len(found[name]) for name in ("md5", "sha1", "sha256"))


def rows(*, is_small: bool = False) -> list[dict]:
    """Take in few and many pictures in turn with the peer; the difference is what one costs."""
    width, height = SIZES["12 MP"]
    picture = Image.fromarray(make_photograph(width, height))
    many = SMALL_MANY if is_small else MANY
    peer = open_peer("peer_pdq.py")
    ours_s, peer_s, answer, found = [], [], None, {}
    with tempfile.TemporaryDirectory() as place:
        few_folder, many_folder = Path(place) / "few", Path(place) / "many"
        size_bytes = _fill(few_folder, picture, range(FEW)) / FEW
        _fill(many_folder, picture, range(many))
        for _ in range(TURNS):
            few_s, found = _cpu_s(few_folder)
            many_s, _ = _cpu_s(many_folder)
            ours_s.append((many_s - few_s) / (many - FEW))
            for _ in range(PEER_TURNS if peer else 0):
                answer = peer.ask(way="file", path=str(few_folder / "0000.jpg"))
                peer_s.append(answer["cpu_s"])
    if peer is not None:
        peer.close()
    bits = (
        distance(bytes.fromhex(found["pdq"]["pdq"]), bytes.fromhex(answer["hash"])) if answer else 0
    )
    turns = Turns(min(ours_s), min(peer_s) if peer_s else None, found, answer)
    note = (
        f"digests, PDQ with eight variants, exiftool's tags, records and custody; "
        f"{size_bytes / (width * height):.2f} bytes a pixel; ours: one picture more in an ingest "
        f"({many} less {FEW}, least of {TURNS}); peer: PDQ alone; {bits} bits apart; goal {GOAL:g}x"
    )
    is_alike = bits <= TOLERANCE_BITS and _is_whole(found)
    return [make_row("12 MP JPEG, everything", turns, bar=BAR, agrees=is_alike, note=note)]


if __name__ == "__main__":
    print_rows(rows())
