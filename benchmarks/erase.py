"""Claim: ``firstlight case erase`` of a case of 100,000 media takes under 2 s."""

from __future__ import annotations

import hashlib
from shutil import copytree, rmtree

from benchmarks.program import document, fresh_program
from benchmarks.turns import make_bar_row, print_rows

from firstlight.app.home import Home, open_home
from firstlight.app.keeping import DERIVATIVE, open_vault
from firstlight.model.item import ItemReport
from firstlight.model.media import ContentType, Digests, FileFacts, Locator, MediaKind, Outcome
from firstlight.store.case import add_case
from firstlight.store.item import ItemPlace, add_item

SIZES = (1000, 10_000, 100_000)
SMALL_SIZES = (1000, 10_000)
BAR_SIZE = 100_000
LIMIT_S = 2.0
TURNS = 3
IN_ONE_TRANSACTION = 1000
DERIVATIVE_BYTES = 800
CASE = "benchmark"
JPEG = ContentType(MediaKind.IMAGE, "image/jpeg", "JPEG picture")


def _report(number: int) -> ItemReport:
    data = b"%d" % number
    return ItemReport(
        locator=Locator(b"/exhibit/DCIM/folder%d/IMG_%06d.JPG" % (number // 500, number)),
        facts=FileFacts(3_000_000 + number, 5, 6, number, 1),
        outcome=Outcome.READ,
        digests=Digests(
            hashlib.md5(data).digest(), hashlib.sha1(data).digest(), hashlib.sha256(data).digest()
        ),
        content_type=JPEG,
    )


def _fill(home: Home, count: int) -> None:
    vault = open_vault(home)
    with home.store.transaction() as tx:
        with tx.event(home.actor, "opened-case") as event:
            case_id = add_case(tx, event, CASE)
        with tx.event(home.actor, "added-source") as event:
            fields = {"case_id": case_id, "path": b"/exhibit", "kind": "folder"}
            place = ItemPlace(case_id, event.add("source", fields))
    for first in range(0, count, IN_ONE_TRANSACTION):
        with home.store.transaction() as tx:
            for number in range(first, min(count, first + IN_ONE_TRANSACTION)):
                report = _report(number)
                with tx.event(home.actor, "ingested", {}) as event:
                    add_item(event, place, report, pipeline="benchmark-1", is_new_media=True)
                if report.digests is not None:
                    content = number.to_bytes(8, "big") * (DERIVATIVE_BYTES // 8)
                    vault.put_small(case_id, DERIVATIVE, report.digests.sha256, content)
        vault.flush()


def _row(count: int) -> dict:
    with fresh_program("--profile", "holder", "--legal-basis", "benchmark") as program:
        with open_home(str(program.home), "benchmark", writing=True) as home:
            _fill(home, count)
        costs = []
        for turn in range(TURNS):
            # The key file is the same: each turn erases a home of its own.
            home_path = program.home.with_name(f"home-{turn}")
            copytree(program.home, home_path)
            words = ("case", "erase", CASE, "--yes", "--json")
            costs.append(program.run("--home", str(home_path), *words))
            rmtree(home_path)
    cost = min(costs, key=lambda one: one.wall_s)
    erased = document(cost)["erased"]
    is_bar = count == BAR_SIZE
    claim = f"erase of a case of {count:,} media"
    return make_bar_row(
        f"{claim} in under {LIMIT_S:g} s" if is_bar else claim,
        f"{cost.wall_s:.2f} s",
        is_met=erased["sightings"] == count and (cost.wall_s < LIMIT_S or not is_bar),
        note=f"the whole command by the clock, least of {TURNS}, {cost.cpu_s:.2f} s of a core; one"
        f" derivative of {DERIVATIVE_BYTES} bytes is kept of each media",
    )


def rows(*, is_small: bool = False) -> list[dict]:
    """Erase cases a decade apart."""
    return [_row(count) for count in (SMALL_SIZES if is_small else SIZES)]


if __name__ == "__main__":
    print_rows(rows())
