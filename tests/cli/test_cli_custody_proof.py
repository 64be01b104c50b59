"""What the program proves to its user, and to a stranger, by its own commands."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.unit.app.custody_home import cut_last, rechain

from firstlight.cli.main import run

SCRIPT = Path(__file__).parents[2] / "docs" / "howto" / "verify_export.py"


@dataclass(frozen=True)
class Answer:
    """What one call gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
def prepared(photos, tmp_path_factory):
    """A home with a case, and a checkpoint of it that was taken away; made once."""
    place = tmp_path_factory.mktemp("prepared")
    (place / "in").mkdir()
    for name in ("cat.jpg", "smaller.jpg", "words.jpg"):
        shutil.copy(photos / name, place / "in" / name)
    env = {
        **os.environ,
        "FIRSTLIGHT_HOME": str(place / "home"),
        "FIRSTLIGHT_KEY_FILE": str(place / "key.json"),
        "FIRSTLIGHT_REASON": "a search",
    }
    for arguments in (
        ("init",),
        ("ingest", str(place / "in"), "--case", "One", "--quiet"),
        ("custody", "checkpoint", "--out", str(place / "checkpoint")),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "firstlight", *arguments], env=env, capture_output=True,
            check=False,
        )  # fmt: skip
        assert done.returncode in (0, 3), done.stderr
    return place


@pytest.fixture
def place(prepared, tmp_path, monkeypatch):
    """A copy of what was prepared."""
    shutil.copytree(prepared, tmp_path / "copy")
    monkeypatch.setenv("FIRSTLIGHT_HOME", str(tmp_path / "copy" / "home"))
    monkeypatch.setenv("FIRSTLIGHT_KEY_FILE", str(tmp_path / "copy" / "key.json"))
    monkeypatch.delenv("FIRSTLIGHT_REASON", raising=False)
    return tmp_path / "copy"


@pytest.fixture
def call(capsys) -> Callable[..., Answer]:
    """Call the program in this process: none of these commands starts workers."""

    def command(*arguments: str) -> Answer:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run(list(arguments))
        said = capsys.readouterr()
        return Answer(int(ended.value.code or 0), said.out, said.err)

    return command


@pytest.fixture
def filled(call, place):
    """The program, its place, and what the checkpoint states."""
    lines = (place / "checkpoint").read_text().splitlines()
    events = int(lines[1])
    from firstlight.guard.note import read_public_key

    key = read_public_key(lines[5].removeprefix("key ")).key.hex()
    return call, place, {"events": events, "public_key": key}


