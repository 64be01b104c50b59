"""How a list of hashes grows: rows a second, peak memory, and what looking a digest up costs."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from benchmarks.program import document, fresh_program
from benchmarks.turns import make_bar_row, print_rows

SIZES = (10_000, 100_000, 1_000_000)
SMALL_SIZES = (1000, 10_000)
LOOKED_UP = 2000
SAMPLE_S = 0.2
MIB = 1 << 20


def _digest(number: int) -> str:
    return hashlib.sha1(b"%d" % number).hexdigest()


def _write(path: Path, numbers: range) -> None:
    with open(path, "w") as file:
        file.writelines(f"{_digest(number)}\n" for number in numbers)


def _row(entries: int, folder: Path) -> dict:
    """Import a list, then look up digests half of which are on it."""
    listed, one, many = folder / "list.txt", folder / "one.txt", folder / "many.txt"
    _write(listed, range(entries))
    _write(one, range(1))
    _write(many, range(entries - LOOKED_UP // 2, entries + LOOKED_UP // 2))
    kind = ("--algorithm", "sha1")
    with fresh_program() as program:
        name = ("--name", "List A", "--purpose", "investigation")
        imported = program.run(
            "lists", "import", str(listed), *name, *kind, "--quiet", "--json", sample_s=SAMPLE_S
        )
        alone = program.run("match", "--hashes", str(one), *kind, "--json")
        looked = program.run("match", "--hashes", str(many), *kind, "--json")
        store_bytes = sum(path.stat().st_size for path in program.home.iterdir() if path.is_file())
    hits = sum(bool(result["matches"]) for result in document(looked)["results"])
    look_up_ms = (looked.cpu_s - alone.cpu_s) / (LOOKED_UP - 1) * 1e3
    return make_bar_row(
        f"import of {entries:,} SHA-1 lines",
        f"{entries / imported.wall_s:,.0f} rows/s",
        is_met=document(imported)["entries"] == entries and hits == LOOKED_UP // 2,
        note=f"{imported.wall_s:.1f} s, {imported.cpu_s / entries * 1e6:.0f} us of a core a row, "
        f"peak {imported.peak_bytes / MIB:.0f} MiB, store {store_bytes / MIB:.0f} MiB; then "
        f"{look_up_ms:.3f} ms of a core to look a digest up and answer ({LOOKED_UP} in one call, "
        "half of them on the list, start-up taken off)",
    )


def rows(*, is_small: bool = False) -> list[dict]:
    """Import lists a decade apart."""
    found = []
    for entries in SMALL_SIZES if is_small else SIZES:
        with tempfile.TemporaryDirectory() as folder:
            found.append(_row(entries, Path(folder)))
    return found


if __name__ == "__main__":
    print_rows(rows())
