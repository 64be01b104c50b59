"""Claim: the same source again is at least 20 times faster than the first time."""

from __future__ import annotations

from benchmarks.program import document, take_in_mixed
from benchmarks.sample import mixed_files
from benchmarks.turns import make_bar_row, print_rows

BAR = 20.0
TURNS = 3
SIZES = (2000, 20_000)
SMALL_SIZES = (200, 1000)


def _rows(files: int, *, bar: float | None) -> list[dict]:
    """Take a collection in once, and then several times again; the least of those counts."""
    program, first = take_in_mixed(files)
    again = [program.ingest(*mixed_files(files)) for _ in range(TURNS)]
    counted = [document(cost) for cost in (first, *again)]
    is_same = len({(one["files"], one["media"], one["stacks"]) for one in counted}) == 1
    is_same = is_same and all(one["read"] == 0 for one in counted[1:])
    found = []
    for clock, name in (("wall_s", "wall clock"), ("cpu_s", "processor time")):
        before_s, after_s = getattr(first, clock), min(getattr(cost, clock) for cost in again)
        found.append(
            make_bar_row(
                f"same source of {counted[0]['files']} files again, {name}",
                f"{before_s:.1f} s, then {after_s:.2f} s",
                ratio=before_s / after_s,
                bar=bar,
                is_met=is_same,
                note=f"mixed files, two workers; again: least of {TURNS}, starting the program "
                "included; files, media and stacks are as before",
            )
        )
    return found


def rows(*, is_small: bool = False) -> list[dict]:
    """Measure two sizes; the bar is for the larger, where starting the program weighs little."""
    sizes = SMALL_SIZES if is_small else SIZES
    bars = (None, None if is_small else BAR)
    return [row for files, bar in zip(sizes, bars, strict=True) for row in _rows(files, bar=bar)]


if __name__ == "__main__":
    print_rows(rows())