def behind_the_back(place: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(place / "home" / "store.sqlite", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = OFF")
    return connection


def test_every_writing_command_signs_and_says_so(filled):
    home, place, checkpoint = filled
    heads = place / "home" / "custody" / "heads"
    assert heads.read_text().count("\n") == 3
    answer = home("child", "add", "C-1")
    assert f"custody: {checkpoint['events'] + 1} events, head " in answer.err
    assert heads.read_text().count("\n") == 4
    assert "custody:" not in home("children").err
    assert heads.read_text().count("\n") == 4


def test_a_checkpoint_taken_away_agrees(filled):
    home, place, checkpoint = filled
    text = (place / "checkpoint").read_text()
    assert text.count("\n") <= 10
    home("child", "add", "C-1")
    answer = home("verify", "--against", str(place / "checkpoint"), "--public-key",
                  checkpoint["public_key"], "--json")  # fmt: skip
    assert answer.code == 0
    assert answer.document["against"][0]["events"] == checkpoint["events"]
    assert answer.document["is_key_known_elsewhere"] is True
    plain = home("verify").out
    assert "--against FILE" in plain
    assert checkpoint["public_key"] in plain


def test_verification_needs_no_private_key(filled):
    home, place, _ = filled
    (place / "key.json").unlink()
    assert home("verify", "--against", str(place / "checkpoint")).code == 0
    assert home("child", "add", "C-1").code == 2


def test_an_event_changed_with_the_whole_chain_recomputed_exits_5(filled):
    home, place, _ = filled

    def change(seq, fields):
        if seq == 3:
            fields["actor"] = "os:nobody"

    with behind_the_back(place) as connection:
        rechain(connection, change)
    connection.close()
    shutil.rmtree(place / "home" / "custody")
    answer = home("verify", "--against", str(place / "checkpoint"), "--json")
    assert answer.code == 5
    assert "head-rewritten" in {one["code"] for one in answer.document["breaks"]}
    assert "NOT VERIFIED" in home("verify", "--against", str(place / "checkpoint")).out


def test_the_last_ten_events_cut_off_exit_5(filled):
    home, place, checkpoint = filled
    assert checkpoint["events"] >= 10
    with behind_the_back(place) as connection:
        cut_last(connection, 10 if checkpoint["events"] > 10 else 9)
    connection.close()
    shutil.rmtree(place / "home" / "custody")
    answer = home("verify", "--against", str(place / "checkpoint"), "--json")
    assert answer.code == 5
    assert {one["code"] for one in answer.document["breaks"]} == {"head-truncated"}


def test_no_command_goes_on_with_a_log_that_was_cut(filled):
    home, place, checkpoint = filled
    heads = (place / "home" / "custody" / "heads").read_bytes()
    with behind_the_back(place) as connection:
        cut_last(connection, 3)
    connection.close()
    answer = home("child", "add", "C-1")
    assert answer.code == 5
    assert "verify" in answer.err
    assert (place / "home" / "custody" / "heads").read_bytes() == heads
    with behind_the_back(place) as connection:
        (events,) = connection.execute("SELECT count(*) FROM event").fetchone()
    connection.close()
    assert events == checkpoint["events"] - 3


def test_events_that_no_head_covers_are_told_and_then_signed(filled):
    home, place, checkpoint = filled
    heads = place / "home" / "custody" / "heads"
    content = heads.read_bytes()
    home("child", "add", "C-1")
    heads.write_bytes(content)
    verified = home("verify", "--json").document
    assert (verified["ok"], verified["unsigned_events"]) == (True, 1)
    answer = home("child", "add", "C-2")
    assert "no signed head covers the last 1 events" in answer.err
    assert f"custody: {checkpoint['events'] + 2} events" in answer.err
    assert home("verify", "--json").document["unsigned_events"] == 0


def test_an_export_is_verified_by_the_script_of_the_docs(filled):
    home, place, checkpoint = filled
    answer = home("custody", "export", "--out", str(place / "log"), "--open-purposes", "--json")
    assert answer.code == 0
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(place / "log"), checkpoint["public_key"]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"verified: {answer.document['events']} events" in done.stdout
    text = (place / "log").read_text()
    assert '"purpose":"a search"' in text
    assert "cat.jpg" not in text
    assert "One" not in text
    assert home("custody", "export", "--out", str(place / "log")).code == 2


def test_the_log_is_shown(filled):
    home, _, checkpoint = filled
    rows = home("custody", "show", "--action", "ingested", "--json").document["events"]
    assert len(rows) == 3
    assert {row["purpose"] for row in rows} == {"a search"}
    out = home("custody", "show", "--after", str(checkpoint["events"] - 1)).out
    assert "checkpointed" in out
    assert "ingested" not in out
    assert home("custody", "show", "--action", "nothing").code == 2
    assert home("custody", "show", "--case", "Two").code == 2


def test_a_time_stamp_is_asked_for_kept_and_verified(filled, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("no openssl program to make a time stamp service of")
    from tests.unit.guard.test_timestamp import Service

    (tmp_path / "service").mkdir()
    service = Service(tmp_path / "service")
    home, place, checkpoint = filled
    (place / "root.pem").write_bytes(service.root)
    names = {name: str(place / name) for name in ("checkpoint", "request", "response", "root.pem")}
    asked = home("custody", "timestamp-request", "--checkpoint", names["checkpoint"], "--out",
                 names["request"])  # fmt: skip
    assert asked.code == 0
    (place / "response").write_bytes(service.answer((place / "request").read_bytes()))
    kept = home("custody", "timestamp", "--checkpoint", names["checkpoint"], "--response",
                names["response"], "--certificates", names["root.pem"], "--json")  # fmt: skip
    assert kept.code == 0, kept.err
    assert kept.document["events"] == checkpoint["events"]
    assert (place / "home" / "custody" / "tokens" / (kept.document["kept"] + ".tsr")).exists()
    against = ("--against", names["checkpoint"], "--timestamp", names["response"])
    stated = home("verify", *against, "--certificates", names["root.pem"], "--json")
    assert stated.code == 0, stated.err
    assert stated.document["timestamp"]["at"] == kept.document["at"]
    assert home("verify", *against).code == 2
    wrong = home("verify", "--against", names["checkpoint"], "--timestamp", names["request"],
                 "--certificates", names["root.pem"])  # fmt: skip
    assert wrong.code == 5


def test_every_value_of_a_media_is_explained(filled):
    home, place, _ = filled
    listed = place / "listed.txt"
    media = home("find", "--case", "One", "--path", "cat.jpg", "--json").document["media"][0]
    listed.write_text(media["fingerprints"]["sha1"] + "\n")
    home("lists", "import", str(listed), "--name", "List A", "--purpose", "investigation",
         "--algorithm", "sha1")  # fmt: skip
    document = home("explain", media["media_id"][:12], "--json").document
    sections = {one["section"]: one for one in document["sections"]}
    assert list(sections) == ["content", "seen", "picture", "pdq", "metadata", "match", "near",
                              "judged", "log"]  # fmt: skip
    said = {name: " ".join(one["sentences"]) for name, one in sections.items()}
    assert media["fingerprints"]["md5"] in said["content"]
    assert "a search" in said["content"]
    assert "case One" in said["seen"]
    assert "archive_depth_max 6" in said["seen"]
    assert media["fingerprints"]["pdq"]["pdq"] in said["pdq"]
    assert "SHA-1" in said["match"]
    assert "List A" in said["match"]
    assert "of 256 bits" in said["near"]
    assert any("grades nothing" in one for one in sections["match"]["limits"])
    log = home("custody", "show", "--limit", "1000", "--json").document["events"]
    actions = {row["event"]: row["action"] for row in log}
    named = {row["event"]: row["action"] for row in document["events"]}
    assert named.items() <= actions.items()
    assert {"ingested", "began-run", "imported-list"} <= set(named.values())
    text = home("explain", media["media_id"]).out
    assert "Limit:" in text
    assert home("explain", "00" * 32).code == 2


def test_an_altered_value_is_not_laid_to_an_event(filled):
    home, place, _ = filled
    media = home("find", "--path", "cat.jpg", "--json").document["media"][0]["media_id"]
    assert home("explain", media).code == 0
    with behind_the_back(place) as connection:
        connection.execute("UPDATE pdq SET quality = 1 WHERE media_id = ?", (media,))
    connection.close()
    answer = home("explain", media)
    assert (answer.code, answer.out.splitlines()[0][:12]) == (5, "NOT VERIFIED")
    assert "row-altered" in answer.out
    assert home("explain", media, "--json").document["breaks"][0]["code"] == "row-altered"


def test_a_trigger_that_hides_events_is_found_before_anything_is_written(filled):
    home, place, _ = filled
    with behind_the_back(place) as connection:
        connection.execute(
            "CREATE TRIGGER quiet AFTER INSERT ON event WHEN new.action IN ('added-child')"
            " BEGIN DELETE FROM event WHERE event_seq = new.event_seq; END"
        )
    connection.close()
    answer = home("verify", "--json")
    assert answer.code == 5
    assert {one["code"] for one in answer.document["breaks"]} == {"schema-altered"}
    before = (place / "home" / "store.sqlite").read_bytes()
    refused = home("child", "add", "C-1")
    assert (refused.code, "[store-altered]" in refused.err) == (5, True)
    assert (place / "home" / "store.sqlite").read_bytes() == before


def test_a_number_beyond_any_event_shows_none(filled):
    home, _, _ = filled
    answer = home("custody", "show", "--after", "9" * 23, "--json")
    assert (answer.code, answer.document["events"]) == (0, [])


def test_an_unread_item_is_explained_too(filled):
    home, _, _ = filled
    failed = home("find", "--path", "words.jpg", "--json").document["media"][0]
    text = home("explain", failed["media_id"]).out
    assert "Nothing was decoded" in text
    assert "went wrong" in text or "text" in text
