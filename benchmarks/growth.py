"""Claim: a small file costs the same among 1,000, 10,000 and 100,000 of them."""

from __future__ import annotations

import os

from benchmarks.program import document, fresh_program
from benchmarks.sample import tiny_files
from benchmarks.turns import make_bar_row, print_rows

WITHIN = 1.15
SIZES = (1000, 10_000, 100_000)
SMALL_SIZES = (300, 1000)
FIRST_FILES = 100
TURNS_UP_TO = 1000
TURNS = 3


def _costs_s(files: int) -> tuple[float, float]:
    """Return seconds of processor and clock for an ingest, the least of the turns."""
    source = tiny_files(files)
    costs = []
    for _ in range(TURNS if files <= TURNS_UP_TO else 1):
        with fresh_program() as program:
            costs.append(program.ingest(source))
        if document(costs[-1])["media"] != files:
            raise SystemExit("not every small file was taken in")
    return min(cost.cpu_s for cost in costs), min(cost.wall_s for cost in costs)


def _row(claim: str, costs_ms: dict[int, float], *, is_judged: bool, note: str) -> dict:
    spread = max(costs_ms.values()) / min(costs_ms.values())
    told = ", ".join(f"{files:,}: {cost_ms:.2f} ms" for files, cost_ms in costs_ms.items())
    return make_bar_row(
        f"{claim} within 15 %",
        f"{(spread - 1) * 100:.0f} % apart",
        is_met=spread <= WITHIN or not is_judged,
        note=f"{told} of a core a file; {note}",
    )


def rows(*, is_small: bool = False) -> list[dict]:
    """Take in small files, a decade apart; ``FIRSTLIGHT_BENCH_FILES_MAX`` cuts the sizes off."""
    files_max = int(os.environ.get("FIRSTLIGHT_BENCH_FILES_MAX", SIZES[-1]))
    sizes = SMALL_SIZES if is_small else sorted({min(size, files_max) for size in SIZES})
    start_cpu_s, _ = _costs_s(FIRST_FILES)
    costs = {files: _costs_s(files) for files in sizes}
    whole = {files: cpu_s / files * 1e3 for files, (cpu_s, _) in costs.items()}
    further = {
        files: (cpu_s - start_cpu_s) / (files - FIRST_FILES) * 1e3
        for files, (cpu_s, _) in costs.items()
    }
    clock = ", ".join(f"{files:,}: {wall_s:.1f} s" for files, (_, wall_s) in costs.items())
    named = " / ".join(f"{files:,}" for files in sizes)
    return [
        _row(
            f"cost of a small file among {named}, start-up included",
            whole,
            is_judged=not is_small,
            note=f"by the clock {clock}",
        ),
        _row(
            f"cost of a small file among {named}, after the first {FIRST_FILES}",
            further,
            is_judged=not is_small,
            note=f"starting the program, two workers and exiftool, and the first {FIRST_FILES} "
            f"files: {start_cpu_s:.2f} s of a core, taken off",
        ),
    ]


if __name__ == "__main__":
    print_rows(rows())
