"""Claim: two workers keep two cores at work, and memory does not grow with the source."""

from __future__ import annotations

from benchmarks.program import SAMPLE_S, document, take_in_mixed
from benchmarks.turns import make_bar_row, print_rows

CORES = 1.7
MEMORY_GROWTH = 1.2
MIB = 1 << 20


def rows(*, is_small: bool = False) -> list[dict]:
    """Take in a collection, and one ten times larger."""
    few, many = (200, 1000) if is_small else (2000, 20_000)
    (_, small), (_, large) = take_in_mixed(few), take_in_mixed(many)
    small_files, files = document(small)["files"], document(large)["files"]
    cores = (files / large.wall_s) * (large.cpu_s / files)
    growth = large.peak_bytes / small.peak_bytes
    return [
        make_bar_row(
            f"two workers: files/s times processor seconds a file at least {CORES:g} cores",
            f"{cores:.2f} cores",
            is_met=cores >= CORES or is_small,
            note=f"{files} mixed files in {large.wall_s:.0f} s: {files / large.wall_s:.0f} "
            f"files/s, {large.cpu_s / files * 1e3:.1f} ms of a core each; at {small_files} files "
            f"{small_files / small.wall_s:.0f} files/s, "
            f"{small.cpu_s / small_files * 1e3:.1f} ms, {small.cpu_s / small.wall_s:.2f} cores",
        ),
        make_bar_row(
            f"peak memory at {many} files within 20 % of that at {few}",
            f"{large.peak_bytes / MIB:.0f} MiB, {growth:.2f} times as much",
            is_met=growth <= MEMORY_GROWTH or is_small,
            note=f"proportional set sizes of the whole tree, every {SAMPLE_S:g} s; at {few}: "
            f"{small.peak_bytes / MIB:.0f} MiB; the main process alone "
            f"{small.peak_main_bytes / MIB:.0f}, then {large.peak_main_bytes / MIB:.0f} MiB",
        ),
    ]


if __name__ == "__main__":
    print_rows(rows())
