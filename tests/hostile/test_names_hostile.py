"""Names that are made to confuse: kept byte for byte, everywhere, and never acted on."""

from __future__ import annotations

import os

import pytest
from tests.unit.intake.archive_making import add_tar_entry, make_zip, read_archive

from firstlight.errors import NotOpenedError
from firstlight.intake.content_type import claimed_mime
from firstlight.intake.folder import walk
from firstlight.intake.source_file import open_for_reading
from firstlight.model.media import Locator, readable_path

NAMES = [
    b"\xff\xfe\xfd.jpg",
    b"\xc3\x28.jpg",
    "\u05ea\u05de\u05d5\u05e0\u05d4.jpg".encode(),
    "\u202egpj.exe".encode(),
    b"line\nbreak.jpg",
    b"carriage\rreturn\x1b[2J.jpg",
    b"-rf",
    b"--reread",
    b"a.jpg\n-if\nsystem('true')",
    b"$(touch evil);`touch evil`|&.jpg",
    b"%s%n%x",
    b" leading and trailing ",
    b"...",
    b"*?[]{}",
    b"'\"\\",
    b"x" * 251 + b".jpg",
    "\u0301".encode() * 127,
    b"CON.jpg",
]


@pytest.fixture
def root(tmp_path):
    root = os.fsencode(os.path.realpath(tmp_path)) + b"/material"
    os.mkdir(root)
    for number, name in enumerate(NAMES):
        with open(root + b"/" + name, "wb") as file:
            file.write(b"%d" % number)
        os.mkdir(root + b"/folder %d " % number)
        with open(root + b"/folder %d /" % number + name, "wb") as file:
            file.write(b"x")
    return root


def test_the_walk_keeps_every_name_and_each_opens(root):
    skipped: list[object] = []
    paths = [item.path for item in walk(root, on_skip=skipped.append)]
    assert skipped == []
    assert len(paths) == len(set(paths)) == 2 * len(NAMES)
    for number, name in enumerate(NAMES):
        path = root + b"/" + name
        assert path in paths
        descriptor = open_for_reading(path)
        assert os.read(descriptor, 10) == b"%d" % number
        os.close(descriptor)
    assert sorted(os.listdir(root)) == sorted(
        {*NAMES, *(b"folder %d " % n for n in range(len(NAMES)))}
    )


def test_folders_named_so_are_walked(tmp_path):
    root = os.fsencode(os.path.realpath(tmp_path))
    for name in NAMES:
        os.mkdir(root + b"/" + name)
        open(root + b"/" + name + b"/leaf", "wb").close()
    found = [item.path for item in walk(root, on_skip=lambda item: pytest.fail(str(item)))]
    assert found == [root + b"/" + name + b"/leaf" for name in sorted(NAMES)]


def test_a_root_named_so_is_taken_as_it_is(root):
    for name in NAMES:
        path = root + b"/" + name
        assert [item.path for item in walk(path, on_skip=pytest.fail)] == [path]


def test_names_inside_archives_are_kept_byte_for_byte():
    hostile = [
        *NAMES,
        b"../../../etc/passwd",
        b"/etc/passwd",
        b"C:\\x",
        b"..",
        b"a/../../b",
        b"\\\\x\\y",
    ]
    # ustar holds 100 bytes of name; longer ones come as a GNU long name.
    data = b""
    for name in hostile:
        if len(name) > 100:
            data += add_tar_entry(b"././@LongLink", name + b"\0", kind=b"L")
        data += add_tar_entry(name, b"x")
    account = read_archive(data + bytes(1024))
    assert account.names == hostile
    stand_ins = [(f"{number:03}" + "n" * (len(name) - 3 if len(name) > 3 else 0), b"x")
                 for number, name in enumerate(hostile)]  # fmt: skip
    zipped = make_zip(stand_ins, 0)
    for (stand_in, _), name in zip(stand_ins, hostile, strict=True):
        if len(stand_in) == len(name):
            zipped = zipped.replace(stand_in.encode(), name)
    names = read_archive(zipped).names
    assert sum(name in names for name in hostile) >= len(hostile) - 2


def test_locators_stay_distinct_and_readable_text_is_harmless():
    keys = {Locator(b"/case/a.zip", (name,), (number,)).key for number, name in enumerate(NAMES)}
    assert len(keys) == len(NAMES)
    for name in NAMES:
        text = readable_path(name)
        assert "\n" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_what_a_hostile_name_claims_is_only_its_ending():
    assert claimed_mime("\u202egpj.exe".encode()) == "application/vnd.microsoft.portable-executable"
    assert claimed_mime(b"a.jpg\n-if\nsystem('true')") is None
    assert claimed_mime(b"x" * 251 + b".jpg") == "image/jpeg"


def test_links_with_hostile_targets_are_never_followed(tmp_path):
    root = os.fsencode(os.path.realpath(tmp_path))
    for number, target in enumerate((b"/etc/passwd", b"..", b".", b"/proc/self/fd/0", b"\xff")):
        os.symlink(target, root + b"/link%d" % number)
    skipped = []
    assert list(walk(root, on_skip=skipped.append)) == []
    assert len(skipped) == 5
    assert {item.failure.code for item in skipped} == {NotOpenedError.code}
