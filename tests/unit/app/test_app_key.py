"""Rotation inside an opened home: recorded, signed by the right key, completed when cut off."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from firstlight.app.home import Home, init_home, open_home
from firstlight.app.key import export_key, key_document, move_key, rotate_keys, settle_keys
from firstlight.errors import SettingError
from firstlight.vault.key_folder import KeyFolder
from firstlight.vault.secret import HomeSecret
from firstlight.vault.signing import HomeSigner, verify_signature


class KilledError(Exception):
    """The process ends here."""


@pytest.fixture
def home_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in [name for name in os.environ if name.startswith("FIRSTLIGHT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FIRSTLIGHT_KEY_FILE", str(tmp_path / "key.json"))
    init_home(str(tmp_path / "home"), None)
    return str(tmp_path / "home")


def actions(home: Home) -> list[str]:
    from firstlight.app.custody import show_events

    events = show_events(home, after=0, limit=1000, action=None, case_name=None)["events"]
    return [event["action"] for event in events]


def test_the_opened_home_goes_on_under_the_new_keys(home_path: str) -> None:
    with open_home(home_path, None, writing=True) as home:
        sealed = home.sealer.seal(None, b"c", b"x")
        old = home.signer.public_key
        document = rotate_keys(home, is_signing_renewed=True)
        assert home.signer.public_key.hex() == document["public_key"] != old.hex()
        verify_signature(home.signer.public_key, b"m", home.signer.sign(b"m"))
        assert home.sealer.open(None, b"c", sealed) == b"x"
        home.sealer.add_case(1)
        again = rotate_keys(home)
        assert again["case_keys"] == 1
    with open_home(home_path, None, writing=False) as home:
        assert home.sealer.open(None, b"c", sealed) == b"x"
        assert home.sealer.has_case(1)
        assert actions(home).count("rotated-keys") == 2


def kill_points(act: Callable[[Callable[[str], None]], object]) -> int:
    passed: list[str] = []
    act(passed.append)
    return len(passed)


def test_a_rotation_killed_at_every_step_is_completed_and_recorded(
    home_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The completion is the use case's own, which also writes the record.
    monkeypatch.setattr(KeyFolder, "finish_rotation", lambda self, save=None: self.secret)
    with open_home(home_path, None, writing=True) as home:
        home.sealer.add_case(1)
        sealed = home.sealer.seal(1, b"c", b"x")
        steps = kill_points(lambda step: rotate_keys(home, is_signing_renewed=True, step=step))
    assert steps == 14
    for at in range(1, steps + 1):
        passed: list[str] = []

        def step(name: str, passed: list[str] = passed, at: int = at) -> None:
            passed.append(name)
            if len(passed) == at:
                raise KilledError

        with open_home(home_path, None, writing=False) as home:
            before, was = len(actions(home)), home.unlocked.secret
        with (
            pytest.raises(KilledError),
            open_home(home_path, None, writing=True) as home,
        ):
            rotate_keys(home, is_signing_renewed=True, step=step)
        with open_home(home_path, None, writing=False) as home:
            assert home.sealer.open(1, b"c", sealed) == b"x", passed[-1]
        with open_home(home_path, None, writing=True) as home:
            settle_keys(home)
            settle_keys(home)
            now: HomeSecret = home.unlocked.folder.secret
            has_rotated = now.master != was.master
            recorded = actions(home)[before:].count("rotated-keys")
            assert (recorded >= 1) == has_rotated, passed[-1]
            assert recorded <= 2
        with open_home(home_path, None, writing=False, is_locked=True) as home:
            document, trouble = key_document(home)
        assert trouble is None
        assert document["is_rotation_unfinished"] is False
        assert document["public_key"] == HomeSigner(now).public_key.hex()


def test_what_is_refused_is_not_recorded(home_path: str, tmp_path: Path) -> None:
    (tmp_path / "weak").write_text("weak")
    with open_home(home_path, None, writing=True) as home:
        before = actions(home)
        with pytest.raises(SettingError):
            move_key(
                home,
                key_store="passphrase",
                key_file=None,
                passphrase_file=str(tmp_path / "weak"),
            )
        with pytest.raises(SettingError):
            export_key(home, tmp_path / "copy", str(tmp_path / "weak"))
        assert actions(home) == before
    assert not (tmp_path / "copy").exists()
