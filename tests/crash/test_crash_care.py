"""Killed at any point of a backup, a restore, an erasure or a rotation, a home is whole.

Every point that the code names is killed once; the long campaign kills at random instants.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from firstlight.app.backup import back_up, restore
from firstlight.app.case import list_case_documents, open_case
from firstlight.app.home import Home, init_home, open_home
from firstlight.app.keeping import open_vault
from firstlight.store.event import count_events
from firstlight.store.retention import erased_case_ids
from firstlight.store.verification import verify_store

SEEDS_LONG = tuple(range(500, 520))
PICTURES = 40

# Imports once, then forks for each deed and kills what it forked.
SERVER = """
import json, os, signal, sys, time
from pathlib import Path
from firstlight.app.backup import back_up, restore
from firstlight.app.erasing import erase_case
from firstlight.app.home import open_home
from firstlight.app.key import rotate_keys

def deed(what, place, step):
    os.environ["FIRSTLIGHT_KEY_FILE"] = place + "/key.json"
    if what == "restore":
        restore(place + "/second", "why", Path(place) / "made", step=step)
        return
    is_shared = what == "backup"
    with open_home(place + "/home", "why " + what, writing=True, is_shared=is_shared) as home:
        if what == "backup":
            back_up(home, Path(place) / "b", step=step)
        elif what == "erase":
            home.unlocked.folder._step = step
            erase_case(home, "Case A", is_sure=True, step=step)
        else:
            rotate_keys(home, is_signing_renewed=True, step=step)

def child(what, place, point, out):
    def step(name):
        os.write(out, (name + "\\n").encode())
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)
    code = 1
    try:
        deed(what, place, step)
        code = 0
    finally:
        os._exit(code)

