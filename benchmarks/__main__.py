"""Runs the benchmarks and prints one table: ``python -m benchmarks [NAME...]``."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.turns import is_missed, is_peer_present

# Name: whether it can be measured on less, for a quick look.
CLAIMS = {
    "pdq_kernel": False,
    "jpeg_to_pdq": False,
    "everything": True,
    "codings": False,
    "start": False,
    "again": True,
    "interrupt": True,
    "throughput": True,
    "keeping": True,
    "growth": True,
    "growth_lists": True,
    "disk_image": True,
    "verify": True,
    "erase": True,
}
COLUMNS = ("verdict", "claim", "ours", "peer", "ratio", "bar")


def measure(name: str, *, is_small: bool) -> list[dict]:
    """Run one claim's file; returns its rows."""
    rows = importlib.import_module(f"benchmarks.{name}").rows
    found: list[dict] = rows(is_small=is_small) if CLAIMS[name] else rows()
    return found


def machine() -> str:
    """Say what this is measured on."""
    model = "unknown processor"
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text().splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    cores = len(os.sched_getaffinity(0))
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    load = f"load before: {os.getloadavg()[0]:.1f}"
    return f"{model}, {cores} cores, {memory_gib:.0f} GiB; {system}; {load}"


def print_table(rows: Sequence[dict]) -> None:
    """Print all rows, aligned, and below each what it was measured on."""
    lines = [COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(COLUMNS))]
    for number, line in enumerate(lines):
        print(
            "  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        )
        if number:
            print(f"{'':{widths[0]}}    {rows[number - 1]['note']}")


def _cells(row: dict) -> tuple[str, ...]:
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.1f}x"
    bar = "" if row["bar"] is None else f"{row['bar']:g}x"
    verdict = "MISSED" if is_missed(row) else "ok"
    return verdict, row["claim"], row["ours"], row["peer"] or "", ratio, bar


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(CLAIMS)}")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--size", choices=("small", "full"), default="full")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - set(CLAIMS))
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    about = machine()
    rows = []
    for name in given.names or CLAIMS:
        print(f"measuring: {name}", file=sys.stderr)
        rows += measure(name, is_small=given.size == "small")
    if given.json:
        print(json.dumps({"machine": about, "size": given.size, "rows": rows}, indent=2))
    else:
        print(about)
        print_table(rows)
        if not is_peer_present():
            print("peer absent: `make bench` builds .venv-peers")
        if given.size == "small":
            print("small sizes: bars on size, memory and growth are not judged")
    return 1 if any(map(is_missed, rows)) else 0


if __name__ == "__main__":
    sys.exit(main())
