"""Claim: a small file costs the same among 1,000, 10,000 and 100,000 of them."""

from __future__ import annotations

import os

from benchmarks.program import document, fresh_program
from benchmarks.sample import tiny_files
from benchmarks.turns import make_bar_row, print_rows

WITHIN = 1.15
SIZES = (1000, 10_000, 100_000)
SMALL_SIZES = (100, 1000)
TURNS_UP_TO = 1000
TURNS = 3


def _cost_ms(files: int) -> tuple[float, float]:
    """Return milliseconds of a core and of the clock for one file, the least of the turns."""
    source = tiny_files(files)
    core, clock = [], []
    for _ in range(TURNS if files <= TURNS_UP_TO else 1):
        with fresh_program() as program:
            cost = program.ingest(source)
        if document(cost)["media"] != files:
            raise SystemExit("not every small file was taken in")
        core.append(cost.cpu_s / files * 1e3)
        clock.append(cost.wall_s / files * 1e3)
    return min(core), min(clock)


def rows(*, is_small: bool = False) -> list[dict]:
    """Take in small files, a decade apart; ``FIRSTLIGHT_BENCH_FILES_MAX`` cuts the sizes off."""
    files_max = int(os.environ.get("FIRSTLIGHT_BENCH_FILES_MAX", SIZES[-1]))
    sizes = SMALL_SIZES if is_small else sorted({min(size, files_max) for size in SIZES})
    costs = [_cost_ms(files) for files in sizes]
    core = [cost[0] for cost in costs]
    spread = max(core) / min(core)
    told = ", ".join(
        f"{files:,}: {cost[0]:.2f} ms of a core, {cost[1]:.2f} ms of the clock"
        for files, cost in zip(sizes, costs, strict=True)
    )
    return [
        make_bar_row(
            f"cost of a small file among {' / '.join(f'{size:,}' for size in sizes)} within 15 %",
            f"{(spread - 1) * 100:.0f} % apart",
            is_met=spread <= WITHIN or is_small,
            note=f"{told}; starting the program and its workers included",
        )
    ]


if __name__ == "__main__":
    print_rows(rows())
