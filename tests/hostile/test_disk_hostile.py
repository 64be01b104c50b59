"""Disk images made to hurt: they cost themselves, in bounded time and memory."""

from __future__ import annotations

import random
import struct
import time
import tracemalloc
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from examples.disk import MIB, draw_disk
from examples.disk_ewf import SIGNATURE, write_ewf
from examples.disk_fat import FatFile, write_fat
from tests.unit.intake.disk_reading import read_disk

from firstlight.app.home import init_home, open_home
from firstlight.app.ingest import IngestRequest, ingest
from firstlight.model.bounds import Bounds

AT = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)
FAT_BYTES = 5 * MIB
MUTANTS, MUTANTS_LONG = 24, 600


def make_fat(path: Path, files: list[FatFile]) -> bytearray:
    with path.open("w+b") as file:
        write_fat(file, 0, FAT_BYTES, files, cluster_bytes=1024)
    return bytearray(path.read_bytes())


def entry_of(volume: bytearray, short: bytes) -> int:
    at = volume.index(short)
    assert at % 32 == 0
    return at


def test_folders_that_hold_themselves_or_each_other_end(tmp_path):
    image = tmp_path / "loop.dd"
    files = [FatFile("A/B/X.BIN", b"x" * 900, AT), FatFile("Y.BIN", b"y", AT)]
    volume = make_fat(image, files)
    outer = struct.unpack_from("<H", volume, entry_of(volume, b"A          ") + 26)[0]
    inner = entry_of(volume, b"B          ")
    struct.pack_into("<H", volume, inner + 26, outer)
    image.write_bytes(volume)
    began = time.monotonic()
    account = read_disk(image)
    assert time.monotonic() - began < 10
    assert "vol1-fat16/Y.BIN" in account.digests
    assert len(account.order) < 20


def test_a_size_beyond_what_the_chain_holds_costs_its_entry(tmp_path):
    image = tmp_path / "size.dd"
    volume = make_fat(image, [FatFile("A.BIN", b"a" * 900, AT), FatFile("B.BIN", b"b", AT)])
    struct.pack_into("<I", volume, entry_of(volume, b"A       BIN") + 28, 4 * MIB)
    image.write_bytes(volume)
    account = read_disk(image)
    assert "vol1-fat16/A.BIN" not in account.digests
    assert account.codes["vol1-fat16/A.BIN"] in ("limit-exceeded", "truncated", "decode-failed")
    assert "vol1-fat16/B.BIN" in account.digests


def test_chains_that_cross_or_turn_back_end(tmp_path):
    image = tmp_path / "chain.dd"
    volume = make_fat(image, [FatFile("A.BIN", b"a" * 90_000, AT), FatFile("B.BIN", b"b", AT)])
    for cluster in range(2, 60):
        struct.pack_into("<H", volume, 512 + cluster * 2, 2 + (cluster * 7) % 50)
    image.write_bytes(volume)
    began = time.monotonic()
    read_disk(image)
    assert time.monotonic() - began < 10


def test_more_entries_than_an_image_can_hold_end_it(tmp_path):
    image = tmp_path / "many.dd"
    make_fat(image, [FatFile(f"F{n}.BIN", b"f", AT) for n in range(400)])
    few = Bounds(archive_members_max=100)
    assert len(read_disk(image, bounds=few).order) == 400
    packed = write_ewf(image, tmp_path / "many.E01")[0]
    account = read_disk(packed, bounds=few)
    assert account.image_codes == ["limit-exceeded"]
    assert 0 < len(account.order) < 400


def rebuilt(image: Path, kind: bytes, change) -> None:
    """Change the body of a section, with its checksums made good."""
    data = bytearray(image.read_bytes())
    at = data.index(kind.ljust(16, b"\x00"))
    change(data, at, at + 76)
    data[at + 72 : at + 76] = struct.pack("<I", zlib.adler32(data[at : at + 72]))
    image.write_bytes(data)


