"""Claim: sealing records and making derivatives costs an ingest at most a quarter more."""

from __future__ import annotations

import sys

from benchmarks.program import PROGRAM, document, fresh_program
from benchmarks.sample import mixed_files
from benchmarks.turns import make_bar_row, print_rows

BAR = 1.25
TURNS = 3
HOLDER = ("--profile", "holder", "--legal-basis", "benchmark")
UNSEALED = (sys.executable, "-m", "benchmarks.unsealed")
WAYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "nothing sealed, none made": ((), UNSEALED),
    "sealed": ((), (PROGRAM,)),
    "sealed and derivatives": (HOLDER, (PROGRAM,)),
}
"""Options of `init`, and how the program is started."""


def rows(*, is_small: bool = False) -> list[dict]:
    """Take one collection in each way in turn; the least of each counts."""
    files = mixed_files(200 if is_small else 1000)
    cpu_s: dict[str, list[float]] = {name: [] for name in WAYS}
    kept, media = {}, 0
    for _ in range(1 if is_small else TURNS):
        for name, (options, words) in WAYS.items():
            with fresh_program(*options, words=words) as program:
                cost = program.ingest(*files)
                cpu_s[name].append(cost.cpu_s)
                media = document(cost)["media"]
                if options:
                    kept = document(program.run("profile", "--json"))["kept"]["derivatives"]
    off, sealed, both = (min(found) for found in cpu_s.values())
    return [
        make_bar_row(
            f"records sealed, derivatives made: processor time at most {BAR:g} times that without",
            f"{both / off:.2f} times",
            is_met=(both / off <= BAR or is_small) and kept["count"] > 0,
            note=f"{media} media, {kept['count']} derivatives of "
            f"{kept['size_bytes'] / max(1, kept['count']):.0f} bytes; of a core: {off:.1f} s with "
            f"neither, {sealed:.1f} s sealed, {both:.1f} s with both; least of {TURNS} in turn",
        )
    ]


if __name__ == "__main__":
    print_rows(rows())
