"""Files of a home altered behind the program's back: noticed, and nothing is destroyed for it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.cli.conftest import Answer, quick_caller

from firstlight.app.case import open_case
from firstlight.app.home import init_home, open_home
from firstlight.app.keeping import open_vault

INTEGRITY_EXIT, STORE_EXIT = 5, 7


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a home that has two cases."""
    init_home(str(tmp_path / "home"), "test")
    with open_home(str(tmp_path / "home"), "test", writing=True) as home:
        open_case(home, "Case A")
        open_case(home, "Case B")
    return tmp_path


def codes(answer: Answer) -> set[str]:
    return {one["code"] for one in answer.document["breaks"]}


def test_a_marker_that_nobody_recorded_destroys_no_key(place: Path) -> None:
    call, keys = quick_caller(place), place / "home" / "keys"
    before = (keys / "case-1.key").read_bytes()
    (keys / "case-1.erased").touch()
    for command in (("child", "add", "C-1"), ("key", "rotate"), ("case", "hold", "Case B")):
        refused = call(*command, "--reason", "test")
        assert refused.code == INTEGRITY_EXIT, refused.err
        assert "[integrity]" in refused.err
    assert call("case").code == INTEGRITY_EXIT
    verified = call("verify", "--json")
    assert (verified.code, codes(verified)) == (INTEGRITY_EXIT, {"keys-altered"})
    assert (keys / "case-1.key").read_bytes() == before
    (keys / "case-1.erased").unlink()
    assert call("case", "Case A").code == 0
    assert call("key", "rotate", "--reason", "test").code == 0
    assert call("case", "erase", "Case A", "--reason", "ended", "--yes").code == 0
    assert call("child", "add", "C-1").code == 0
    # Somebody removed the marker: it comes back with the next command that writes.
    (keys / "case-1.erased").unlink()
    assert call("child", "add", "C-2").code == 0
    assert (keys / "case-1.erased").exists()


def test_a_key_that_is_gone_is_named(place: Path) -> None:
    call, keys = quick_caller(place), place / "home" / "keys"
    assert call("case", "erase", "Case A", "--reason", "ended", "--yes").code == 0
    # What a killed opening of a case leaves is no break.
    (keys / "case-9.key").write_bytes((keys / "case-2.key").read_bytes())
    assert call("verify").code == 0
    for name in ("case-2.key", "home.key"):
        content = (keys / name).read_bytes()
        (keys / name).unlink()
        verified = call("verify", "--json")
        assert (verified.code, codes(verified)) == (INTEGRITY_EXIT, {"key-missing-file"})
        (keys / name).write_bytes(content)
    assert call("verify").code == 0
    (keys / "home.key").rename(place / "away")
    for path in keys.iterdir():
        path.unlink()
    keys.rmdir()
    assert codes(call("verify", "--json")) >= {"key-missing-file"}


LARGE = (1 << 20) * 2 + 5


def keep_some(place: Path) -> Path:
    """Keep three contents of Case A: two in a pack, one of a file of its own, one empty."""
    with open_home(str(place / "home"), "test", writing=True) as home:
        vault = open_vault(home)
        names = [bytes([number]) * 32 for number in range(4)]
        small = [vault.put_small(1, "derivative", name, b"x" * 9) for name in names[:2]]
        vault.flush()
        large = vault.put(1, "original", names[2], [bytes(LARGE)])
        empty = vault.put(1, "original", names[3], [])
        with home.store.transaction() as tx, tx.event(home.actor, "ingested") as event:
            for name, blob in zip(names, [*small, large, empty], strict=True):
                event.add("media", {
                    "media_id": name.hex(), "md5": name[:16], "sha1": name[:20], "sha256": name,
                    "size_bytes": 1, "kind": "image", "mime": "m", "label": "l",
                })  # fmt: skip
                event.add("kept", {
                    "case_id": 1, "media_id": name.hex(), "kind": "original", "pipeline": "p",
                    "blob_name": blob.blob_name, "size_bytes": blob.size_bytes,
                    "pack": blob.pack, "offset_bytes": blob.offset_bytes,
                })  # fmt: skip
    return place / "home" / "vault" / "case-1"


def test_kept_contents_that_are_gone_are_named(place: Path) -> None:
    call, vault = quick_caller(place), keep_some(place)
    assert call("verify").code == 0
    pack = vault / "000001.pack"
    own = sorted(path for path in vault.glob("*/*") if path.is_file())
    assert len(own) == 2
    for path in (pack, *own, vault / "blob.key"):
        content = path.read_bytes()
        for altered in (None, content[:-1], b""):
            path.unlink()
            if altered is not None:
                path.write_bytes(altered)
            verified = call("verify", "--json")
            is_noticed = (verified.code, codes(verified)) == (INTEGRITY_EXIT, {"kept-missing"})
            # Of the vault's key only that it is there is compared.
            assert is_noticed or (path.name == "blob.key" and altered), (path.name, altered)
            path.write_bytes(content)
    # A kill leaves bytes at the end of a pack: no record names them.
    pack.write_bytes(pack.read_bytes() + b"left")
    assert call("verify").code == 0
    assert call("case", "erase", "Case A", "--reason", "ended", "--yes").code == 0
    assert call("verify").code == 0


def test_a_store_that_claims_to_be_older_is_refused(place: Path) -> None:
    call, store = quick_caller(place), place / "home" / "store.sqlite"
    for revision in ("0003", "0002", "0001"):
        with sqlite3.connect(store) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.close()
        refused = call("child", "add", "C-1")
        assert refused.code == INTEGRITY_EXIT, refused.err
        assert "[store-altered]" in refused.err
        assert not (place / "home" / "backups").exists()
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0004'")
    connection.close()
    assert call("child", "add", "C-1").code == 0
    assert call("verify").code == 0
