"""Holders of the secret: key file, passphrase, keyring; made, loaded, lost, wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest

from firstlight.errors import (
    FirstlightError,
    KeyMissingError,
    KeyWrongError,
    SettingError,
    UsageError,
)
from firstlight.vault.holder import (
    KeySettings,
    load_secret,
    make_secret,
    save_secret,
    warnings_of,
)
from firstlight.vault.key_folder import KeyFolder
from firstlight.vault.passphrase import PassphraseCost
from firstlight.vault.secret import HomeSecret
from firstlight.vault.signing import HomeSigner

CHEAP = PassphraseCost(memory_kib=32, iterations=1, lanes=1)
WORDS = "correct horse battery"


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that lasts as long as a test."""

    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


class LockedKeyring(MemoryKeyring):
    """A keyring that nobody unlocked, and whose errors talk too much."""

    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked("canary-" + username)

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError("canary-" + password)


@pytest.fixture(autouse=True)
def _own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir(mode=0o700)
    return tmp_path / "home"


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    ring = MemoryKeyring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def settings_of(kind: str, tmp_path: Path) -> KeySettings:
    if kind == "file":
        return KeySettings(key_file=str(tmp_path / "stick" / "key.json"))
    if kind == "passphrase":
        return KeySettings(passphrase=WORDS, cost=CHEAP)
    return KeySettings(key_store=kind)


@pytest.mark.parametrize("kind", ["auto", "file", "passphrase", "keyring"])
def test_what_is_made_is_loaded(kind: str, home: Path, tmp_path: Path, ring: MemoryKeyring) -> None:
    settings = settings_of(kind, tmp_path)
    secret = make_secret(home, settings)
    KeyFolder(home / "keys", secret).create()
    assert load_secret(home, settings) == secret
    facts = json.loads((home / "keys" / "holder.json").read_text())
    assert facts["holder"] == {"auto": "file"}.get(kind, kind)
    assert facts["secret_id"] == secret.secret_id
    assert [key["public_key"] for key in facts["signing_keys"]] == [
        HomeSigner(secret).public_key.hex()
    ]
    # Making again gives the same one; a newer state replaces it.
    assert make_secret(home, settings) == secret
    save_secret(home, settings, secret.rotated())
    assert load_secret(home, settings).previous == (secret.master,)
    assert bool(ring.entries) == (kind == "keyring")
    # Nothing of it stands in the home in the clear.
    content = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    for key in (secret.master, secret.signing_seed):
        assert key not in content
        assert key.hex().encode() not in content


def test_without_a_word_the_key_goes_to_the_user_s_configuration(
    home: Path, tmp_path: Path
) -> None:
    old = os.umask(0)
    try:
        secret = make_secret(home, KeySettings())
    finally:
        os.umask(old)
    path = tmp_path / "config" / "firstlight" / "keys" / f"{secret.secret_id}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert HomeSecret.from_json(path.read_text()) == secret
    assert warnings_of(home, KeySettings()) == []


def test_a_key_file_that_moved_is_named_anew(home: Path, tmp_path: Path) -> None:
    settings = settings_of("file", tmp_path)
    secret = make_secret(home, settings)
    os.rename(tmp_path / "stick", tmp_path / "elsewhere")
    with pytest.raises(KeyMissingError, match="FIRSTLIGHT_KEY_FILE"):
        load_secret(home, KeySettings())
    there = KeySettings(key_file=str(tmp_path / "elsewhere" / "key.json"))
    assert load_secret(home, there) == secret
    save_secret(home, there, secret)
    assert load_secret(home, KeySettings()) == secret


def test_a_link_to_the_key_file_stays_a_link(home: Path, tmp_path: Path) -> None:
    settings = settings_of("file", tmp_path)
    secret = make_secret(home, settings)
    (tmp_path / "link").symlink_to(tmp_path / "stick" / "key.json")
    named = KeySettings(key_file=str(tmp_path / "link"))
    save_secret(home, named, secret.rotated())
    assert (tmp_path / "link").is_symlink()
    assert load_secret(home, settings).previous == (secret.master,)


def test_another_home_s_key_file_is_told_apart(home: Path, tmp_path: Path) -> None:
    make_secret(home, settings_of("file", tmp_path))
    other = tmp_path / "other"
    other.mkdir()
    foreign = KeySettings(key_file=str(tmp_path / "foreign.json"))
    theirs = make_secret(other, foreign)
    with pytest.raises(KeyWrongError, match="another home"):
        load_secret(home, foreign)
    with pytest.raises(UsageError):
        save_secret(home, foreign, HomeSecret.generate())
    assert load_secret(other, foreign) == theirs


