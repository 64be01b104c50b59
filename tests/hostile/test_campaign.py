"""The hostile campaign: mutants of every kind of file through one pool of workers.

The main process lives, nothing hangs, and there is one account of each file. ``make test`` sends
a tenth of what ``make test-long`` does, and every mutant that ever failed.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest
from tests.hostile.campaign_samples import PASSWORD, companions, make_samples, missing
from tests.hostile.mutation import CHANGES, Mutant, mutate

from firstlight.app.wire import report_from_plain
from firstlight.app.workers import READ_FUNCTION, READ_SETTINGS
from firstlight.engine.pool import LocalPool
from firstlight.intake.folder import walk
from firstlight.model.bounds import Bounds
from firstlight.model.item import ItemReport
from firstlight.model.media import Locator, Outcome
from firstlight.model.ports import Completed, Finished, Lost, Task

SEED = 20_261_122
MUTANTS, MUTANTS_LONG = 500, 5000
CHUNK_ITEMS = 48
MAIN_GROWTH_MAX_KIB = 600_000
LOSSES = ("worker-timeout", "worker-crashed", "worker-memory")
SECRET = "kestrel"  # stands in every path: no reason may repeat it
BOUNDS = Bounds(
    item_wall_s=2.0, item_cpu_s=2.0, metadata_timeout_s=1.5, tool_timeout_s=1.5,
    archive_total_max_bytes=1 << 28, picture_max_pixels=50_000_000,
)  # fmt: skip

CONTAINERS = (
    ".zip", ".tar", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".pdf", ".docx", ".odt", ".ufdr",
    ".eml", ".mbox", ".doc", ".ppt", ".dd", ".E01", ".db", ".thumbdata", ".0", ".sqlite",
)  # fmt: skip
LEFT_CLOSED = ("head.psd", "rar4-hidden.rar", "rar5-hidden.rar")

FAILED_ONCE: tuple[tuple[str, int], ...] = ()
"""Sample and number of every mutant that ever broke a promise."""


@dataclass
class Accounts:
    """What a run gave, by key of the item."""

    finished: dict[bytes, ItemReport] = field(default_factory=dict)
    lost: dict[bytes, Lost] = field(default_factory=dict)
    times: Counter[bytes] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def samples() -> dict[str, bytes]:
    return make_samples()


@pytest.fixture(scope="module")
def pool() -> Iterator[LocalPool]:
    made = LocalPool(2, BOUNDS)
    yield made
    made.close()


def send(pool: LocalPool, root: Path) -> Accounts:
    """Have a pool read a folder, as ``ingest`` does."""
    settings = {
        "bounds": asdict(BOUNDS), "strict": False, "metadata_reader": "auto",
        "passwords": [b"lantern", PASSWORD],
    }  # fmt: skip
    items = [
        {"path": found.path, **asdict(found.facts)} for found in walk(bytes(root), on_skip=print)
    ]
    chunks = [items[at : at + CHUNK_ITEMS] for at in range(0, len(items), CHUNK_ITEMS)]
    tasks = [
        Task(number, {"settings": settings, "items": chunk},
             tuple(Locator(item["path"]).key for item in chunk))
        for number, chunk in enumerate(chunks)
    ]  # fmt: skip
    accounts = Accounts()
    completed = []
    events = pool.run(
        READ_FUNCTION, tasks, lambda _: {"decode": True}, READ_SETTINGS, [bytes(root)]
    )
    for event in events:
        if isinstance(event, Completed):
            completed.append(event.task_id)
            continue
        accounts.times[event.item_key] += 1
        if isinstance(event, Finished):
            report = report_from_plain(event.result, event.item_key)
            accounts.finished[event.item_key] = report
        else:
            accounts.lost[event.item_key] = event
    assert sorted(completed) == list(range(len(tasks)))
    return accounts


def check(accounts: Accounts, root: Path) -> None:
    """Hold a run to what is promised."""
    files = {Locator(bytes(path)).key for path in root.iterdir()}
    assert files <= accounts.times.keys()
    assert set(accounts.times.values()) == {1}
    escaped = {key: lost for key, lost in accounts.lost.items() if lost.code not in LOSSES}
    assert not escaped, "an exception escaped the reading of an item"
    for report in accounts.finished.values():
        for failure in report.failures:
            assert failure.code != "internal"
            assert failure.reason
            assert SECRET not in failure.reason
        if report.outcome is Outcome.FAILED:
            assert report.failures


def put(root: Path, mutants: list[Mutant]) -> None:
    for name, content in companions().items():
        (root / name).write_bytes(content)
    for mutant in mutants:
        stem, _, suffix = mutant.sample.partition(".")
        (root / f"{SECRET}-{stem}-{mutant.number:05}.{suffix}").write_bytes(mutant.content)


def campaign(pool: LocalPool, samples: dict[str, bytes], count: int, root: Path) -> Accounts:
    names = sorted(samples)
    mutants = [mutate(samples, names[n % len(names)], n, SEED) for n in range(count)]
    put(root, mutants)
    began = time.monotonic()
    accounts = send(pool, root)
    seconds = time.monotonic() - began
    print(f"\nseed {SEED}: {count} mutants of {len(names)} samples, {seconds:.0f} s")
    print(f"{len(accounts.times)} accounts; not made here: {', '.join(missing) or 'nothing'}")
    for key, lost in accounts.lost.items():
        print(f"lost: {key.rpartition(b'/')[2]!r}: {lost.code}, {lost.reason}")
    return accounts


def test_samples_themselves_are_read(samples, tmp_path):
    """A mutant says something only where its sample is read; there a slow machine has time."""
    pool = LocalPool(2, Bounds())
    for name, content in {**samples, **companions()}.items():
        (tmp_path / name).write_bytes(content)
    try:
        accounts = send(pool, tmp_path)
    finally:
        pool.close()
    check(accounts, tmp_path)
    assert not accounts.lost
    inside: Counter[str] = Counter()
    for report in accounts.finished.values():
        name = report.locator.path.rpartition(b"/")[2].decode()
        inside[name] += bool(report.locator.members)
        if not report.locator.members and name not in LEFT_CLOSED:
            assert report.outcome in (Outcome.READ, Outcome.NOT_OPENED), (name, report.failures)
    assert inside["nested.zip"] >= 6
    closed = {name for name in samples if name not in LEFT_CLOSED and not inside[name]}
    assert not {name for name in closed if name.endswith(CONTAINERS)}


def test_mutants_are_the_same_each_time(samples):
    first = mutate(samples, "a.zip" if "a.zip" in samples else "a.png", 7, SEED)
    again = mutate(samples, first.sample, 7, SEED)
    assert first == again
    assert first.content != samples[first.sample]


def test_every_change_takes_every_size(samples):
    import random

    for name, change in CHANGES.items():
        for size in (0, 1, 3, 12, 600):
            chance = random.Random(f"{name}{size}")
            for _ in range(20):
                change(bytearray(size), chance, chance.choice((b"", b"x", samples["a.png"])))


@pytest.mark.timeout(280)
def test_a_tenth_of_the_campaign(samples, pool, tmp_path):
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    accounts = campaign(pool, samples, MUTANTS, tmp_path)
    check(accounts, tmp_path)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    assert grown_kib < MAIN_GROWTH_MAX_KIB


def test_every_mutant_that_ever_failed(samples, pool, tmp_path):
    if not FAILED_ONCE:
        return
    put(tmp_path, [mutate(samples, *name, SEED) for name in FAILED_ONCE if name[0] in samples])
    check(send(pool, tmp_path), tmp_path)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_the_whole_campaign(samples, pool, tmp_path):
    check(campaign(pool, samples, MUTANTS_LONG, tmp_path), tmp_path)
