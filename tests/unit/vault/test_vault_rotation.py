"""Rotation, moves and escrow: killed at every step, then finished by the next command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from firstlight.errors import KeyMissingError, KeyWrongError, SettingError, UsageError
from firstlight.vault.holder import KeySettings, load_secret, make_secret, warnings_of
from firstlight.vault.holder_fact import endorsed_bytes, read_facts
from firstlight.vault.key_folder import KeyFolder
from firstlight.vault.passphrase import PassphraseCost
from firstlight.vault.rotation import (
    export_secret,
    import_secret,
    move_secret,
    rotate_secret,
    settle,
)
from firstlight.vault.secret import HomeSecret
from firstlight.vault.signing import HomeSigner, verify_signature

CHEAP = PassphraseCost(memory_kib=32, iterations=1, lanes=1)
WORDS = "correct horse battery"
OTHER_WORDS = "staple after staple"


class KilledError(Exception):
    """The process ends here."""


class Unit:
    """A home with one case and something sealed under it."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.settings = KeySettings(key_file=str(root / "stick" / "key.json"), cost=CHEAP)
        self.records: list[HomeSecret] = []

    def make(self) -> Unit:
        self.home.mkdir(parents=True)
        secret = make_secret(self.home, self.settings)
        keys = KeyFolder(self.home / "keys", secret)
        keys.create()
        keys.add_case(1)
        (self.home / "sealed").write_bytes(keys.seal(1, b"", b"x"))
        return self

    def load(self) -> HomeSecret:
        return load_secret(self.home, self.settings)

    def is_readable(self) -> bool:
        keys = KeyFolder(self.home / "keys", self.load())
        return keys.open(1, b"", (self.home / "sealed").read_bytes()) == b"x"

    def settle(self) -> HomeSecret:
        return settle(self.home, self.settings, self.load(), self.records.append)


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    return Unit(tmp_path / "unit").make()


def copy_of(unit: Unit, root: Path) -> Unit:
    shutil.copytree(unit.home.parent, root)
    copy = Unit(root)
    facts = copy.home / "keys" / "holder.json"
    facts.write_text(facts.read_text().replace(str(unit.home.parent), str(root)))
    return copy


def killed_at_every_step(
    unit: Unit, root: Path, act: Callable[[Unit, Callable[[str], None]], object]
) -> list[tuple[Unit, str]]:
    found: list[tuple[Unit, str]] = []
    for at in range(1, 60):
        copy, passed = copy_of(unit, root / f"at-{at}"), []

        def step(name: str, passed: list[str] = passed, at: int = at) -> None:
            passed.append(name)
            if len(passed) == at:
                raise KilledError

        try:
            act(copy, step)
        except KilledError:
            found.append((copy, passed[-1]))
            continue
        return found
    raise AssertionError("no end")


def test_rotation_replaces_the_master_and_keeps_the_contents(unit: Unit) -> None:
    old = unit.load()
    new = rotate_secret(unit.home, unit.settings, old, unit.records.append)
    assert unit.load() == new
    assert (new.previous, new.signing_seed) == ((), old.signing_seed)
    assert new.master != old.master
    assert unit.is_readable()
    assert [record.previous for record in unit.records] == [(old.master,)]
    with pytest.raises(KeyWrongError):
        KeyFolder(unit.home / "keys", old).check()
    facts = read_facts(unit.home)
    assert facts is not None
    assert len(facts.signing_keys) == 1


def test_a_new_signing_key_is_endorsed_by_the_old_one(unit: Unit) -> None:
    old = unit.load()
    new = rotate_secret(unit.home, unit.settings, old, unit.records.append, is_signing_renewed=True)
    facts = read_facts(unit.home)
    assert facts is not None
    first, second = facts.signing_keys
    assert (first.public_key, second.public_key) == (
        HomeSigner(old).public_key.hex(),
        HomeSigner(new).public_key.hex(),
    )
    assert (first.endorsement, first.from_at <= second.from_at) == ("", True)
    verify_signature(
        HomeSigner(old).public_key,
        endorsed_bytes(new.secret_id, second.public_key, second.from_at),
        bytes.fromhex(second.endorsement),
    )