def test_an_image_that_claims_a_huge_disk_is_read_in_bounded_memory(tmp_path):
    raw = tmp_path / "card.dd"
    make_fat(raw, [FatFile("A.BIN", b"a" * 900, AT)])
    (image,) = write_ewf(raw, tmp_path / "card.E01")

    def claim(data: bytearray, _at: int, body: int) -> None:
        struct.pack_into("<Q", data, body + 16, 1 << 46)
        struct.pack_into("<I", data, body + 1048, zlib.adler32(data[body : body + 1048]))

    rebuilt(image, b"volume", claim)
    tracemalloc.start()
    began = time.monotonic()
    account = read_disk(image)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.monotonic() - began < 20
    assert peak_bytes < 64 * MIB
    assert "vol1-fat16/A.BIN" in account.digests


@pytest.mark.parametrize("turn", ["itself", "back"])
def test_sections_that_turn_in_a_circle_end(tmp_path, turn):
    raw = tmp_path / "card.dd"
    make_fat(raw, [FatFile("A.BIN", b"a" * 900, AT)])
    (image,) = write_ewf(raw, tmp_path / "card.E01")

    def turn_back(data: bytearray, at: int, _body: int) -> None:
        struct.pack_into("<Q", data, at + 16, at if turn == "itself" else len(SIGNATURE) + 5)

    rebuilt(image, b"table2", turn_back)
    account = read_disk(image)
    assert "truncated" in account.image_codes
    assert "vol1-fat16/A.BIN" in account.digests


def test_a_chunk_that_unpacks_to_more_than_a_chunk_is_damage(tmp_path):
    raw = tmp_path / "card.dd"
    make_fat(raw, [FatFile("A.BIN", b"a" * 900, AT)])
    (image,) = write_ewf(raw, tmp_path / "card.E01")
    data = image.read_bytes()
    zeros = zlib.compress(bytes(32_768), 6)
    bomb = zlib.compress(bytes(33_000), 9)[: len(zeros)].ljust(len(zeros), b"\x00")
    image.write_bytes(data.replace(zeros, bomb))
    account = read_disk(image)
    assert "decode-failed" in account.image_codes


def mutants(folder: Path, count: int, seed: int) -> int:
    """Damage a small disk in many ways, where its structures are."""
    sample = draw_disk(folder / "sample", pictures=2)
    sources = [("dd", sample.raw.read_bytes()), ("E01", sample.segments[0].read_bytes())]
    filled = {
        kind: [at for at in range(0, len(data), 64) if any(data[at : at + 64])]
        for kind, data in sources
    }
    draw = random.Random(seed)
    (folder / "mutants").mkdir()
    for number in range(count):
        kind, data = sources[number % 4 == 0]
        hurt = bytearray(data)
        for _ in range(draw.choice((1, 5, 40, 200))):
            at = draw.choice(filled[kind]) + draw.randrange(64)
            if 512 < at < len(hurt):
                hurt[at] = draw.choice((0, 0xFF, 0x7F, 0x80, draw.randrange(256)))
        (folder / "mutants" / f"m{number:04}.{kind}").write_bytes(hurt)
    return count


def check_mutants(tmp_path: Path, count: int, seed: int) -> None:
    mutants(tmp_path, count, seed)
    home_path = tmp_path / "home"
    init_home(str(home_path), "test")
    began = time.monotonic()
    with open_home(str(home_path), "test", writing=True, item_wall_s=5.0, workers=2) as home:
        request = IngestRequest("One", (bytes(tmp_path / "mutants"),))
        document = ingest(home, request, lambda _: None)
    print(f"seed {seed}, {count} mutants, {time.monotonic() - began:.1f} s")
    # Each image has its own account, beside those of its entries.
    assert document["files"] >= count
    lost = [row for row in document["failed"] if row["code"].startswith("worker-")]
    assert len(lost) <= count // 10


def test_mutated_images_cost_themselves(tmp_path):
    check_mutants(tmp_path, MUTANTS, seed=11)


@pytest.mark.long
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(4))
def test_many_mutated_images_cost_themselves(tmp_path, seed):
    check_mutants(tmp_path, MUTANTS_LONG // 4, seed=100 + seed)
