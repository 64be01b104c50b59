"""A replaced signing key: what it signed stays proved, and it signs nothing that is newer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.unit.app.test_app_custody_export import stranger, verdict

from firstlight.app.custody import export_checkpoint, export_custody
from firstlight.app.heads import HEADS_FILE, custody_folder, sign_head
from firstlight.app.home import open_home
from firstlight.app.key import rotate_keys
from firstlight.app.verification import Witness, verify
from firstlight.vault.secret import HomeSecret
from firstlight.vault.signing import HomeSigner

__all__ = ["stranger"]


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose signing key was replaced twice; its secrets are kept beside it."""
    place = tmp_path_factory.mktemp("rotated")
    from firstlight.app.home import init_home

    init_home(str(place / "home"), None, key_file=str(place / "key"))
    secrets = []
    for turn in range(3):
        with open_home(
            str(place / "home"), None, writing=True, key_file=str(place / "key")
        ) as home:
            export_checkpoint(home, place / f"checkpoint-{turn}")
            secrets.append(home.unlocked.secret.to_json())
            if turn < 2:
                rotate_keys(home, is_signing_renewed=True)
    (place / "secrets").write_text(json.dumps(secrets))
    return place


@pytest.fixture
def place(rotated: Path, tmp_path: Path) -> Path:
    shutil.copytree(rotated, tmp_path / "copy")
    return tmp_path / "copy"


def signers(place: Path) -> list[HomeSigner]:
    texts = json.loads((place / "secrets").read_text())
    return [HomeSigner(HomeSecret.from_json(text)) for text in texts]


def key_of(place: Path, turn: int) -> str:
    return signers(place)[turn].public_key.hex()


def verified(place: Path, **witness: Any) -> dict[str, Any]:
    options = {"writing": False, "is_locked": True}
    with open_home(str(place / "home"), None, **options) as home:  # type: ignore[arg-type]
        return verify(home, Witness(**witness))


def codes(document: dict[str, Any]) -> set[str]:
    return {one["code"] for one in document["breaks"]}


@pytest.mark.parametrize("turn", [None, 0, 1, 2])
def test_an_honest_log_verifies_with_any_key_it_had(place: Path, turn: int | None) -> None:
    known = [] if turn is None else [key_of(place, turn)]
    taken_away = [place / f"checkpoint-{one}" for one in range(3)]
    assert verified(place, public_keys=known)["breaks"] == []
    assert verified(place, public_keys=known, checkpoints=taken_away)["breaks"] == []


def sign_again(place: Path, turn: int) -> None:
    """Sign the log as it is by a key that was replaced, as somebody who kept it can."""
    with open_home(str(place / "home"), None, writing=False, is_locked=True) as home:
        origin = json.loads((place / "home" / "keys" / "holder.json").read_text())["secret_id"]
        head = sign_head(
            home.store, signers(place)[turn], custody_folder(home.path), f"firstlight/{origin}"
        )
    assert head is not None


@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.parametrize("known", [None, 0, 1, 2])
def test_a_replaced_key_signs_no_newer_event(place: Path, turn: int, known: int | None) -> None:
    sign_again(place, turn)
    keys = [] if known is None else [key_of(place, known)]
    assert codes(verified(place, public_keys=keys)) == {"head-signature"}


def test_heads_of_the_old_key_alone_are_not_believed(place: Path) -> None:
    """Whoever holds an old key cuts the log to before its end, and every head of the new one."""
    heads = place / "home" / "custody" / HEADS_FILE
    heads.write_bytes(b"".join(heads.read_bytes().splitlines(keepends=True)[:2]))
    assert verified(place, public_keys=[key_of(place, 0)])["breaks"] == []
    assert codes(verified(place, public_keys=[key_of(place, 2)])) == {"head-signature"}


def test_a_key_that_endorses_itself_in_is_worth_nothing(place: Path) -> None:
    """Anybody can endorse the known key by one of their own, and be its predecessor."""
    from firstlight.vault.holder_fact import HolderFacts, read_facts, with_successor, write_facts

    facts = read_facts(place / "home")
    assert facts is not None
    forger = HomeSecret.generate()
    mine = type(facts.signing_keys[0])(HomeSigner(forger).public_key.hex(), "2020")
    plain = HolderFacts(facts.secret_id, facts.place, None, (mine,))
    new = HomeSecret.from_json(json.loads((place / "secrets").read_text())[2])
    write_facts(place / "home", with_successor(plain, forger, new))
    with open_home(str(place / "home"), None, writing=False, is_locked=True) as home:
        origin = f"firstlight/{facts.secret_id}"
        shutil.rmtree(custody_folder(home.path))
        sign_head(home.store, HomeSigner(forger), custody_folder(home.path), origin)
    assert codes(verified(place, public_keys=[key_of(place, 2)])) == {"head-signature"}


def exported(place: Path, **options: Any) -> Path:
    with open_home(str(place / "home"), None, writing=True, key_file=str(place / "key")) as home:
        export_custody(home, place / "export", **options)
    return place / "export"


@pytest.mark.parametrize("options", [{}, {"first": 6}, {"last": 3}])
def test_a_stranger_follows_the_keys(place: Path, stranger: Path, options: dict[str, int]) -> None:
    file = exported(place, **options)
    for keys in ([], *([key_of(place, turn)] for turn in range(3))):
        answer = verdict(stranger, file, *keys)
        assert answer.code == 0, answer.text
    assert verdict(stranger, file, "ab" * 32).code == 1


def test_a_stranger_is_not_taken_in_by_an_old_key(place: Path, stranger: Path) -> None:
    file = exported(place)
    lines = file.read_text().splitlines(keepends=True)
    sign_again(place, 0)
    forged = json.loads((place / "home" / "custody" / HEADS_FILE).read_bytes().splitlines()[-1])
    (place / "forged").write_text("".join([*lines[:-1], json.dumps({"head": forged}) + "\n"]))
    for keys in ([], *([key_of(place, turn)] for turn in range(3))):
        answer = verdict(stranger, place / "forged", *keys)
        assert "NOT VERIFIED" in answer.text, answer.text


def test_a_stranger_is_not_taken_in_by_a_false_endorsement(place: Path, stranger: Path) -> None:
    file = exported(place)
    lines = file.read_text().splitlines(keepends=True)
    header = json.loads(lines[0])
    header["keys"][2]["endorsement"] = "00" * 64
    (place / "forged").write_text("".join([json.dumps(header) + "\n", *lines[1:]]))
    assert verdict(stranger, place / "forged", key_of(place, 0)).code == 1
    assert verdict(stranger, place / "forged", key_of(place, 2)).code == 0


def test_where_a_key_takes_over_is_never_left_out(place: Path) -> None:
    lines = [json.loads(one) for one in exported(place, first=7).read_text().splitlines()]
    full = [one for one in lines if isinstance(one, list)]
    assert [one[5] for one in full].count("rotated-keys") == 2