def test_no_file_is_ever_overwritten_by_a_new_key(home: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    (tmp_path / "link").symlink_to("plain")
    for name in ("plain", "link"):
        with pytest.raises(UsageError):
            make_secret(home, KeySettings(key_file=str(tmp_path / name)))
    assert (tmp_path / "plain").read_bytes() == b""


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "pipe", "folder", "gone", "huge"])
def test_a_damaged_key_file_is_a_clear_error(damage: str, home: Path, tmp_path: Path) -> None:
    settings = settings_of("file", tmp_path)
    make_secret(home, settings)
    path = Path(settings.key_file or "")
    content = path.read_bytes()
    path.unlink()
    if damage == "pipe":
        os.mkfifo(path)
    elif damage == "folder":
        path.mkdir()
    elif damage != "gone":
        whole = {"cut": content[:-9], "empty": b"", "text": b"hello", "huge": content * 1000}
        path.write_bytes(whole[damage])
    with pytest.raises((KeyMissingError, KeyWrongError)) as caught:
        load_secret(home, settings)
    assert str(tmp_path) not in caught.value.message


def test_a_wrong_or_absent_passphrase_is_a_clear_error(home: Path) -> None:
    secret = make_secret(home, KeySettings(passphrase=WORDS, cost=CHEAP))
    with pytest.raises(KeyWrongError) as caught:
        load_secret(home, KeySettings(passphrase="another one entirely"))
    assert "another one" not in str(caught.value)
    with pytest.raises(KeyMissingError, match="FIRSTLIGHT_PASSPHRASE"):
        load_secret(home, KeySettings())
    with pytest.raises(KeyMissingError):
        load_secret(home, KeySettings(passphrase_file=str(home / "nowhere")))
    assert load_secret(home, KeySettings(ask=lambda: WORDS)) == secret


def test_a_mistyped_passphrase_never_seals_the_home(home: Path) -> None:
    secret = make_secret(home, KeySettings(passphrase=WORDS, cost=CHEAP))
    before = (home / "keys" / "secret.sealed").read_bytes()
    with pytest.raises(KeyWrongError):
        save_secret(home, KeySettings(passphrase=WORDS + "x", cost=CHEAP), secret.rotated())
    assert (home / "keys" / "secret.sealed").read_bytes() == before


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\nsecond line\n"])
def test_the_passphrase_file_s_first_line_counts(ending: str, home: Path, tmp_path: Path) -> None:
    (tmp_path / "words").write_bytes((WORDS + ending).encode())
    secret = make_secret(home, KeySettings(passphrase=WORDS, cost=CHEAP))
    assert load_secret(home, KeySettings(passphrase_file=str(tmp_path / "words"))) == secret


def test_a_person_is_asked_once(home: Path) -> None:
    asked = []

    def ask() -> str:
        asked.append(1)
        return WORDS

    settings = KeySettings(key_store="passphrase", ask=ask, cost=CHEAP)
    secret = make_secret(home, settings)
    save_secret(home, settings, secret)
    assert load_secret(home, settings) == secret
    assert len(asked) == 1


def test_a_short_passphrase_leaves_nothing_behind(home: Path) -> None:
    with pytest.raises(SettingError):
        make_secret(home, KeySettings(passphrase="short", cost=CHEAP))
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    "backend", [LockedKeyring, keyring.backends.fail.Keyring, keyring.backends.null.Keyring]
)
def test_an_unusable_keyring_is_a_clear_error(
    backend: type[keyring.backend.KeyringBackend], home: Path, ring: MemoryKeyring
) -> None:
    keyring.set_keyring(backend())
    with pytest.raises(KeyMissingError, match="keyring") as caught:
        make_secret(home, KeySettings(key_store="keyring"))
    assert "canary" not in str(caught.value)
    # Another holder can be chosen after that, and the keyring's refusal does not stand in the way.
    secret = make_secret(home, KeySettings(passphrase=WORDS, cost=CHEAP))
    assert load_secret(home, KeySettings(passphrase=WORDS)) == secret


