"""Locked members of a ZIP, and the unit's list of passwords."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from itertools import pairwise

import pytest
from examples.locked import ZipLocking, lock_old, make_locked_zip
from tests.unit.intake.archive_making import Account, make_tar, make_zip, read_archive

from firstlight.errors import DecodeError, EncryptedError, LimitError
from firstlight.intake.archive import locked, walk_archive
from firstlight.intake.archive import zip as zip_reader
from firstlight.model.bounds import Bounds
from firstlight.native.zipcrypto import ZipKeys

NOISE = random.Random(9).randbytes(40_000)
FILES = [("a.txt", b"hello"), ("noise", NOISE), ("empty", b""), ("text", b"boat " * 9_000)]
PLAIN = {(name.encode(),): content for name, content in FILES}
WORD = b"lighthouse"
LIST = (b"no", b"", b"neither", WORD, b"later")
INFO_ZIP = (
    "504b03041400090008005607765d1683219e1f0000002a00000001001c00745554090003443e026b443e026b"
    "75780b000104000000000400000000cea9f3d4c5be52cf0431f26cf846815380048b4a2a0e0801a33f5c9ac9"
    "3460504b07081683219e1f0000002a000000504b01021e031400090008005607765d1683219e1f0000002a00"
    "0000010018000000000001000000a48100000000745554050003443e026b75780b0001040000000004000000"
    "00504b05060000000001000100470000006a0000000000"
)
EVERY_LOCK = [
    ZipLocking(WORD, bits, version, is_stored, is_behind)
    for bits, version in [(0, 2), (128, 1), (192, 2), (256, 1), (256, 2)]
    for is_stored in (False, True)
    for is_behind in (False, True)
]


def codes(account: Account) -> dict[tuple[bytes, ...], str]:
    return account.failures | {name: error.code for name, error in account.errors.items()}


@pytest.mark.parametrize("locking", EVERY_LOCK, ids=str)
def test_every_lock_opens(locking):
    account = read_archive(make_locked_zip(FILES, locking), passwords=LIST)
    assert codes(account) == {}
    assert account.contents == PLAIN
    assert account.ends[()].failures == ()


@pytest.mark.parametrize("passwords", [(), (b"wrong", b"lighthous")])
@pytest.mark.parametrize("bits", [0, 256])
def test_no_fitting_password_is_a_failure_with_its_own_code(bits, passwords):
    data = make_locked_zip(FILES, ZipLocking(WORD, bits))
    account = read_archive(data, passwords=passwords)
    assert codes(account) == dict.fromkeys(PLAIN, "encrypted")
    assert account.ends[()].member_count == len(FILES)
    assert account.ends[()].failures == ()


@pytest.mark.parametrize("bits", [0, 256])
def test_members_with_different_passwords(bits):
    words = [b"one", b"two", b"three"]
    data = join([make_locked_zip([(w.decode(), w * 40)], ZipLocking(w, bits)) for w in words])
    account = read_archive(data, passwords=(b"three", b"none", b"one"))
    assert account.contents == {(b"one",): b"one" * 40, (b"three",): b"three" * 40, (b"two",): b""}
    assert codes(account) == {(b"two",): "encrypted"}


def join(parts: list[bytes]) -> bytes:
    """One ZIP of several."""
    body, directory, count = b"", b"", 0
    for part in parts:
        start = struct.unpack("<I", part[-6:-2])[0]
        row = bytearray(part[start:-22])
        row[42:46] = struct.pack("<I", len(body))
        body, directory, count = body + part[:start], directory + row, count + 1
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + end


def passing_first_check(data: bytes, check: int, count: int) -> tuple[bytes, ...]:
    lead = data[30 + 1 : 30 + 1 + 12]
    words = (b"%d" % n for n in range(100_000))
    found = (word for word in words if ZipKeys(word).unlock(lead)[-1] == check)
    return tuple(next(found) for _ in range(count))


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_password_that_passes_the_first_check_by_chance_falls_through(is_stored):
    content = b"the boat in the harbour " * 50
    data = make_locked_zip([("n", content)], ZipLocking(WORD, is_stored=is_stored))
    check = int.from_bytes(data[14:18], "little") >> 24
    chance = passing_first_check(data, check, 6)
    assert read_archive(data, passwords=(*chance, WORD)).contents == {(b"n",): content}
    assert codes(read_archive(data, passwords=chance)) == {(b"n",): "encrypted"}


def test_chance_falls_through_in_a_large_stored_member_too(monkeypatch):
    monkeypatch.setattr(zip_reader, "TRIAL_BYTES", 1000)
    data = make_locked_zip([("n", NOISE)], ZipLocking(WORD, is_stored=True))
    chance = passing_first_check(data, int.from_bytes(data[14:18], "little") >> 24, 3)
    assert read_archive(data, passwords=(*chance, WORD)).contents == {(b"n",): NOISE}


@pytest.mark.parametrize("locking", EVERY_LOCK, ids=str)
def test_large_members_are_not_held(monkeypatch, locking):
    monkeypatch.setattr(zip_reader, "TRIAL_BYTES", 2000)
    account = read_archive(make_locked_zip([*FILES, *FILES[1:2]], locking), passwords=LIST)
    assert codes(account) == {}
    assert account.contents == PLAIN


def test_a_damaged_member_costs_itself():
    for bits in (0, 128, 256):
        for stored in (False, True):
            data = bytearray(make_locked_zip(FILES, ZipLocking(WORD, bits, is_stored=stored)))
            data[data.index(b"noise") + 5 + 11 + 900] ^= 4
            account = read_archive(bytes(data), passwords=LIST)
            assert codes(account) == {(b"noise",): "encrypted"}
            assert account.contents[b"text",] == PLAIN[b"text",]


def test_damage_in_a_large_member_is_found_at_its_end(monkeypatch):
    monkeypatch.setattr(zip_reader, "TRIAL_BYTES", 2000)
    data = bytearray(make_locked_zip([FILES[3], *FILES[1:2]], ZipLocking(WORD, 256)))
    data[data.rindex(b"noise", 0, -200) + 30_000] ^= 4
    account = read_archive(bytes(data), passwords=LIST)
    assert isinstance(account.errors[b"noise",], DecodeError)


def test_locks_made_elsewhere_open():
    # "zip -P gone", made once by Info-ZIP 3.0: sizes behind the content, so the clock checks.
    data = bytes.fromhex(INFO_ZIP)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("t", b"gone") == b"drawn harbour\n" * 3
    assert read_archive(data, passwords=(b"x", b"gone")).contents == {
        (b"t",): b"drawn harbour\n" * 3
    }


def test_our_own_old_lock_opens_elsewhere():
    for locking in EVERY_LOCK[:4]:
        data = make_locked_zip(FILES[:1], locking)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.read("a.txt", WORD) == b"hello"


def test_a_locked_archive_inside_another_and_what_it_holds():
    inner = make_locked_zip([("t.tar", make_tar([("deep", b"1")]))], ZipLocking(WORD, 256))
    for outer in (make_zip([("in.zip", inner)]), make_zip([("in.zip", inner)], 0)):
        account = read_archive(outer, passwords=LIST)
        assert account.contents[b"in.zip", b"t.tar", b"deep"] == b"1"
    locked_twice = make_locked_zip([("in.zip", inner)], ZipLocking(b"later"))
    account = read_archive(locked_twice, passwords=LIST)
    assert account.contents[b"in.zip", b"t.tar", b"deep"] == b"1"


def test_words_of_other_alphabets_in_old_forms():
    word = "gr\u00fcn"
    for form in (word.encode(), word.encode("cp1252"), word.encode("cp850")):
        data = make_locked_zip(FILES[:1], ZipLocking(form))
        assert read_archive(data, passwords=(word.encode(),)).contents == {(b"a.txt",): b"hello"}
    assert locked.legacy_forms((b"\xff\xfe", b"a")) == (b"\xff\xfe", b"a")


def test_what_opened_a_member_comes_first(monkeypatch):
    turned: list[bytes] = []
    real = ZipKeys.__init__
    monkeypatch.setattr(
        "firstlight.intake.archive.zip_lock.ZipKeys.__init__",
        lambda self, word: (turned.append(word), real(self, word))[1],
    )
    many = [(str(n), b"x" * n) for n in range(1, 30)]
    words = (*(b"w%d" % n for n in range(20)), WORD)
    account = read_archive(make_locked_zip(many, ZipLocking(WORD)), passwords=words)
    assert codes(account) == {}
    assert len(turned) < 20 + 5 * len(many)


def test_tries_are_bounded_over_the_whole_nest(monkeypatch):
    monkeypatch.setattr(locked, "TRIES_FLOOR", 10)
    many = [(str(n), b"x") for n in range(30)]
    inner = make_locked_zip(many, ZipLocking(b"unknown"))
    data = make_zip([("1.zip", inner), ("2.zip", inner)])
    account = read_archive(data, passwords=(b"a", b"b", b"c"))
    assert set(codes(account).values()) == {"encrypted"}
    reasons = reasons_of(data, (b"a", b"b", b"c"))
    assert sum("bound on tries" in reason for reason in reasons) > 40
    assert "no password of the list" in reasons[0]


def reasons_of(data: bytes, passwords: tuple[bytes, ...]) -> list[str]:
    return [
        error.message
        for error in read_archive(data, passwords=passwords).errors.values()
        if isinstance(error, EncryptedError)
    ]


def test_very_long_lines_are_not_tried():
    data = make_locked_zip(FILES[:1], ZipLocking(b"x" * 600))
    assert codes(read_archive(data, passwords=(b"x" * 600,))) == {(b"a.txt",): "encrypted"}


def test_a_bomb_under_a_lock_is_stopped():
    bounds = Bounds(archive_ratio_max=10)
    for bits in (0, 256):
        data = make_locked_zip([("bomb", bytes(12_000_000))], ZipLocking(WORD, bits))
        account = read_archive(data, passwords=LIST, bounds=bounds)
        assert isinstance(account.errors[b"bomb",], LimitError)


def test_a_strange_lock_is_listed():
    data = bytearray(make_locked_zip(FILES[:1], ZipLocking(WORD)))
    for at in (6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 64
    assert codes(read_archive(bytes(data), passwords=LIST)) == {(b"a.txt",): "encrypted"}


def test_the_lead_is_as_the_reader_expects():
    assert ZipKeys(b"k").unlock(lock_old(b"plain", b"k", 77))[11:] == b"\x4dplain"


def test_kernel_and_plain_python_agree():
    quick, plain = ZipKeys(b"k"), ZipKeys(b"k")
    cuts = [0, 1, 31, 32, 33, 200, 5000]
    for start, end in pairwise(cuts):
        assert quick.unlock(NOISE[start:end]) == plain.unlock_plainly(NOISE[start:end])


def test_reading_ticks_while_it_tries():
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1

    data = make_locked_zip(FILES[:1], ZipLocking(b"unknown", 256))
    kind = zip_reader_type()
    words = tuple(b"%d" % n for n in range(50))
    for met in walk_archive(io.BytesIO(data), kind, bounds=Bounds(), tick=tick, passwords=words):
        if hasattr(met, "open"):
            with pytest.raises(EncryptedError):
                met.open()
    assert ticks >= 50


def zip_reader_type():
    from firstlight.intake.content_type import content_type_of

    return content_type_of("application/zip")
