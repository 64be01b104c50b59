"""What a holder's home keeps, what a hash-only home never has on its disk, and what is refused."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from firstlight.app import keeping as keeping_module
from firstlight.app.erasing import erase_case
from firstlight.app.home import Home, init_home, open_home
from firstlight.app.incoming import IncomingOriginals
from firstlight.app.ingest import IngestRequest, ingest
from firstlight.app.item_reading import PIECE_BYTES
from firstlight.app.keeping import blob_of, open_vault
from firstlight.app.profile import chosen_profile, current_profile, profile_document, set_profile
from firstlight.app.verification import verify
from firstlight.app.wire import report_from_plain, report_to_plain
from firstlight.errors import (
    CaseHeldError,
    SealBrokenError,
    StoreError,
    UsageError,
    WorkerLostError,
)
from firstlight.fingerprint.derivative import blurred_plane
from firstlight.model.derivative import Derivative
from firstlight.model.item import ItemReport
from firstlight.model.media import ContentType, Digests, FileFacts, Locator, MediaKind, Outcome
from firstlight.model.profile import Profile, ProfileKind
from firstlight.store.case import find_case
from firstlight.store.event import count_events
from firstlight.store.kept import KeptRow, kept_of_case

HOLDER = chosen_profile("holder", "Police Act, section 12")
KEEPER = chosen_profile("holder", "Police Act, section 12", keeps_originals=True)


def encoded(pixels: np.ndarray, form: str) -> bytes:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, form)
    return held.getvalue()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_METADATA_READER", "own")
    monkeypatch.setenv("FIRSTLIGHT_WORKERS", "1")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph, the same again, text, and an archive with two more and the first."""
    folder = tmp_path_factory.mktemp("source")
    cat = encoded(data.chelsea(), "PNG")
    (folder / "cat.png").write_bytes(cat)
    (folder / "copy.png").write_bytes(cat)
    (folder / "notes.txt").write_text("nothing to keep")
    noise = np.random.default_rng(1).integers(0, 255, (900, 1000, 3), dtype=np.uint8)
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("cup.png", encoded(data.coffee(), "PNG"))
        archive.writestr("noise.bmp", encoded(noise, "BMP"))
        archive.writestr("cat.png", cat)
    return folder


def make_home(tmp_path: Path, profile: Profile) -> None:
    init_home(str(tmp_path / "home"), "test", profile=profile)


def take_in(tmp_path: Path, source: Path, case: str = "One", **options: bool) -> dict:
    with open_home(str(tmp_path / "home"), "test", writing=True) as home:
        request = IngestRequest(case, (bytes(source),), **options)
        return ingest(home, request, lambda _: None)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator:
    """Open the home for reading, once it is made."""

    def opening():
        return open_home(str(tmp_path / "home"), "test", writing=True)

    return opening


def kept_rows(home: Home, case: str = "One") -> list[KeptRow]:
    found = find_case(home.store, case)
    assert found is not None
    return list(kept_of_case(home.store, found.case_id))


def contents(home: Home, case: str = "One") -> dict[tuple[str, str], bytes]:
    vault = open_vault(home)
    return {
        (row.kind, row.media_id): b"".join(vault.read(row.case_id, blob_of(row)))
        for row in kept_rows(home, case)
    }