@pytest.mark.parametrize("is_signing_renewed", [False, True])
def test_a_rotation_killed_at_every_step_is_finished(
    is_signing_renewed: bool, unit: Unit, tmp_path: Path
) -> None:
    old = unit.load()

    def act(copy: Unit, step: Callable[[str], None]) -> None:
        rotate_secret(
            copy.home,
            copy.settings,
            copy.load(),
            copy.records.append,
            is_signing_renewed=is_signing_renewed,
            step=step,
        )

    kills = killed_at_every_step(unit, tmp_path / "kills", act)
    assert len(kills) == 12 + 2 * is_signing_renewed
    for copy, name in kills:
        assert copy.is_readable(), name
        secret = copy.settle()
        assert copy.load() == secret, name
        assert secret.previous == ()
        assert copy.is_readable()
        # Either nothing took effect and nothing was recorded, or it did and it was.
        assert (secret.master != old.master) == bool(copy.records), name
        facts = read_facts(copy.home)
        assert facts is not None
        assert facts.signing_keys[-1].public_key == HomeSigner(secret).public_key.hex()
        assert not list(copy.home.rglob("*.new"))
        count = len(copy.records)
        assert copy.settle() == secret
        assert len(copy.records) == count


def test_settling_under_a_wrong_key_changes_nothing(unit: Unit) -> None:
    before = {path: path.read_bytes() for path in (unit.home / "keys").iterdir()}
    with pytest.raises(KeyWrongError):
        settle(unit.home, unit.settings, HomeSecret.generate().rotated(), unit.records.append)
    assert {path: path.read_bytes() for path in (unit.home / "keys").iterdir()} == before


def targets(root: Path) -> dict[str, KeySettings]:
    return {
        "file": KeySettings(key_store="file", key_file=str(root / "second" / "key.json")),
        "passphrase": KeySettings(key_store="passphrase", passphrase=WORDS, cost=CHEAP),
    }


def test_a_move_destroys_the_old_copy(unit: Unit, tmp_path: Path) -> None:
    secret, old_file = unit.load(), Path(unit.settings.key_file or "")
    for kind in ("file", "passphrase", "file"):
        target = targets(tmp_path)[kind]
        move_secret(unit.home, unit.settings, secret, target, unit.records.append)
        unit.settings = target
        assert unit.load() == secret
        assert not old_file.exists()
        assert (unit.home / "keys" / "secret.sealed").exists() == (kind == "passphrase")
    assert not (unit.home / "keys" / "secret.sealed.new").exists()
    with pytest.raises(UsageError, match="already"):
        move_secret(unit.home, unit.settings, secret, unit.settings, unit.records.append)


def test_another_passphrase_takes_the_old_one_s_place(unit: Unit, tmp_path: Path) -> None:
    secret, target = unit.load(), targets(tmp_path)["passphrase"]
    move_secret(unit.home, unit.settings, secret, target, unit.records.append)
    new = KeySettings(key_store="passphrase", passphrase=OTHER_WORDS, cost=CHEAP)
    move_secret(unit.home, target, secret, new, unit.records.append)
    assert load_secret(unit.home, new) == secret
    with pytest.raises(KeyWrongError):
        load_secret(unit.home, target)
    weak = KeySettings(key_store="passphrase", passphrase="weak", cost=CHEAP)
    with pytest.raises(SettingError):
        move_secret(unit.home, new, secret, weak, unit.records.append)
    assert load_secret(unit.home, new) == secret


