"""Claim: Ctrl-C ends a run within two seconds, and what was recorded verifies."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time

from benchmarks.program import PROGRAM, Program, document, fresh_program, ingest_arguments
from benchmarks.sample import mixed_files
from benchmarks.turns import make_bar_row, print_rows

LIMIT_S = 2.0
INTERRUPTED = 130
AFTER_RECORDS = (1, 300, 700)
SMALL_AFTER_RECORDS = (1, 100)
START_LIMIT_S = 120.0
POLL_S = 0.02


def _recorded(program: Program) -> int:
    store = sqlite3.connect(f"file:{program.home}/store.sqlite?mode=ro", uri=True)
    try:
        return int(store.execute("SELECT count(*) FROM sighting").fetchone()[0])
    finally:
        store.close()


def _interrupt(files: int, after_records: int) -> tuple[float, int, bool]:
    """Return seconds from the signal to the end, records kept, and whether all is well."""
    sources = mixed_files(files)
    with fresh_program() as program:
        running = subprocess.Popen(
            [PROGRAM, *ingest_arguments(*sources)],
            env=program.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        given_up_s = time.monotonic() + START_LIMIT_S
        while _recorded(program) < after_records and time.monotonic() < given_up_s:
            time.sleep(POLL_S)
        started_s = time.monotonic()
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate()
        took_s = time.monotonic() - started_s
        kept = _recorded(program)
        said = json.loads(output) if running.returncode == INTERRUPTED else {}
        is_well = said.get("interrupted") is True and said.get("files", 0) <= kept
        verified = document(program.run("verify", "--json"))
    return took_s, kept, is_well and kept >= after_records and verified["ok"] is True


def rows(*, is_small: bool = False) -> list[dict]:
    """Interrupt runs at their first record and further on; the slowest end counts."""
    files = 300 if is_small else 2000
    ends = [_interrupt(files, at) for at in (SMALL_AFTER_RECORDS if is_small else AFTER_RECORDS)]
    slowest_s = max(end[0] for end in ends)
    told = ", ".join(f"{kept} records kept: {took_s:.2f} s" for took_s, kept, _ in ends)
    return [
        make_bar_row(
            f"Ctrl-C to the end in under {LIMIT_S:g} s, and what was recorded verifies",
            f"{slowest_s:.2f} s",
            is_met=slowest_s < LIMIT_S and all(end[2] for end in ends),
            note=f"wall clock, slowest of {len(ends)} runs over {files} mixed files; {told}",
        )
    ]


if __name__ == "__main__":
    print_rows(rows())