def every_file(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_hash_only_home_never_holds_a_pixel(tmp_path, source, monkeypatch):
    def never(*_: object) -> None:
        raise AssertionError("a hash-only home opened its vault for writing")

    monkeypatch.setattr(keeping_module, "Keeping", never)
    make_home(tmp_path, chosen_profile(None))
    assert take_in(tmp_path, source)["files"] == 7
    assert not (tmp_path / "home" / "vault").exists()
    plane = blurred_plane(data.chelsea())
    canaries = [(source / "cat.png").read_bytes()[64:128], data.chelsea()[100].tobytes()[:48]]
    canaries += [plane.tobytes()[:64], plane[5].tobytes()]
    for path, held in every_file(tmp_path / "home").items():
        assert not any(canary in held for canary in canaries), path
        assert not any(magic in held for magic in (b"\x89PNG", b"\xff\xd8\xff", b"WEBP", b"FLDV"))


def test_holder_keeps_one_sealed_derivative_of_each_picture(tmp_path, source, opened):
    make_home(tmp_path, HOLDER)
    take_in(tmp_path, source)
    with opened() as home:
        found = contents(home)
        cat = sha256((source / "cat.png").read_bytes()).hexdigest()
        assert len(found) == 3
        assert {kind for kind, _ in found} == {"derivative"}
        kept = Derivative.from_bytes(found["derivative", cat])
        assert kept.planes == (blurred_plane(data.chelsea()).tobytes(),)
        assert {(row.width_px, row.pipeline) for row in kept_rows(home)} == {(32, "derivative-1")}
        assert verify(home)["ok"]
    for path, held in every_file(tmp_path / "home").items():
        assert kept.planes[0][:64] not in held, path
        assert b"FLDV" not in held


def test_originals_of_files_and_members_are_kept_bit_for_bit(tmp_path, source, opened):
    make_home(tmp_path, KEEPER)
    document = take_in(tmp_path, source)
    assert document["failed"] == []
    with opened() as home:
        originals = {name: held for (kind, name), held in contents(home).items() if kind[0] == "o"}
        assert len(originals) == 3
        assert all(sha256(held).hexdigest() == name for name, held in originals.items())
        assert max(map(len, originals.values())) > 2 * PIECE_BYTES
        # Kept once per content, though one was met three times.
        assert len(kept_rows(home)) == 6
        assert profile_document(home)["kept"]["originals"]["count"] == 3


def test_second_run_keeps_nothing_twice_and_reread_keeps_what_lacks(tmp_path, source, opened):
    make_home(tmp_path, chosen_profile(None))
    take_in(tmp_path, source)
    with opened() as home:
        set_profile(home, HOLDER)
    take_in(tmp_path, source)
    with opened() as home:
        assert kept_rows(home) == []
        before = count_events(home.store, "re-read")
    take_in(tmp_path, source, reread=True)
    with opened() as home:
        rows = kept_rows(home)
        assert len(rows) == 3
        assert count_events(home.store, "kept") == 3
        assert count_events(home.store, "re-read") == before
    take_in(tmp_path, source, reread=True)
    with opened() as home:
        assert kept_rows(home) == rows
        assert verify(home)["ok"]


def test_other_case_takes_a_copy_under_its_own_key_without_a_decode(
    tmp_path, source, opened, monkeypatch
):
    make_home(tmp_path, HOLDER)
    take_in(tmp_path, source)
    asked = []
    answer = keeping_module.Keeping.lacks_derivative

    def listen(self: object, shell: ItemReport) -> bool:
        asked.append(answer(self, shell))
        return asked[-1]

    monkeypatch.setattr(keeping_module.Keeping, "lacks_derivative", listen)
    take_in(tmp_path, source, "Two")
    assert asked
    assert not any(asked)
    with opened() as home:
        assert contents(home, "Two") == contents(home, "One")
        names = {row.blob_name for case in ("One", "Two") for row in kept_rows(home, case)}
        assert len(names) == 6
        for case in ("One", "Two"):
            erase_case(home, case, is_sure=True)
        assert open_vault(home).cases() == []
    # No case is left to take a copy from: each is decoded again.
    take_in(tmp_path, source, "Three")
    with opened() as home:
        assert len(contents(home, "Three")) == 3


def test_file_that_changes_while_it_is_copied_is_not_kept(tmp_path, source, opened, monkeypatch):
    make_home(tmp_path, KEEPER)
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "cat.png").write_bytes((source / "cat.png").read_bytes())
    read = keeping_module._read

    def alter(descriptor: int) -> bytes:
        piece = read(descriptor)
        return piece[:-1] + bytes([piece[-1] ^ 1]) if piece else piece

    with monkeypatch.context() as patched:
        patched.setattr(keeping_module, "_read", alter)
        document = take_in(tmp_path, folder)
    reasons = {item["reason"] for item in document["failed"]}
    assert reasons == {"the file changed while it was copied: no copy is kept"}
    with opened() as home:
        kinds = [row.kind for row in kept_rows(home)]
        assert kinds == ["derivative"]
        assert not list((tmp_path / "home/vault").rglob("*.part"))
    take_in(tmp_path, folder, retry_failed=True)
    with opened() as home:
        assert [row.kind for row in kept_rows(home)] == ["derivative", "original"]


