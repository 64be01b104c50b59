"""One seized device, from its image to its erasure, on a machine without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from examples.answer import Answer, read_answer
from examples.device import ABSENT, ENCRYPTED, DeviceItem, DeviceTruth, draw_device
from examples.device_contents import WORDS
from examples.device_scoring import score_device
from examples.scoring import failing
from tests.cli.conftest import quick_caller
from tests.cli.test_cli_erase import readable

SCRIPT = Path(__file__).parents[2] / "docs" / "howto" / "verify_export.py"
CASE = "Zqcasename 12"
FACTS = ("--exhibit", "Zqexhibit", "--custodian", "Zqcustodian", "--legal-basis", "Zqbasis")
ABOUT_CASE = ("Zqcasename", "Zqexhibit", "Zqcustodian", "Zqbasis")
DONE, SOME_FAILED = 0, 3


@dataclass(frozen=True)
class Device:
    """The sample, and how to run a command beside it with no network."""

    folder: Path
    truth: DeviceTruth

    def image(self) -> str:
        return str(self.folder / "disk.E01")

    def words(self) -> str:
        return str(self.folder / "passwords.txt")

    def answer(self, found: dict[str, Any], taken_in: dict[str, Any]) -> Answer:
        return read_answer(os.fsencode(self.folder), [found], [taken_in])


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Device:
    folder = tmp_path_factory.mktemp("device")
    return Device(folder, draw_device(folder))


def call(arguments: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, capture_output=True, text=True, check=False, timeout=120, **options
    )


@pytest.fixture(scope="module")
def apart() -> list[str]:
    """Give the words before a command that takes the network away; none where nobody may."""
    program = shutil.which("unshare")
    for options in (["-n"], ["-rn"]):
        form = [program or "", *options]
        if program and call([*form, "true"]).returncode == 0:
            seen = call([*form, "cat", "/proc/net/dev"])
            assert [line.split(":")[0].strip() for line in seen.stdout.splitlines()[2:]] == ["lo"]
            return form
    return []


Ask = Callable[..., Any]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Name the home and its key in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRSTLIGHT_HOME", str(tmp_path / "home"))
        patch.setenv("FIRSTLIGHT_KEY_FILE", str(tmp_path / "key.json"))
        patch.setenv("FIRSTLIGHT_REASON", "investigation 17")
        yield tmp_path


@pytest.fixture
def ask(place: Path, apart: list[str]) -> Ask:
    """Run the program as its user does, without a network, and give its document."""

    def run(*arguments: str, code: int = DONE) -> Any:
        done = call([*apart, sys.executable, "-m", "firstlight", *arguments, "--json"])
        assert done.returncode == code, done.stderr + done.stdout
        return json.loads(done.stdout)

    return run


@pytest.fixture
def look(place: Path) -> Ask:
    """Run a command that writes nothing, in this process, and give its document."""
    inside = quick_caller(place)

    def run(*arguments: str, code: int = DONE) -> Any:
        answer = inside(*arguments, "--json")
        assert answer.code == code, answer.err + answer.out
        return answer.document

    return run


def check(device: Device, answer: Answer, *, has_passwords: bool) -> None:
    scores = score_device(device.truth, answer, has_passwords=has_passwords)
    assert [(row.label, row.missed) for row in failing(scores)] == []


def words_in(text: str, words: tuple[str, ...]) -> set[str]:
    return {word for word in words if word in text}


def test_the_sample_has_what_a_device_has(device: Device) -> None:
    kinds = {item.kind for item in device.truth.items}
    assert kinds >= {
        "segment", "living file", "deleted file", "deleted zip", "in deleted zip", "locked zip",
        "in locked zip", "locked 7z", "in locked 7z", "mailbox", "in mailbox", "in PDF", "in DOCX",
        "in thumbnail store", "in provider return", "in phone report", "encrypted volume",
    }  # fmt: skip
    assert {item.code_without for item in device.truth.items} >= {ENCRYPTED, ABSENT}
    assert sum(item.kind == "segment" for item in device.truth.items) > 1


def test_without_the_passwords_what_is_locked_is_listed(
    device: Device, ask: Ask, look: Ask
) -> None:
    ask("init")
    taken_in = ask("ingest", device.image(), "--case", CASE, code=SOME_FAILED)
    answer = device.answer(look("find", "--case", CASE), taken_in)
    check(device, answer, has_passwords=False)
    # The measure is able to fail: with the list, more would have to be found.
    assert failing(score_device(device.truth, answer, has_passwords=True))
    retry = ("--retry-failed", "--passwords", device.words())
    taken_in = ask("ingest", device.image(), "--case", CASE, *retry, code=SOME_FAILED)
    check(device, device.answer(look("find", "--case", CASE), taken_in), has_passwords=True)


def test_a_device_goes_in_is_proved_and_is_gone(
    device: Device, ask: Ask, look: Ask, place: Path
) -> None:
    home = place / "home"
    ask("init", "--profile", "holder", "--legal-basis", "s. 46", "--keep-originals")
    taken_in = ask(
        "ingest", device.image(), "--case", CASE, "--passwords", device.words(), *FACTS,
        code=SOME_FAILED,
    )  # fmt: skip
    found = look("find", "--case", CASE)
    assert found["is_complete"]
    check(device, device.answer(found, taken_in), has_passwords=True)
    check_shown(device, look)
    words = (*device.truth.planted, *ABOUT_CASE)
    key = prove(ask, look, place, words)

    said = json.dumps([found, look("case", CASE)], ensure_ascii=False)
    assert words_in(said, words) == set(words)
    assert look("profile", "--kept")["kept"]["originals"]["count"] > 0
    assert readable(home, (*words, *WORDS)) == set()

    assert ask("case", "erase", CASE, "--reason", "ended", "--yes")["erased"]["sightings"] > 0
    assert readable(home, (*words, *WORDS)) == set()
    look("find", "--case", CASE, code=2)
    assert re.search(r"Erased\b.*\b1\b", quick_caller(place)("case", "due").out, re.DOTALL)
    left = ask("verify", "--against", str(place / "before"), "--public-key", key)
    assert left["ok"]
    shown = look("find", "--path", "Zq")
    assert shown["media"] == []
    said = json.dumps(
        [look("case"), look("custody", "show", "--limit", "1000")], ensure_ascii=False
    )
    assert words_in(said, words) == set()


def check_shown(device: Device, look: Ask) -> None:
    """One entry of each state is shown as the file system has it."""
    states = {}
    for item in device.truth.items:
        if item.sha256 and item.allocation:
            states[item.allocation] = item
    assert len(states) >= 2
    for state, item in states.items():
        assert item.sha256 is not None
        shown = look("show", item.sha256)
        assert shown["fingerprints"]["sha256"] == item.sha256
        place = next(one for one in shown["sightings"] if one["path"].endswith("/" + item.path))
        assert place["allocation"] == state
    (seen,) = explained(look, states["deleted"], "seen")
    assert "marked as deleted" in seen
    first = {item.kind: item for item in reversed(device.truth.items)}
    (seen,) = explained(look, first["in deleted zip"], "seen")
    assert "It lay inside " in seen
    assert "Old Zqfolder.zip, of which the entry is marked as deleted" in seen
    (decoded,) = explained(look, first["living file"], "picture")
    assert "A derivative of " in decoded
    assert "A copy of the content" in decoded


def explained(look: Ask, item: DeviceItem, section: str) -> list[str]:
    """What a court reads of one entry, in one section."""
    sections = look("explain", item.sha256)["sections"]
    return [" ".join(one["sentences"]) for one in sections if one["section"] == section]


def prove(ask: Ask, look: Ask, place: Path, words: tuple[str, ...]) -> str:
    """Take a checkpoint, and let a stranger verify an export; returns the public key."""
    ask("custody", "checkpoint", "--out", str(place / "before"))
    key: str = look("key")["public_key"]
    events = ask("custody", "export", "--out", str(place / "log"))["events"]
    text = (place / "log").read_text()
    assert words_in(text, words) == set()

    def verify(text: str) -> subprocess.CompletedProcess[str]:
        (place / "stranger").mkdir(exist_ok=True)
        (place / "stranger" / "log").write_text(text)
        shutil.copy(SCRIPT, place / "stranger")
        command = [sys.executable, "-I", SCRIPT.name, "log", key]
        return call(command, cwd=place / "stranger", env={})

    done = verify(text)
    assert done.returncode == 0, done.stderr
    assert f"verified: {events} events" in done.stdout
    assert verify(text.replace('"ingested"', '"exported"', 1)).returncode != 0
    return key