def test_a_keyring_that_writes_plain_text_is_refused(home: Path, ring: MemoryKeyring) -> None:
    plain = type("PlainKeyring", (MemoryKeyring,), {"__module__": "keyrings.alt.file"})
    keyring.set_keyring(plain())
    with pytest.raises(KeyMissingError, match="safely"):
        make_secret(home, KeySettings(key_store="keyring"))


def test_a_keyring_without_the_entry_says_what_to_do(home: Path, ring: MemoryKeyring) -> None:
    make_secret(home, KeySettings(key_store="keyring"))
    ring.entries.clear()
    with pytest.raises(KeyMissingError, match="escrow"):
        load_secret(home, KeySettings())


def test_a_home_with_keys_is_never_given_another_secret(home: Path, tmp_path: Path) -> None:
    settings = settings_of("file", tmp_path)
    secret = make_secret(home, settings)
    KeyFolder(home / "keys", secret).create()
    path = Path(settings.key_file or "")
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(KeyMissingError):
        make_secret(home, settings)
    (home / "keys" / "holder.json").unlink()
    with pytest.raises(KeyMissingError):
        make_secret(home, settings)
    assert not path.exists()
    path.write_bytes(kept)


def test_a_new_home_destroys_no_other_home_s_key(home: Path, tmp_path: Path) -> None:
    settings = settings_of("file", tmp_path)
    secret = make_secret(home, settings)
    other = tmp_path / "other"
    (other / "keys").mkdir(parents=True)
    record = (home / "keys" / "holder.json").read_bytes()
    (other / "keys" / "holder.json").write_bytes(record)
    new = make_secret(other, KeySettings(key_file=str(tmp_path / "new.json")))
    assert new.secret_id != secret.secret_id
    assert load_secret(home, settings) == secret


def test_a_making_killed_at_every_step_can_be_made_again(home: Path, tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    kills = 0
    for at in range(1, 20):
        passed: list[str] = []

        def step(name: str, passed: list[str] = passed, at: int = at) -> None:
            passed.append(name)
            if len(passed) == at:
                raise KilledError

        settings = KeySettings(key_file=str(tmp_path / f"key-{at}"))
        fresh = home / str(at)
        fresh.mkdir()
        try:
            make_secret(fresh, settings, step)
        except KilledError:
            kills += 1
            secret = make_secret(fresh, settings)
            assert load_secret(fresh, settings) == secret
        if kills < at:
            break
    assert kills == 4


def test_weaknesses_are_named(home: Path, tmp_path: Path) -> None:
    inside = KeySettings(key_file=str(home / "key.json"))
    make_secret(home, inside)
    assert [text for text in warnings_of(home, inside) if "inside the home" in text]
    os.chmod(home / "key.json", 0o644)
    assert len(warnings_of(home, inside)) == 2
    (tmp_path / "way-in").symlink_to(home)
    round_about = KeySettings(key_file=str(tmp_path / "way-in" / "key.json"))
    assert len(warnings_of(home, round_about)) == 2


def test_an_open_passphrase_file_is_named(home: Path, tmp_path: Path) -> None:
    (tmp_path / "words").write_text(WORDS)
    os.chmod(tmp_path / "words", 0o640)
    settings = KeySettings(passphrase_file=str(tmp_path / "words"), cost=CHEAP)
    make_secret(home, settings)
    assert len(warnings_of(home, settings)) == 1
    os.chmod(tmp_path / "words", 0o600)
    assert warnings_of(home, settings) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: plain.pop("holder"),
        lambda plain: plain.update(holder="cloud"),
        lambda plain: plain.update(key_file=None),
        lambda plain: plain.update(key_file=7),
        lambda plain: plain.update(secret_id="../../x"),
        lambda plain: plain.update(signing_keys=[{"public_key": "00"}]),
        lambda plain: plain.update(leaving=["x"]),
        lambda plain: plain.update(form="other"),
    ],
)
def test_a_damaged_record_is_a_clear_error(
    change: Callable[[dict[str, object]], object], home: Path, tmp_path: Path
) -> None:
    settings = settings_of("file", tmp_path)
    make_secret(home, settings)
    path = home / "keys" / "holder.json"
    plain = json.loads(path.read_text())
    change(plain)
    path.write_text(json.dumps(plain))
    with pytest.raises(FirstlightError) as caught:
        load_secret(home, settings)
    assert caught.value.code == "key-wrong"


def test_settings_show_no_passphrase() -> None:
    settings = KeySettings(passphrase="canary words here", ask=lambda: "canary")
    assert "canary" not in repr(settings)
