"""The main job on the sample collection: ``make demo``.

Draws the collection and a seized device, takes them in as three cases, matches, links, orders the
leads, proves the record, and holds every answer against the truth.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples.answer import read_answer
from examples.collection import draw_collection
from examples.device import IMAGE_NAME, DeviceTruth, draw_device
from examples.device_scoring import score_device
from examples.report import print_leads, print_scores, print_steps
from examples.scoring import Score, failing, score_collection, score_leads
from examples.truth import Truth

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / ".venv" / "bin" / "firstlight"
DEMO = ROOT / "demo"
HOME, COLLECTION, KEY_FILE = DEMO / "home", DEMO / "collection", DEMO / "key.json"
DEVICE, PASSWORDS = DEMO / "device", "passwords.txt"

CASES = {"laptop": "Demo laptop", "phone": "Demo phone"}
DEVICE_CASE = "Demo device"
SEED, FILES = 7, 600
STEP_LIMIT_S = 900
DONE, SOME_FAILED = 0, 3
"""Exit codes of a step that went well: some items of the collection are meant to fail."""


@dataclass(slots=True)
class Run:
    """The steps so far, and how long each took."""

    steps: list[tuple[str, float]] = field(default_factory=list)

    def ask(self, *arguments: str, at: Path = COLLECTION) -> dict[str, Any]:
        """Run one command of the program and return its document.

        Args:
            at: The folder in which it runs.
        Raises:
            SystemExit: The command failed; its own words are printed.
        """
        started = time.monotonic()
        done = subprocess.run(
            [str(PROGRAM), *arguments, "--json"],
            capture_output=True,
            check=False,
            timeout=STEP_LIMIT_S,
            cwd=at,
            env={
                **os.environ,
                "FIRSTLIGHT_HOME": str(HOME),
                "FIRSTLIGHT_KEY_FILE": str(KEY_FILE),
                "FIRSTLIGHT_REASON": "demonstration",
            },
        )
        shown = " ".join(word if " " not in word else f'"{word}"' for word in arguments)
        self.steps.append((f"firstlight {shown}", time.monotonic() - started))
        if done.returncode not in (DONE, SOME_FAILED):
            print(done.stderr.decode("utf-8", "replace"), file=sys.stderr)
            raise SystemExit(f"`firstlight {shown}` ended with exit code {done.returncode}")
        document: dict[str, Any] = json.loads(done.stdout)
        return document


def main() -> int:
    """Run the demonstration.

    Returns:
        0 when every class that must be found is found and no answer is wrong, else 1.
    """
    run = Run()
    shutil.rmtree(DEMO, ignore_errors=True)
    started = time.monotonic()
    print(f"drawing the sample collection ({FILES} files, seed {SEED}) ...", flush=True)
    jobs = len(os.sched_getaffinity(0))
    truth = draw_collection(COLLECTION, files=FILES, seed=SEED, jobs=jobs)
    run.steps.append((f"drawing {len(truth.items)} files and members", time.monotonic() - started))
    started = time.monotonic()
    device = draw_device(DEVICE, seed=SEED)
    run.steps.append((f"drawing {len(device.items)} of a device", time.monotonic() - started))
    ingests, finds, leads = _main_job(run, truth)
    answer = read_answer(os.fsencode(COLLECTION), finds, ingests)
    scores = score_collection(truth, answer) + score_leads(truth, leads)
    taken_in, device_scores = _take_device(run, device)
    proof = run.ask("verify")
    scores += device_scores
    print_steps(run.steps, [*ingests, taken_in])
    print_leads(leads)
    print_scores(scores, truth)
    for what, reason in device.missing.items():
        print(f"not drawn: {what} on the device ({reason})")
    if answer.near is None:
        print("near-copies of each other (stacks): not stated by `find --json`, so not scored")
    bad = failing(scores)
    for row in bad:
        print(f"NOT AS IT MUST BE: {row.part}, {row.label}: {row.found} of {row.expected}, "
              f"{row.wrong} wrong; first: {row.missed[:1]!r}")  # fmt: skip
    print(f"\nrecord: {'proved' if proof['ok'] else 'BROKEN'} (firstlight verify)")
    print(f"next:   FIRSTLIGHT_HOME={HOME.relative_to(ROOT)} {PROGRAM.relative_to(ROOT)} "
          f'leads --case "{CASES["laptop"]}"')  # fmt: skip
    return 1 if bad or not proof["ok"] else 0


def _main_job(
    run: Run, truth: Truth
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Take in, find, order; return the documents of each."""
    print("taking it in ...", flush=True)
    run.ask("init")
    for listed in truth.lists:
        algorithm = ["--algorithm", listed.algorithm] if listed.algorithm else []
        run.ask("lists", "import", listed.file, "--name", listed.name,
                "--purpose", listed.purpose, "--quiet", *algorithm)  # fmt: skip
    ingests = [
        run.ask("ingest", source, "--case", case, "--exhibit", f"DEMO/{source}",
                "--custodian", "Demo unit", "--quiet")
        for source, case in CASES.items()
    ]  # fmt: skip
    finds = [run.ask("find", "--case", case) for case in CASES.values()]
    leads = [run.ask("leads", "--case", case) for case in CASES.values()]
    return ingests, finds, leads


def _take_device(run: Run, truth: DeviceTruth) -> tuple[dict[str, Any], list[Score]]:
    """Take the device in from its image, and hold what was found against its truth."""
    taken_in = run.ask("ingest", IMAGE_NAME, "--case", DEVICE_CASE, "--exhibit", "DEMO/device",
                       "--custodian", "Demo unit", "--passwords", PASSWORDS, "--quiet",
                       at=DEVICE)  # fmt: skip
    found = run.ask("find", "--case", DEVICE_CASE)
    answer = read_answer(os.fsencode(DEVICE), [found], [taken_in])
    return taken_in, score_device(truth, answer)


if __name__ == "__main__":
    sys.exit(main())