def test_a_move_never_overwrites(unit: Unit, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    target = KeySettings(key_store="file", key_file=str(tmp_path / "taken"))
    with pytest.raises(UsageError):
        move_secret(unit.home, unit.settings, unit.load(), target, unit.records.append)
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.parametrize("kind", ["file", "passphrase"])
def test_a_move_killed_at_every_step_leaves_one_copy(kind: str, unit: Unit, tmp_path: Path) -> None:
    secret = unit.load()

    def act(copy: Unit, step: Callable[[str], None]) -> None:
        target = targets(copy.home.parent)[kind]
        move_secret(copy.home, copy.settings, copy.load(), target, copy.records.append, step)

    kills = killed_at_every_step(unit, tmp_path / "kills", act)
    assert len(kills) == 11
    for copy, name in kills:
        facts = read_facts(copy.home)
        assert facts is not None
        has_moved = facts.place.key_file != copy.settings.key_file
        assert copy.records or not has_moved, name
        if has_moved:
            copy.settings = targets(copy.home.parent)[kind]
        assert copy.load() == secret, name
        assert copy.settle() == secret
        assert copy.load() == secret, name
        copies = [
            copy.home.parent / "stick" / "key.json",
            copy.home.parent / "second" / "key.json",
            copy.home / "keys" / "secret.sealed",
        ]
        assert sum(path.exists() for path in copies) == 1, name
        assert not list(copy.home.parent.rglob("*.new")), name
        assert warnings_of(copy.home, copy.settings) == []


def test_a_record_cannot_make_us_destroy_another_file(unit: Unit, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = unit.home / "keys" / "holder.json"
    plain = json.loads(path.read_text())
    plain["leaving"] = {"kind": "file", "key_file": str(victim)}
    path.write_text(json.dumps(plain))
    unit.settle()
    assert victim.read_text() == "precious"


def leave(unit: Unit, place: dict[str, str | None]) -> None:
    """Let the home's record say that the key was held somewhere before."""
    path = unit.home / "keys" / "holder.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "leaving": place}))


@pytest.mark.parametrize("way", ["dot", "twice", "folder link", "link", "hard link", "waiting"])
@pytest.mark.parametrize("is_named_anew", [False, True])
def test_a_record_cannot_make_us_destroy_the_key_that_counts(
    way: str, is_named_anew: bool, unit: Unit, tmp_path: Path
) -> None:
    live = Path(unit.settings.key_file or "")
    names = {
        "dot": f"{live.parent}/./key.json",
        "twice": f"{live.parent}//key.json",
        "folder link": str(tmp_path / "way" / "key.json"),
        "link": str(tmp_path / "link"),
        "hard link": str(live.parent / "second"),
        "waiting": str(live.parent / "third"),
    }
    (tmp_path / "way").symlink_to(live.parent)
    (tmp_path / "link").symlink_to(live)
    for name in ("second", "third.new"):
        (live.parent / name).hardlink_to(live)
    content = live.read_bytes()
    leave(unit, {"kind": "file", "key_file": names[way]})
    if not is_named_anew:
        unit.settings = KeySettings(cost=CHEAP)
    for _ in range(2):
        unit.settle()
        assert live.read_bytes() == content
    assert unit.is_readable()


def test_a_record_cannot_make_us_destroy_what_lies_beside_a_key(unit: Unit, tmp_path: Path) -> None:
    for name, content in {"evidence.E01.new": "precious", "other.new": "{}"}.items():
        (tmp_path / name).write_text(content)
        for secret_id in ("", HomeSecret.generate().to_json()):
            leave(unit, {"kind": "file", "key_file": str(tmp_path / name.removesuffix(".new"))})
            if secret_id:
                (tmp_path / name).write_text(secret_id)
            before = (tmp_path / name).read_bytes()
            unit.settle()
            assert (tmp_path / name).read_bytes() == before


def test_an_old_copy_is_destroyed_only_beside_a_copy_that_counts(
    unit: Unit, tmp_path: Path
) -> None:
    secret, live = unit.load(), Path(unit.settings.key_file or "")
    old = tmp_path / "old.json"
    shutil.copy(live, old)
    leave(unit, {"kind": "file", "key_file": str(old)})
    live.rename(tmp_path / "away")
    settle(unit.home, unit.settings, secret, unit.records.append)
    assert old.exists()
    (tmp_path / "away").rename(live)
    unit.settle()
    assert not old.exists()
    assert unit.load() == secret


@pytest.mark.parametrize("kind", ["passphrase", "file"])
def test_a_record_cannot_make_us_destroy_the_sealed_key(
    kind: str, unit: Unit, tmp_path: Path
) -> None:
    secret, target = unit.load(), targets(tmp_path)["passphrase"]
    move_secret(unit.home, unit.settings, secret, target, unit.records.append)
    unit.settings = target
    sealed = unit.home / "keys" / "secret.sealed"
    leave(unit, {"kind": kind, "key_file": str(sealed) if kind == "file" else None})
    unit.settle()
    assert unit.load() == secret


@pytest.mark.parametrize("names", [("k", "k.new"), ("k.new", "k")])
def test_a_move_to_a_name_beside_the_old_one_keeps_a_key(
    names: tuple[str, str], tmp_path: Path
) -> None:
    unit = Unit(tmp_path / "unit")
    unit.settings = KeySettings(key_file=str(tmp_path / names[0]))
    secret = unit.make().load()
    target = KeySettings(key_store="file", key_file=str(tmp_path / names[1]))
    with suppress(UsageError):
        move_secret(unit.home, unit.settings, secret, target, unit.records.append)
    unit.settings = KeySettings()
    unit.settle()
    assert unit.load() == secret


def test_a_rotation_overwrites_nothing_that_lies_beside_the_key(unit: Unit) -> None:
    secret, live = unit.load(), Path(unit.settings.key_file or "")
    beside = live.with_name("key.json.new")
    beside.write_text("mine")
    with pytest.raises(UsageError):
        rotate_secret(unit.home, unit.settings, secret, unit.records.append)
    assert beside.read_text() == "mine"
    assert unit.load() == secret
    beside.write_text("")
    rotate_secret(unit.home, unit.settings, secret, unit.records.append)
    assert not beside.exists()


def test_escrow_gives_the_key_back(unit: Unit, tmp_path: Path) -> None:
    secret = unit.load()
    words = KeySettings(passphrase=WORDS, cost=CHEAP)
    export_secret(tmp_path / "escrow", secret, words, unit.records.append)
    assert secret.master.hex() not in (tmp_path / "escrow").read_text()
    assert (tmp_path / "escrow").stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError):
        export_secret(tmp_path / "escrow", secret, words, unit.records.append)
    shutil.rmtree(unit.home.parent / "stick")
    target = targets(tmp_path)["file"]
    for has_record in (True, False):
        if not has_record:
            (unit.home / "keys" / "holder.json").unlink()
        assert import_secret(unit.home, tmp_path / "escrow", words, target) == secret
        assert load_secret(unit.home, KeySettings()) == secret
    wrong = KeySettings(passphrase=OTHER_WORDS)
    with pytest.raises(KeyWrongError):
        import_secret(unit.home, tmp_path / "escrow", wrong, target)
    with pytest.raises(KeyMissingError):
        import_secret(unit.home, tmp_path / "nowhere", words, target)


def test_escrow_of_another_home_or_of_before_a_rotation_is_refused(
    unit: Unit, tmp_path: Path
) -> None:
    words = KeySettings(passphrase=WORDS, cost=CHEAP)
    export_secret(tmp_path / "old", unit.load(), words, unit.records.append)
    rotate_secret(unit.home, unit.settings, unit.load(), unit.records.append)
    other = Unit(tmp_path / "other").make()
    export_secret(tmp_path / "foreign", other.load(), words, other.records.append)
    before = (unit.home / "keys" / "holder.json").read_bytes()
    for name in ("old", "foreign"):
        with pytest.raises(KeyWrongError):
            import_secret(unit.home, tmp_path / name, words, targets(tmp_path)["file"])
    assert (unit.home / "keys" / "holder.json").read_bytes() == before
    assert not (tmp_path / "second").exists()