for line in sys.stdin:
    what, place, point, wait_s = json.loads(line)
    reading, writing = os.pipe()
    began_s = time.monotonic()
    number = os.fork()
    if number == 0:
        child(what, place, point, writing)
    os.close(writing)
    if wait_s is not None:
        time.sleep(wait_s)
        os.kill(number, signal.SIGKILL)
    status = os.waitpid(number, 0)[1]
    with open(reading) as names:
        found = names.read().split("\\n")[:-1]
    took_s = time.monotonic() - began_s
    print(json.dumps([os.waitstatus_to_exitcode(status), took_s, found]), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """How a deed ended: exit code, seconds, points it came by."""

    code: int
    took_s: float
    points: list[str]


class Server:
    """Does deeds in processes of their own and kills them."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=dict(os.environ),
        )  # fmt: skip

    def do(
        self, what: str, place: Path, point: str | None = None, wait_s: float | None = None
    ) -> Ended:
        """Do a deed; killed at a point, or after a time."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([what, str(place), point, wait_s]) + "\n")
        self.process.stdin.flush()
        return Ended(*json.loads(self.process.stdout.readline()))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    one = Server()
    yield one
    assert one.process.stdin is not None
    one.process.stdin.close()
    one.process.wait()
    assert one.process.stdout is not None
    one.process.stdout.close()


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two cases, something kept of each, a backup made, and an inner one."""
    place = tmp_path_factory.mktemp("pattern")
    init_home(str(place / "home"), "test", key_file=str(place / "key.json"))
    with opened(place) as home:
        open_case(home, "Case A")
        open_case(home, "Case B")
        vault = open_vault(home)
        for case_id in (1, 2):
            for number in range(PICTURES):
                name = b"%032d" % number
                vault.put_small(case_id, "derivative", name, b"kept %d" % number)
            vault.put(case_id, "original", b"x" * 32, [b"whole"])
        vault.flush()
        back_up(home, place / "made")
        (home.path / "backups").mkdir()
        shutil.copy(place / "made", home.path / "backups" / "before-migration.flbackup")
    return place


def fresh(pattern: Path, tmp_path: Path) -> Path:
    place = tmp_path / "place"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(pattern, place)
    shutil.copy(place / "key.json", place / "was.json")
    return place


def opened(place: Path, folder: str = "home", *, writing: bool = True) -> Any:
    return open_home(str(place / folder), "test", writing=writing, key_file=str(place / "key.json"))


def check_whole(home: Home, *cases: str) -> None:
    """The store verifies, its keys open, nothing is half done."""
    assert verify_store(home.store) == []
    assert [one["case"] for one in list_case_documents(home)["cases"]] == list(cases)
    folder = home.unlocked.folder
    assert folder.wrapped_with_old() == []
    assert folder.secret.previous == ()
    for case_id in folder.case_ids():
        assert folder.open(case_id, b"c", folder.seal(case_id, b"c", b"x")) == b"x"
    # The next head that is signed writes over what waits in its folder.
    left = [path.name for path in home.path.rglob("*") if path.parent.name != "custody"]
    assert [name for name in left if name.startswith(("store.copying", "removed-"))] == []
    assert [name for name in left if name.endswith((".new", ".part"))] == []


def check_backup(place: Path, server: Server) -> None:
    with opened(place) as home:
        check_whole(home, "Case A", "Case B")
        is_recorded = count_events(home.store, "backed-up") > 1
    is_there = (place / "b").exists()
    assert is_recorded or not is_there
    if not is_there:
        assert server.do("backup", place).code == 0
    assert not (place / "b.part").exists()
    restore(str(place / "back"), "test", place / "b", key_file=str(place / "key.json"))
    with opened(place, "back") as home:
        check_whole(home, "Case A", "Case B")


def check_restore(place: Path, server: Server) -> None:
    if not (place / "second").exists():
        assert server.do("restore", place).code == 0
    assert not (place / "second.restoring").exists()
    with opened(place, "second") as home:
        check_whole(home, "Case A", "Case B")
        assert count_events(home.store, "restored") == 1


def check_erase(place: Path, _: Server) -> None:
    """A case is erased, with everything of it, or is as it was."""
    with opened(place) as home:
        is_erased = erased_case_ids(home.store) == [1]
        check_whole(home, *([] if is_erased else ["Case A"]), "Case B")
        assert home.sealer.has_case(1) is not is_erased
    keys = {path.name for path in (place / "home" / "keys").iterdir()}
    assert ("case-1.key" in keys, "case-1.erased" in keys) == (not is_erased, is_erased)
    vault = {path.name for path in (place / "home" / "vault").iterdir()}
    assert vault == ({"case-2"} if is_erased else {"case-1", "case-2"})
    inner = {path.name for path in (place / "home" / "backups").iterdir()}
    assert inner == (set() if is_erased else {"before-migration.flbackup"})


def check_rotate(place: Path, _: Server) -> None:
    """The key is replaced and that is on record, or it is as it was."""
    before = json.loads((place / "key.json").read_text())
    with opened(place) as home:
        check_whole(home, "Case A", "Case B")
        is_recorded = count_events(home.store, "rotated-keys") > 0
    after = json.loads((place / "key.json").read_text())
    assert not after.get("previous")
    is_done = after["master"] != json.loads((place / "was.json").read_text())["master"]
    assert is_done == is_recorded, before


CHECKS = {
    "backup": check_backup,
    "restore": check_restore,
    "erase": check_erase,
    "rotate": check_rotate,
}
NAMED = {
    "backup": {"store-copied", "backup-written", "backup-checked", "backup-recorded",
               "backup-named"},
    "restore": {"restore-unlocked", "restore-unpacked", "restore-verified", "restore-named"},
    "erase": {"erasure-recorded", "inner-backups-destroyed", "case-1.erased:renamed",
              "case-1.key:overwritten", "case-1.key:unlinked", "case-key-destroyed",
              "vault-put-away", "vault-removed"},
    "rotate": {"secret-saved", "keys-wrapped", "recorded", "old-master-gone", "key.json:renamed"},
}  # fmt: skip


def check(what: str, place: Path, server: Server) -> None:
    CHECKS[what](place, server)
    # And what stands is signed: a stranger's verify says so too.
    with opened(place, writing=False) as home:
        assert verify_store(home.store) == []


@pytest.mark.parametrize("what", sorted(CHECKS))
def test_killed_at_every_point_that_has_a_name(
    what: str, pattern: Path, server: Server, tmp_path: Path
) -> None:
    place = fresh(pattern, tmp_path)
    whole = server.do(what, place)
    assert whole.code == 0
    assert set(whole.points) >= NAMED[what]
    check(what, place, server)
    for point in dict.fromkeys(whole.points):
        place = fresh(pattern, tmp_path)
        killed = server.do(what, place, point)
        assert (killed.code, killed.points[-1]) == (-signal.SIGKILL, point)
        check(what, place, server)


def test_killed_twice_in_a_row(pattern: Path, server: Server, tmp_path: Path) -> None:
    place = fresh(pattern, tmp_path)
    server.do("rotate", place, "keys-wrapped")
    server.do("erase", place, "erasure-recorded")
    server.do("backup", place, "backup-written")
    with opened(place) as home:
        check_whole(home, "Case B")
        # Each command completes what the one before it left.
        assert count_events(home.store, "rotated-keys") == 1
    check_erase(place, server)


@pytest.mark.long
@pytest.mark.parametrize("what", sorted(CHECKS))
def test_killed_at_random_instants(
    what: str, pattern: Path, server: Server, tmp_path: Path
) -> None:
    """Twenty of each; the seeds are printed, and a failing one stays in the message."""
    usual_s = min(server.do(what, fresh(pattern, tmp_path)).took_s for _ in range(3))
    killed = 0
    for seed in SEEDS_LONG:
        place = fresh(pattern, tmp_path)
        wait_s = random.Random(f"{what} {seed}").uniform(0.0, usual_s)
        ended = server.do(what, place, wait_s=wait_s)
        killed += ended.code == -signal.SIGKILL
        try:
            check(what, place, server)
        except BaseException as error:
            error.add_note(f"{what}, seed {seed}: killed after {wait_s:.4f} s at {ended.points}")
            raise
    print(f"{what}: seeds {SEEDS_LONG[0]} to {SEEDS_LONG[-1]}, {killed} killed in {usual_s:.2f} s")
    assert killed
