"""The export of the log: what a stranger verifies with the script of the documentation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from tests.unit.app import custody_home as made

from firstlight.app.custody import export_custody
from firstlight.errors import ChainBrokenError, UsageError
from firstlight.guard.custody import sha256_of
from firstlight.guard.custody_export import event_line, head_line, header_line
from firstlight.guard.head import sign_head
from firstlight.guard.note import PublicKey
from firstlight.guard.tree import EventTree
from firstlight.model.event import Event
from firstlight.vault.secret import HomeSecret
from firstlight.vault.signing import HomeSigner

SCRIPT = Path(__file__).parents[3] / "docs" / "howto" / "verify_export.py"
KEY = made.SIGNER.public_key.hex()


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The libraries of a stranger: the one Ed25519 library, and what it rests on."""
    place = tmp_path_factory.mktemp("stranger")
    for name in ("cryptography", "cffi", "_cffi_backend", "pycparser"):
        found = find_spec(name)
        if found is not None and found.origin is not None:
            origin = Path(found.origin)
            target = origin.parent if found.submodule_search_locations else origin
            (place / target.name).symlink_to(target)
    return place


@dataclass(frozen=True)
class Verdict:
    code: int
    text: str


def verdict(stranger: Path, file: Path, *keys: str) -> Verdict:
    """Run the script in a plain interpreter: no site packages but the one library."""
    done = subprocess.run(
        [sys.executable, "-S", "-s", str(SCRIPT), str(file), *keys],
        env={"PYTHONPATH": str(stranger), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Verdict(done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("export")
    made.make_home(place / "home")
    with made.opened(place / "home") as home:
        export_custody(home, place / "log", is_open=True)
        export_custody(home, place / "late", first=9)
        export_custody(home, place / "early", last=8)
        export_custody(home, place / "case", case_name="Case A")
    return place


def test_the_stranger_has_nothing_of_ours(stranger: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-c", "import cryptography, firstlight"],
        env={"PYTHONPATH": str(stranger)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No module named 'firstlight'" in done.stderr


@pytest.mark.parametrize("name", ["log", "late", "early", "case"])
def test_a_stranger_verifies_the_export(whole: Path, stranger: Path, name: str) -> None:
    assert verdict(stranger, whole / name, KEY).code == 0
    answer = verdict(stranger, whole / name)
    assert answer.code == 0
    assert KEY in answer.text
    assert verdict(stranger, whole / name, "00" * 32).code == 1


def test_the_export_gives_what_was_asked_for(whole: Path) -> None:
    def full(name: str) -> list[int]:
        lines = [json.loads(line) for line in (whole / name).read_text().splitlines()]
        return [line[0] for line in lines if isinstance(line, list)]

    assert full("log") == list(range(1, 17))
    assert full("late") == list(range(9, 18))
    assert full("early") == list(range(1, 9))
    assert full("case") == [2, 3, 4, 5, 6, 7, 8]
    text = (whole / "log").read_text()
    assert text.count('"purpose":"a test"') == 2
    assert "a test" not in (whole / "late").read_text()


def test_every_line_matters(whole: Path, stranger: Path, tmp_path: Path) -> None:
    lines = (whole / "case").read_bytes().splitlines(keepends=True)
    for place in range(len(lines)):
        if b'"head"' in lines[place] and place < len(lines) - 1:
            continue  # an earlier head may be left out: the last one covers all
        (tmp_path / "less").write_bytes(b"".join(lines[:place] + lines[place + 1 :]))
        answer = verdict(stranger, tmp_path / "less")
        assert answer.code == 1, place


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"ingested"', b'"re-read"'),
        (b"os:tester", b"os:nobody"),
        (b'"purpose":"a test"', b'"purpose":"a tesT"'),
        (b"firstlight/0123456789abcdef\\n8\\n", b"firstlight/0123456789abcdef\\n6\\n"),
        (b"firstlight/0123456789abcdef\\n16\\n", b"firstlight/0123456789abcdef\\n15\\n"),
    ],
)
def test_a_changed_export_is_found(
    whole: Path, stranger: Path, tmp_path: Path, old: bytes, new: bytes
) -> None:
    content = (whole / "log").read_bytes()
    assert old in content
    (tmp_path / "changed").write_bytes(content.replace(old, new, 1))
    assert verdict(stranger, tmp_path / "changed").code == 1


def test_a_digest_that_stands_for_an_event_cannot_be_changed(
    whole: Path, stranger: Path, tmp_path: Path
) -> None:
    lines = (whole / "case").read_bytes().splitlines(keepends=True)
    place = next(
        n
        for n, (line, after) in enumerate(pairwise(lines))
        if line.startswith(b'"') and after.startswith(b'"')
    )
    lines[place] = b'"' + b"ab" * 32 + b'"\n'
    (tmp_path / "changed").write_bytes(b"".join(lines))
    answer = verdict(stranger, tmp_path / "changed")
    assert answer.code == 1
    assert "signed" in answer.text


def test_a_purpose_of_no_event_is_found(whole: Path, stranger: Path, tmp_path: Path) -> None:
    """A text that nobody stated, with a digest of its own; salt and text moved against another."""
    lines = (whole / "log").read_text().splitlines(keepends=True)
    (place,) = [n for n, one in enumerate(lines) if "a test" in one][:1]
    told = json.loads(lines[place])
    text = "another search"
    salt = "00" * 16
    digest = sha256(bytes.fromhex(salt) + text.encode()).hexdigest()
    forged = {"sha256": digest, "salt": salt, "purpose": text}
    moved = {**told, "salt": told["salt"] + "61", "purpose": told["purpose"][1:]}
    for one in (forged, moved):
        (tmp_path / "changed").write_text(
            "".join([*lines[:place], json.dumps(one) + "\n", *lines[place + 1 :]])
        )
        answer = verdict(stranger, tmp_path / "changed", KEY)
        assert "a purpose is of no event" in answer.text, answer.text


def test_nothing_is_exported_from_a_changed_log(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole / "home", tmp_path / "home")
    with made.behind_the_back(tmp_path / "home") as connection:
        connection.execute("UPDATE event SET actor = 'os:nobody' WHERE event_seq = 3")
    with made.opened(tmp_path / "home") as home, pytest.raises(ChainBrokenError):
        export_custody(home, tmp_path / "log")
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("bounds", [{"first": 99}, {"last": 99}, {"first": 5, "last": 4}])
def test_a_range_that_is_none_is_refused(
    whole: Path, tmp_path: Path, bounds: dict[str, int]
) -> None:
    shutil.copytree(whole / "home", tmp_path / "home")
    with made.opened(tmp_path / "home") as home, pytest.raises(UsageError):
        export_custody(home, tmp_path / "log", **bounds)
    assert not (tmp_path / "log").exists()


def test_any_key_and_any_text_of_an_event_is_read(stranger: Path, tmp_path: Path) -> None:
    """Base64 may hold plus signs; an actor's name may hold anything that JSON does."""
    secrets = (HomeSecret("00" * 8, bytes(32), bytes([seed]) * 32) for seed in range(256))
    signer = next(
        signer
        for signer in map(HomeSigner, secrets)
        if PublicKey("x", signer.public_key).text.count("+") > 2
    )
    at = datetime(2026, 1, 2, tzinfo=UTC)
    event = Event(1, at, 'os:\u2028"\\n[', None, "t", "judged", "{}", "{}", bytes(32), b"")
    event = replace(event, sha256=sha256_of(event))
    tree = EventTree()
    tree.add(event.sha256)
    head = sign_head(signer, made.ORIGIN, tree=tree, chain=event.sha256, at=at)
    keys = [{"public_key": signer.public_key.hex(), "from_at": "", "endorsement": ""}]
    lines = (
        header_line(origin=made.ORIGIN, keys=keys, tool="t", first=1, last=1, is_case=False),
        event_line(event),
        head_line(head.file_text),
    )
    (tmp_path / "log").write_text("".join(line + "\n" for line in lines))
    answer = verdict(stranger, tmp_path / "log", signer.public_key.hex())
    assert answer.code == 0, answer.text