def test_larger_than_the_bound_is_a_listed_failure(tmp_path, source, opened, monkeypatch):
    monkeypatch.setenv("FIRSTLIGHT_ORIGINAL_MAX_BYTES", str(1 << 20))
    make_home(tmp_path, KEEPER)
    document = take_in(tmp_path, source)
    assert [(item["stage"], item["code"]) for item in document["failed"]] == [
        ("keep", "limit-exceeded")
    ]
    with opened() as home:
        assert [row.kind for row in kept_rows(home)].count("original") == 2


def test_run_that_failed_before_its_records_is_made_good(tmp_path, source, opened, monkeypatch):
    make_home(tmp_path, HOLDER)
    with monkeypatch.context() as patched:

        def fail(*_: object, **__: object) -> int:
            raise StoreError("the store failed")

        patched.setattr("firstlight.app.recording.add_item", fail)
        with pytest.raises(StoreError):
            take_in(tmp_path, source)
    assert list((tmp_path / "home/vault").rglob("*.pack"))
    take_in(tmp_path, source)
    with opened() as home:
        assert len(contents(home)) == 3
        assert verify(home)["ok"]


def test_profile_is_set_for_a_reason_and_says_what_it_says(tmp_path, opened):
    make_home(tmp_path, chosen_profile(None))
    with open_home(str(tmp_path / "home"), None, writing=True) as home:
        with pytest.raises(UsageError):
            set_profile(home, HOLDER)
        assert current_profile(home.store) == Profile()
    with opened() as home:
        document = set_profile(home, KEEPER)
        assert document["profile"] == "holder"
        assert document["keeps_originals"] is True
        assert document["legal_basis"] == "Police Act, section 12"
        assert current_profile(home.store) == KEEPER
        assert count_events(home.store, "set-profile") == 1
    for wrong in (("holder", None, False), ("holder", "  ", False), ("hash-only", None, True)):
        with pytest.raises(UsageError):
            chosen_profile(wrong[0], wrong[1], keeps_originals=wrong[2])


def test_erasing_what_is_kept_leaves_the_case_and_a_log_that_verifies(tmp_path, source, opened):
    make_home(tmp_path, KEEPER)
    take_in(tmp_path, source)
    with opened() as home:
        rows = kept_rows(home)
        with pytest.raises(UsageError):
            set_profile(home, HOLDER, is_erasing=True)
        stays = set_profile(home, Profile(ProfileKind.HASH_ONLY))
        assert (stays["erased"], stays["kept"]["originals"]["count"]) == (0, 3)
        document = set_profile(home, Profile(ProfileKind.HASH_ONLY), is_erasing=True)
        assert document["erased"] == 6
        assert document["kept"]["derivatives"] == {"count": 0, "size_bytes": 0}
        assert kept_rows(home) == []
        assert list((tmp_path / "home" / "vault").iterdir()) == []
        with pytest.raises(SealBrokenError):
            open_vault(home).check(rows[0].case_id, blob_of(rows[0]))
        assert find_case(home.store, "One") is not None
        assert verify(home)["ok"]


def test_erasure_that_was_cut_off_is_finished_by_the_next_run(
    tmp_path, source, opened, monkeypatch
):
    make_home(tmp_path, HOLDER)
    take_in(tmp_path, source)
    with opened() as home, monkeypatch.context() as patched:

        def stop(_home: Home) -> None:
            raise KeyboardInterrupt

        patched.setattr("firstlight.app.profile.clear_unrecorded", stop)
        with pytest.raises(KeyboardInterrupt):
            set_profile(home, Profile(), is_erasing=True)
    assert list((tmp_path / "home/vault").rglob("*.pack"))
    take_in(tmp_path, source)
    assert list((tmp_path / "home/vault").iterdir()) == []


def test_nothing_kept_is_erased_while_a_case_is_on_hold(tmp_path, source, opened):
    make_home(tmp_path, HOLDER)
    take_in(tmp_path, source)
    with opened() as home:
        case = find_case(home.store, "One")
        assert case is not None
        row = {"case_id": case.case_id, "is_on_hold": True, "reason": "appeal"}
        with home.store.transaction() as tx, tx.event(home.actor, "set-retention", {}) as event:
            event.add("case_retention", row)
        with pytest.raises(CaseHeldError):
            set_profile(home, Profile(), is_erasing=True)
        assert count_events(home.store, "refused") == 1
        assert len(contents(home)) == 3
        assert current_profile(home.store) == HOLDER


