"""A backup is the whole home at one instant; a restore is that home, or nothing."""

from __future__ import annotations

import fcntl
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import caller, quick_caller

from firstlight.app.backup import back_up
from firstlight.app.case import open_case
from firstlight.app.erasing import erase_case
from firstlight.app.home import Home, init_home, open_home, writer_lock
from firstlight.app.key import rotate_keys
from firstlight.errors import HomeBusyError
from firstlight.store.dump import canonical_dump

PASSPHRASE = "four words that nobody guesses"
STORE_EXIT, USAGE_EXIT, INTEGRITY_EXIT = 7, 2, 5
FILES = 150


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("material")
    draw = np.random.default_rng(3)
    for number in range(FILES):
        pixels = draw.integers(0, 255, (12, 16, 3), dtype=np.uint8)
        picture = Image.fromarray(pixels).resize((200, 150), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:03}.jpg", quality=80)
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a home that has a case."""
    make_home(tmp_path)
    return tmp_path


def make_home(place: Path) -> None:
    init_home(str(place / "home"), "test")
    with opened(place / "home") as home:
        open_case(home, "Case A")


def opened(path: Path):
    return open_home(str(path), "test", writing=True)


def dump(path: Path) -> str:
    with open_home(str(path), None, writing=False) as home:
        return canonical_dump(home.store)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("holder", ["file", "passphrase"])
def test_a_home_comes_back_whole(holder: str, tmp_path: Path, photos: Path):
    program, call = caller(tmp_path), quick_caller(tmp_path)
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    known = {"FIRSTLIGHT_PASSPHRASE_FILE": str(secret)} if holder == "passphrase" else {}
    assert call("init", "--profile", "holder", "--legal-basis", "s. 46", **known).code == 0
    assert program("ingest", str(photos), "--case", "Case A", **known).code == 3
    made = call("backup", str(tmp_path / "b"), "--reason", "weekly", "--json", **known)
    assert made.code == 0
    size_bytes = (tmp_path / "b").stat().st_size
    assert made.document["size_bytes"] == size_bytes
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    back = quick_caller(tmp_path / "second")
    done = back("restore", str(tmp_path / "b"), "--reason", "drill", "--json", **known)
    assert done.code == 0, done.err
    assert done.document["files"] == made.document["files"]
    with pytest.MonkeyPatch.context() as patch:
        for name, text in known.items():
            patch.setenv(name, text)
        assert dump(tmp_path / "second" / "home") == dump(tmp_path / "home")
    assert back("verify", **known).code == 0
    assert back("case", "Case A", **known).code == 0
    kept = back("profile", "--json", **known).document["kept"]["derivatives"]["count"]
    assert kept > 0
    for path in (tmp_path / "second" / "home").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path.name
    sealed = names(tmp_path / "second" / "home" / "vault" / "case-1")
    assert sealed == names(tmp_path / "home" / "vault" / "case-1")
    events = back("custody", "show", "--json", **known).document["events"]
    assert {"restored", "ingested"} <= {one["action"] for one in events}
    if holder == "passphrase":
        nothing = quick_caller(tmp_path / "third")
        refused = nothing("restore", str(tmp_path / "b"))
        assert refused.code == USAGE_EXIT
        assert "[key-missing]" in refused.err
        assert names(tmp_path / "third") == set()
        wrong = tmp_path / "wrong"
        wrong.write_text("four words that nobody guessed")
        refused = nothing("restore", str(tmp_path / "b"), "--passphrase-file", str(wrong))
        assert "[key-wrong]" in refused.err
        assert names(tmp_path / "third") == set()


def test_what_is_at_the_place_of_a_home_is_never_touched(place: Path):
    quick_caller(place)("backup", str(place / "b"))
    folder = place / "second"
    folder.mkdir()
    restore = quick_caller(folder)

    def refused() -> bool:
        answer = restore("restore", str(place / "b"))
        return answer.code == USAGE_EXIT and "[usage]" in answer.err

    (folder / "home").write_text("a file")
    assert refused()
    (folder / "home").unlink()
    (folder / "elsewhere").mkdir()
    (folder / "home").symlink_to(folder / "elsewhere")
    assert refused()
    (folder / "home").unlink()
    (folder / "home").mkdir()
    (folder / "home" / "something").touch()
    assert refused()
    (folder / "home" / "something").unlink()
    # What a killed restore left, a link in it, is replaced and not followed.
    left = folder / "home.restoring"
    left.mkdir()
    (left / "store.sqlite").symlink_to(folder / "elsewhere" / "victim")
    (left / "keys").symlink_to(folder / "elsewhere")
    assert restore("restore", str(place / "b")).code == 0
    assert names(folder) == {"home", "elsewhere"}
    assert names(folder / "elsewhere") == set()
    assert restore("case", "Case A").code == 0
    assert refused()


def test_two_restores_do_not_meet(place: Path):
    call = quick_caller(place)
    call("backup", str(place / "b"))
    (place / "second").mkdir()
    waiting = place / "second" / "home.restoring"
    waiting.mkdir()
    (waiting / "work").touch()
    lock = os.open(waiting, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    answer = quick_caller(place / "second")("restore", str(place / "b"))
    os.close(lock)
    assert "[home-busy]" in answer.err
    assert names(waiting) == {"work"}


def test_a_damaged_or_foreign_backup_leaves_nothing(place: Path):
    quick_caller(place)("backup", str(place / "b"))
    whole = (place / "b").read_bytes()
    restore = quick_caller(place / "second")
    for content in (whole[:-1], whole[: len(whole) // 2], whole + b"x", b"", b"SQLite format 3\0"):
        (place / "bad").write_bytes(content)
        answer = restore("restore", str(place / "bad"))
        assert answer.code == INTEGRITY_EXIT, answer.err
        assert "[backup-damaged]" in answer.err
        assert not (place / "second").exists() or names(place / "second") == set()
    pipe = place / "pipe"
    os.mkfifo(pipe)
    for source in (pipe, place, place / "not there"):
        assert restore("restore", str(source)).code == USAGE_EXIT
    key = place / "other.json"
    other = quick_caller(place / "other")
    assert other("init", "--key-file", str(key)).code == 0
    answer = restore("restore", str(place / "b"), "--key-file", str(key))
    assert "[key-wrong]" in answer.err
    assert names(place / "second") == set()


def test_where_a_backup_may_not_go(place: Path):
    call = quick_caller(place)
    (place / "there").write_text("mine")
    (place / "dangling").symlink_to(place / "nowhere")
    (place / "folder").mkdir()
    (place / "link").symlink_to(place / "home" / "vault")
    inside = place / "home" / "b"
    for target in ("there", "dangling", "folder", "no folder/b", "link/b"):
        answer = call("backup", str(place / target))
        assert answer.code == USAGE_EXIT, target
    assert call("backup", str(inside)).code == USAGE_EXIT
    assert (place / "there").read_text() == "mine"
    assert not inside.exists()
    assert not (place / "nowhere").exists()
    assert not list(place.rglob("*.part"))
    assert call("custody", "show", "--json").document["events"][0]["action"] != "backed-up"


def test_what_a_killed_backup_left_is_written_over_or_cleared(place: Path):
    call = quick_caller(place)
    (place / "b.part").write_bytes(bytes(5_000_000))
    (place / "c.part").write_bytes(b"of another backup")
    for name in ("store.copying.1234", "store.copying.1234-journal"):
        (place / "home" / name).write_bytes(bytes(100))
    (place / "home" / "backups").mkdir()
    (place / "home" / "backups" / "before.flbackup.part").touch()
    in_use = place / "home" / "store.copying.5678"
    lock = os.open(in_use, os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert call("backup", str(place / "b")).code == 0
    copies = {name for name in names(place / "home") if name.startswith("store.copying")}
    assert copies == {in_use.name}
    assert names(place / "home" / "backups") == set()
    assert not (place / "b.part").exists()
    assert (place / "c.part").exists()
    os.close(lock)
    assert call("lists").code == 0
    assert call("child", "add", "C-1").code == 0
    assert not in_use.exists()


def test_two_backups_to_one_name_do_not_meet(place: Path):
    lock = os.open(place / "b.part", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert "[home-busy]" in quick_caller(place)("backup", str(place / "b")).err
    os.close(lock)
    assert (place / "b.part").exists()
    assert not (place / "b").exists()


def erase(home: Home) -> None:
    with opened(home.path) as other:
        erase_case(other, "Case A", is_sure=True)


def rotate(home: Home) -> None:
    with opened(home.path) as other:
        rotate_keys(other)


def begin_to_erase(home: Home) -> None:
    def killed(_name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), opened(home.path) as other:
        erase_case(other, "Case A", is_sure=True, step=killed)


@pytest.mark.parametrize("deed", [erase, rotate, begin_to_erase])
@pytest.mark.parametrize("point", ["store-copied", "backup-written", "backup-checked"])
def test_no_backup_is_made_of_keys_that_do_not_fit_the_store(
    point: str, deed: Callable, place: Path
):
    def step(name: str) -> None:
        if name == point:
            deed(home)

    with (
        open_home(str(place / "home"), "test", writing=True, is_shared=True) as home,
        pytest.raises(HomeBusyError, match="again"),
    ):
        back_up(home, place / "b", step=step)
    assert not list(place.glob("b*"))
    assert quick_caller(place)("backup", str(place / "b")).code == 0
    assert quick_caller(place / "second")("restore", str(place / "b")).code == 0
    assert quick_caller(place / "second")("verify").code == 0


def test_an_erasure_is_told_of_a_backup_that_only_lacks_its_name(place: Path):
    told = []

    def step(name: str) -> None:
        if name == "backup-recorded":
            with opened(home.path) as other:
                told.append(erase_case(other, "Case A", is_sure=True)["backups"])

    with open_home(str(place / "home"), "test", writing=True, is_shared=True) as home:
        back_up(home, place / "b", step=step)
    assert told == [1]


def test_others_write_while_a_backup_is_made(place: Path):
    def step(name: str) -> None:
        with opened(home.path) as other:
            open_case(other, f"opened at {name}")

    with open_home(str(place / "home"), "test", writing=True, is_shared=True) as home:
        back_up(home, place / "b", step=step)
    call = quick_caller(place)
    assert len(call("case", "--json").document["cases"]) == 6
    assert quick_caller(place / "second")("restore", str(place / "b")).code == 0
    restored = quick_caller(place / "second")("case", "--json").document["cases"]
    assert [one["case"] for one in restored] == ["Case A"]
    with writer_lock(place / "home"):
        # Beside a command that writes for long: it signs the head, and the backup does not wait.
        assert call("backup", str(place / "c")).code == 0
    assert call("verify").code == 0
    assert quick_caller(place / "third")("restore", str(place / "c")).code == 0


def test_backups_while_an_ingest_runs_are_homes_that_go_on(tmp_path: Path, material: Path):
    call = quick_caller(tmp_path)
    assert call("init").code == 0
    ingest = [sys.executable, "-m", "firstlight", "--home", str(tmp_path / "home"), "ingest",
              str(material), "--case", "Case A", "--quiet"]  # fmt: skip
    made: list[Path] = []
    with subprocess.Popen(ingest, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        while run.poll() is None:
            target = tmp_path / f"b{len(made)}"
            assert call("backup", str(target)).code == 0
            made.append(target)
            time.sleep(0.3)
        assert run.returncode == 0, run.stderr and run.stderr.read()
    assert len(made) > 1
    found = []
    for target in made:
        back = quick_caller(tmp_path / f"of {target.name}")
        done = back("restore", str(target))
        assert done.code == 0, done.err
        assert back("verify").code == 0
        cases = back("case", "--json").document["cases"]
        found.append(sum(one["files"] for one in cases))
    assert found == sorted(found)
    # One of the middle goes on to where the home that was backed up went.
    going_on = tmp_path / f"of {made[len(made) // 2].name}"
    assert caller(going_on)("ingest", str(material), "--case", "Case A").code == 0
    assert dump(going_on / "home") == dump(tmp_path / "home")
    assert call("verify").code == 0


FULL = """
set -u
mkdir -p {place}/small {place}/home-mount
mount -t tmpfs -o size=200k tmpfs {place}/small
{firstlight} --home {place}/home backup {place}/small/b; echo target $?
ls -A {place}/small | sed 's/^/left /'
size=$(du -sk {place}/home | cut -f1)
mount -t tmpfs -o size=$((size + 200))k tmpfs {place}/home-mount
cp -a {place}/home/. {place}/home-mount/
{firstlight} --home {place}/home-mount backup {place}/of-full; echo home $?
ls -A {place}/home-mount | grep copying | sed 's/^/left /'
{firstlight} --home {place}/home-mount verify >/dev/null; echo verify $?
mount -o remount,size=64m {place}/home-mount
{firstlight} --home {place}/home-mount backup {place}/of-larger >/dev/null; echo larger $?
mkdir {place}/narrow
mount -t tmpfs -o size=200k tmpfs {place}/narrow
{firstlight} --home {place}/narrow/home restore {place}/of-larger; echo restore $?
ls -A {place}/narrow | sed 's/^/left /'
"""


def test_a_full_disk_leaves_no_half_file(place: Path):
    mounts = ["--mount"] if os.geteuid() == 0 else ["--map-root-user", "--mount"]
    if subprocess.run(["unshare", *mounts, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespaces here")
    with opened(place / "home") as home:
        for number in range(40):
            open_case(home, f"Case {number}")
    script = FULL.format(
        place=shlex.quote(str(place)), firstlight=f"{shlex.quote(sys.executable)} -m firstlight"
    )
    done = subprocess.run(
        ["unshare", *mounts, "sh", "-c", script],
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.split()[0] in
             ("target", "home", "verify", "larger", "restore", "left")]  # fmt: skip
    assert lines == ["target 7", "home 7", "verify 0", "larger 0", "restore 7"], done
    assert done.stderr.count("[store]") == 3
    assert not (place / "of-full").exists()
    assert not list((place / "home").glob("store.copying*"))
