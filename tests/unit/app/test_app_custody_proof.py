"""What a log that somebody went round the program to change still proves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.unit.app import custody_home as made

from firstlight.app.custody import export_checkpoint, show_events
from firstlight.app.heads import HEADS_FILE, TREE_FILE, all_heads, check_head, custody_folder
from firstlight.app.verification import Witness, verify
from firstlight.errors import SignatureError, StoreAlteredError, UsageError
from firstlight.vault.secret import HomeSecret
from firstlight.vault.signing import HomeSigner


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("whole")
    made.make_home(place / "home")
    with made.opened(place / "home") as home:
        export_checkpoint(home, place / "checkpoint")
    return place


@pytest.fixture
def place(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "copy")
    return tmp_path / "copy"


def verified(place: Path, **witness: Any) -> dict[str, Any]:
    with made.opened(place / "home") as home:
        return verify(home, Witness(**witness))


def codes(document: dict[str, Any]) -> set[str]:
    return {one["code"] for one in document["breaks"]}


def test_a_whole_log_verifies_with_its_heads(place: Path) -> None:
    document = verified(place, checkpoints=[place / "checkpoint"])
    assert document["breaks"] == []
    assert document["heads"] == 4
    assert document["unsigned_events"] == 0
    assert document["against"][0]["events"] == document["events"]
    assert document["newest_head"]["events"] == document["events"]


def test_a_head_is_signed_once(place: Path) -> None:
    with made.opened(place / "home") as home:
        assert made.sign(home.path, home.store) is None
        assert check_head(home.store, custody_folder(home.path)) == 0


def change_actor(seq: int, fields: dict[str, Any]) -> None:
    if seq == 5:
        fields["actor"] = "os:nobody"


def test_an_event_changed_with_the_whole_chain_recomputed_is_found(place: Path) -> None:
    with made.behind_the_back(place / "home") as connection:
        made.rechain(connection, change_actor)
    assert codes(verified(place)) == {"head-rewritten"}
    shutil.rmtree(place / "home" / "custody")
    assert codes(verified(place, checkpoints=[place / "checkpoint"])) >= {"head-rewritten"}


def test_the_last_ten_events_cut_off_are_found(place: Path) -> None:
    with made.behind_the_back(place / "home") as connection:
        made.cut_last(connection, 10)
    document = verified(place)
    assert codes(document) == {"head-truncated"}
    assert document["breaks"][0]["event"] == 7
    heads = place / "home" / "custody" / HEADS_FILE
    heads.write_bytes(heads.read_bytes().split(b"\n", 1)[0] + b"\n")
    assert verified(place)["ok"] is True
    assert codes(verified(place, checkpoints=[place / "checkpoint"])) == {"head-truncated"}


def test_a_record_changed_under_a_forged_migration_is_found(place: Path) -> None:
    with made.behind_the_back(place / "home") as connection:
        connection.execute("UPDATE media SET label = 'other' WHERE media_seq = 2")
        made.forge_migration(connection, "media")
    assert codes(verified(place, checkpoints=[place / "checkpoint"])) == {"event-migrated"}


def test_heads_signed_anew_with_another_key_are_found(place: Path) -> None:
    with made.behind_the_back(place / "home") as connection:
        made.rechain(connection, change_actor)
    shutil.rmtree(place / "home" / "custody")
    forger = HomeSigner(HomeSecret.generate())
    with made.opened(place / "home") as home:
        made.sign_head(home.store, forger, custody_folder(home.path), made.ORIGIN)
    assert codes(verified(place)) == {"head-signature"}
    holder = place / "home" / "keys" / "holder.json"
    facts = json.loads(holder.read_text())
    facts["signing_keys"][0]["public_key"] = forger.public_key.hex()
    holder.write_text(json.dumps(facts))
    # The home's own word is worth nothing once the home was replaced...
    assert verified(place)["ok"] is True
    # ...a checkpoint, or the key alone, from elsewhere is worth all.
    found = codes(verified(place, checkpoints=[place / "checkpoint"]))
    assert found == {"head-signature", "head-rewritten"}
    known = [made.SIGNER.public_key.hex()]
    assert codes(verified(place, public_keys=known)) == {"head-signature"}


def test_a_key_that_was_endorsed_is_followed(place: Path) -> None:
    from firstlight.vault.holder_fact import read_facts, with_successor, write_facts

    new = made.sample.SECRET.rotated(is_signing_renewed=True)
    facts = read_facts(place / "home")
    assert facts is not None
    write_facts(place / "home", with_successor(facts, made.sample.SECRET, new))
    with made.opened(place / "home") as home:
        head = made.sign_head(home.store, HomeSigner(new), custody_folder(home.path), made.ORIGIN)
    assert head is not None
    known = [made.SIGNER.public_key.hex()]
    assert verified(place, public_keys=known)["ok"] is True
    holder = place / "home" / "keys" / "holder.json"
    plain = json.loads(holder.read_text())
    plain["signing_keys"][1]["endorsement"] = "00" * 64
    holder.write_text(json.dumps(plain))
    assert codes(verified(place, public_keys=known)) == {"head-signature"}


def test_nothing_is_signed_on_top_of_a_changed_log(place: Path) -> None:
    with made.behind_the_back(place / "home") as connection:
        made.rechain(connection, change_actor)
    with made.opened(place / "home") as home:
        with pytest.raises(StoreAlteredError):
            check_head(home.store, custody_folder(home.path))
        with pytest.raises(StoreAlteredError):
            made.sign(home.path, home.store)
    with made.behind_the_back(place / "home") as connection:
        made.cut_last(connection, 3)
    with made.opened(place / "home") as home, pytest.raises(StoreAlteredError):
        made.sign(home.path, home.store)


def test_heads_that_are_gone_are_missed(place: Path) -> None:
    shutil.rmtree(place / "home" / "custody")
    assert codes(verified(place)) == {"head-missing"}
    # Also where no checkpoint was ever exported.
    with made.behind_the_back(place / "home") as connection:
        made.cut_last(connection, 1)
    assert codes(verified(place)) == {"head-missing"}
    with made.behind_the_back(place / "home") as connection:
        made.cut_last(connection, 14)
    assert verified(place)["breaks"] == []


def test_a_damaged_line_of_the_heads_is_found(place: Path) -> None:
    heads = place / "home" / "custody" / HEADS_FILE
    heads.write_bytes(b"rubbish\n" + heads.read_bytes())
    assert codes(verified(place)) == {"head-signature"}


def test_a_torn_last_line_is_replaced_by_the_next_head(place: Path) -> None:
    heads = place / "home" / "custody" / HEADS_FILE
    content = heads.read_bytes()
    heads.write_bytes(content[:-40])
    with made.opened(place / "home") as home:
        assert check_head(home.store, custody_folder(home.path)) == 1
        assert made.sign(home.path, home.store) is not None
    # Signing is deterministic: the same head comes back, byte by byte.
    assert heads.read_bytes() == content


@pytest.mark.parametrize("state", [b"", b"{", b'{"size":3,"edge":[]}', b'{"size":1,"edge":["00"]}'])
def test_a_damaged_tree_is_made_anew(place: Path, state: bytes) -> None:
    (place / "home" / "custody" / TREE_FILE).write_bytes(state)
    with made.opened(place / "home") as home:
        export_checkpoint(home, place / "second")
    document = verified(place, checkpoints=[place / "checkpoint", place / "second"])
    assert document["breaks"] == []


def test_a_checkpoint_of_another_home_is_told(place: Path, tmp_path: Path) -> None:
    text = (place / "checkpoint").read_text()
    (tmp_path / "other").write_text(text.replace("0123456789abcdef", "fedcba9876543210"))
    with pytest.raises(UsageError):
        verified(place, checkpoints=[tmp_path / "other"])
    (tmp_path / "rubbish").write_text("rubbish")
    with pytest.raises(UsageError):
        verified(place, checkpoints=[tmp_path / "rubbish"])
    with pytest.raises(UsageError):
        verified(place, checkpoints=[tmp_path / "absent"])


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "a+b"])
def test_what_is_no_public_key_is_refused(place: Path, text: str) -> None:
    with pytest.raises(UsageError):
        verified(place, public_keys=[text])


def test_verification_goes_on_without_the_record_of_keys(place: Path) -> None:
    holder = place / "home" / "keys" / "holder.json"
    holder.write_text("{")
    assert codes(verified(place)) == {"head-signature"}
    holder.unlink()
    assert verified(place)["ok"] is True


def test_a_checkpoint_is_never_written_over(place: Path) -> None:
    with made.opened(place / "home") as home:
        with pytest.raises(UsageError):
            export_checkpoint(home, place / "checkpoint")
        with pytest.raises(UsageError):
            export_checkpoint(home, place / "no" / "folder")
    assert verified(place, checkpoints=[place / "checkpoint"])["ok"] is True


def test_heads_are_kept_private(place: Path) -> None:
    folder = place / "home" / "custody"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    assert len(all_heads(folder)[0]) == 4
    (folder / HEADS_FILE).unlink()
    (folder / HEADS_FILE).mkdir()
    with pytest.raises(SignatureError):
        all_heads(folder)


def test_events_are_shown_by_page_action_and_case(place: Path) -> None:
    with made.opened(place / "home") as home:
        everything = show_events(home)
        one = show_events(home, action="ingested", limit=3, after=5)
        of_case = show_events(home, case_name="Case B")
        with pytest.raises(UsageError):
            show_events(home, action="unknown")
        assert show_events(home, after=10**23)["events"] == []
    assert [row["event"] for row in one["events"]] == [6, 7, 8]
    assert {row["purpose"] for row in everything["events"]} == {"a test"}
    assert everything["log_events"] == len(everything["events"]) == 16
    assert [row["event"] for row in of_case["events"]] == list(range(9, 16))