@pytest.mark.parametrize("posing", [b"", b"\xff\xd8\xff\xe0" + bytes(99), bytes(1 << 20)])
def test_bytes_that_pose_as_a_derivative_cost_the_worker_its_account(posing):
    shell = ItemReport(Locator(b"/a"), FileFacts(1), Outcome.READ, derivative=posing)
    with pytest.raises(WorkerLostError):
        report_from_plain(report_to_plain(shell), shell.locator.key)
    whole = Derivative(2, 1, (b"ab",)).to_bytes()
    honest = ItemReport(Locator(b"/a"), FileFacts(1), Outcome.READ, derivative=whole)
    assert report_from_plain(report_to_plain(honest), honest.locator.key) == honest


class TestPieces:
    """What a worker sends is taken for nothing but what was asked for."""

    CONTENT = os.urandom(2 * PIECE_BYTES + 5)

    @pytest.fixture
    def incoming(self, tmp_path: Path) -> Iterator[IncomingOriginals]:
        make_home(tmp_path, KEEPER)
        with open_home(str(tmp_path / "home"), "test", writing=True) as home:
            home.sealer.add_case(1)
            self.vault = open_vault(home)
            taker = IncomingOriginals(self.vault, 1, 4 * PIECE_BYTES)
            yield taker
            taker.close()
        assert not list((tmp_path / "home/vault").rglob("*.part"))

    def shell(self, content: bytes = CONTENT) -> ItemReport:
        return ItemReport(
            Locator(b"/a.zip", (b"m",), (0,)),
            FileFacts(len(content)),
            Outcome.READ,
            Digests(b"m" * 16, b"s" * 20, sha256(content).digest()),
            ContentType(MediaKind.IMAGE, "image/png", "PNG picture"),
        )

    def question(self, begin: int, end: int, **other: object) -> dict:
        piece = self.CONTENT[begin:end]
        is_last = end >= len(self.CONTENT)
        return {"offset_bytes": begin, "piece": piece, "is_last": is_last, **other}

    def test_whole_content_arrives(self, incoming):
        for begin in range(0, len(self.CONTENT), PIECE_BYTES):
            answer = incoming.take(self.question(begin, begin + PIECE_BYTES), self.shell())
            assert answer == {"go_on": True, "kept": False}
        again = incoming.take(self.question(0, PIECE_BYTES), self.shell())
        assert again == {"go_on": False, "kept": True}
        blob = incoming.pop(sha256(self.CONTENT).digest())
        assert b"".join(self.vault.read(1, blob)) == self.CONTENT

    def test_worker_that_begins_anew_is_heard(self, incoming):
        incoming.take(self.question(0, 1000), self.shell())
        for begin in range(0, len(self.CONTENT), PIECE_BYTES):
            incoming.take(self.question(begin, begin + PIECE_BYTES), self.shell())
        assert incoming.has(sha256(self.CONTENT).digest())

    def test_other_bytes_are_not_kept(self, incoming):
        with pytest.raises(WorkerLostError):
            incoming.take(self.question(0, 1000, is_last=True), self.shell())
        assert not incoming.has(sha256(self.CONTENT).digest())

    @pytest.mark.parametrize(
        "wrong",
        [
            {"offset_bytes": 5},
            {"offset_bytes": None},
            {"piece": "text"},
            {"piece": None},
            {"piece": bytes(PIECE_BYTES + 1)},
        ],
    )
    def test_malformed_pieces_are_refused(self, incoming, wrong):
        with pytest.raises(WorkerLostError):
            incoming.take(self.question(0, 1000, **wrong), self.shell())

    def test_bound_on_the_size_holds(self, incoming):
        piece = bytes(PIECE_BYTES)
        for number in range(5):
            question = {"offset_bytes": number * PIECE_BYTES, "piece": piece, "is_last": False}
            answer = incoming.take(question, self.shell())
        assert answer == {"go_on": False, "kept": False}

    def test_only_so_many_are_half_here(self, incoming, monkeypatch):
        monkeypatch.setattr("firstlight.app.incoming._COMING_MAX", 2)
        answers = []
        for number in range(3):
            shell = self.shell(b"%d" % number)
            shell = ItemReport(Locator(b"/a", (b"m",), (number,)), *_rest(shell))
            answers.append(incoming.take(self.question(0, 10), shell)["go_on"])
        assert answers == [True, True, False]


def _rest(shell: ItemReport) -> tuple:
    return shell.facts, shell.outcome, shell.digests, shell.content_type
