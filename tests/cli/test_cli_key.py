"""The key of a home: shown, replaced, moved, lost and brought back."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from firstlight.cli.main import _run

WORDS = "correct horse battery staple"


class Answer(NamedTuple):
    """What one call of the program gave."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


@pytest.fixture
def unit(tmp_path, monkeypatch, capsys):
    """The program in this process, with home and configuration in folders of their own."""
    for name in [name for name in os.environ if name.startswith("FIRSTLIGHT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FIRSTLIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def call(*arguments, **environment):
        with monkeypatch.context() as inner, open(os.devnull) as nothing:
            inner.setattr(sys, "stdin", nothing)
            for name, value in environment.items():
                inner.setenv(name, value)
            capsys.readouterr()
            return Answer(_run(list(arguments)), *capsys.readouterr())

    return call


@pytest.fixture
def words(tmp_path) -> str:
    path = tmp_path / "words"
    path.write_text(WORDS + "\n")
    path.chmod(0o600)
    return str(path)


def actions(unit, **environment) -> list[str]:
    document = unit("custody", "show", "--json", **environment).document
    return [row["action"] for row in document["events"]]


def test_status_rotation_and_escrow(unit, tmp_path, words):
    assert unit("init").code == 0
    shown = unit("key", "--json").document
    assert shown["holder"] == "file"
    assert shown["key_file"].startswith(str(tmp_path / "config"))
    assert (shown["is_at_hand"], shown["is_rotation_unfinished"]) == (True, False)
    assert shown["warnings"] == []
    assert shown["secret_id"] in unit("key").out
    old_file = Path(shown["key_file"]).read_text()

    assert unit("child", "add", "C-1").code == 0
    rotated = unit("key", "rotate", "--signing", "--json").document
    assert rotated["public_key"] != shown["public_key"]
    after = unit("key", "--json").document
    assert [key["public_key"] for key in after["signing_keys"]] == [
        shown["public_key"],
        rotated["public_key"],
    ]
    assert unit("children").code == 0
    assert unit("verify").code == 0

    escrow = str(tmp_path / "escrow")
    assert unit("key", "export", escrow).code == 2
    assert unit("key", "export", escrow, "--passphrase-file", words).code == 0
    Path(shown["key_file"]).unlink()
    lost = unit("key", "--json")
    assert lost.code == 2
    assert lost.document["is_at_hand"] is False
    answer = unit("children")
    assert answer.code == 2
    assert "[key-missing]" in answer.err
    assert "key import" in answer.err
    assert unit("verify").code == 0
    assert unit("key", "import", escrow).code == 2
    assert unit("key", "import", escrow, "--passphrase-file", words).code == 0
    assert unit("children").code == 0

    # The key of before the rotation is another one.
    brought_back = Path(shown["key_file"]).read_text()
    Path(shown["key_file"]).write_text(old_file)
    answer = unit("children")
    assert (answer.code, "[key-wrong]" in answer.err) == (2, True)
    Path(shown["key_file"]).write_text(brought_back)
    assert [name for name in actions(unit) if name.endswith(("key", "keys"))] == [
        "rotated-keys",
        "exported-key",
        "imported-key",
    ]


def test_moves_from_holder_to_holder(unit, tmp_path, words):
    key_file = str(tmp_path / "stick" / "key.json")
    assert unit("init", FIRSTLIGHT_KEY_FILE=key_file).code == 0
    assert unit("key", "move", "--key-store", "passphrase").code == 2
    moved = unit("key", "move", "--key-store", "passphrase", "--passphrase-file", words)
    assert moved.code == 0
    assert not Path(key_file).exists()
    assert unit("children").code == 2
    assert unit("children", FIRSTLIGHT_PASSPHRASE=WORDS).code == 0
    wrong = unit("children", FIRSTLIGHT_PASSPHRASE=WORDS + "!")
    assert (wrong.code, "[key-wrong]" in wrong.err) == (2, True)
    here = {"FIRSTLIGHT_PASSPHRASE_FILE": words}
    back = unit("key", "move", "--key-store", "file", "--key-file", key_file, "--json", **here)
    assert back.document["from"] == "passphrase"
    assert unit("children").code == 0
    assert not (tmp_path / "home" / "keys" / "secret.sealed").exists()
    assert [name for name in actions(unit) if name == "moved-key"] == ["moved-key"] * 2
    assert WORDS.encode() not in b"".join(
        path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()
    )


def test_a_key_inside_the_home_is_warned_of_at_every_start(unit, tmp_path):
    inside = {"FIRSTLIGHT_KEY_FILE": str(tmp_path / "home" / "key.json")}
    assert unit("init", **inside).code == 0
    for _ in range(2):
        assert "inside the home" in unit("children", **inside).err
    assert unit("key", "--json", **inside).document["warnings"]


def test_without_a_terminal_nobody_is_asked(unit):
    answer = unit("init", FIRSTLIGHT_KEY_STORE="passphrase")
    assert (answer.code, "[key-missing]" in answer.err) == (2, True)
    short = unit("init", FIRSTLIGHT_PASSPHRASE="short")
    assert (short.code, "[setting-invalid]" in short.err) == (2, True)


def test_no_answer_shows_a_secret(unit, tmp_path):
    key_file = tmp_path / "key.json"
    environment = {"FIRSTLIGHT_KEY_FILE": str(key_file), "FIRSTLIGHT_LOG_LEVEL": "debug"}
    said = unit("init", **environment)
    texts = [said.out + said.err]
    secret = json.loads(key_file.read_text())
    for arguments in (("key",), ("key", "--json"), ("key", "rotate"), ("verify",)):
        said = unit(*arguments, **environment)
        texts.append(said.out + said.err)
    newer = json.loads(key_file.read_text())
    key_file.write_text(key_file.read_text()[:-30])
    said = unit("children", **environment)
    texts.append(said.out + said.err)
    for kept in (secret, newer):
        for name in ("master", "signing_seed"):
            assert all(kept[name] not in text for text in texts)


def test_a_home_of_another_user_s_key_names_the_way(unit, tmp_path):
    assert unit("init", FIRSTLIGHT_KEY_FILE=str(tmp_path / "key.json")).code == 0
    os.rename(tmp_path / "key.json", tmp_path / "moved.json")
    assert "FIRSTLIGHT_KEY_FILE" in unit("children").err
    assert unit("children", FIRSTLIGHT_KEY_FILE=str(tmp_path / "moved.json")).code == 0
