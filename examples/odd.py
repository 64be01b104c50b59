"""Odd files: hostile names, damage, wrong endings, documents, links and pipes."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from dataclasses import replace
from io import BytesIO

from examples.coding import png_chunk
from examples.names import HOSTILE_NAMES, hostile_path
from examples.shelf import PUT_AT, Shelf, same_picture
from examples.truth import Item, NotDrawn

BROKEN = ("decode-failed", "truncated")


def put_names(shelf: Shelf) -> None:
    """Put pictures under names that break careless programs."""
    for number, sort in enumerate(HOSTILE_NAMES):
        source = "laptop" if number % 3 else "phone"
        original, content = shelf.take(source)
        path = source.encode() + b"/" + hostile_path(sort)
        item = same_picture(original, path, "name", sort)
        shelf.put(item, content)


def put_damage(shelf: Shelf) -> None:
    """Put files that are cut off, empty, overwritten or never were what they say."""
    picture, content = shelf.take("laptop")
    size = len(content)
    half = content[: size * 6 // 10]
    _damaged(shelf, "truncated-jpeg", b"IMG_0001.jpg", half, ("truncated",), scene=picture.scene)
    _damaged(shelf, "truncated-head", b"IMG_0002.jpg", content[:200], BROKEN)
    _damaged(shelf, "empty", b"empty.jpg", b"", BROKEN)
    _damaged(shelf, "overwritten", b"IMG_0003.jpg", content[:700] + bytes(size - 700), BROKEN)
    noise = shelf.rng.bytes(40_000)
    scratched = content[: size // 3] + noise
    _damaged(
        shelf, "scan-of-noise", b"IMG_0004.jpg", scratched, (), may_fail=True, scene=picture.scene
    )
    png = _png(64, 64, shelf.rng.bytes(64 * 193))
    _damaged(shelf, "truncated-png", b"shot.png", png[: len(png) // 2], BROKEN)
    broken = bytearray(png)
    broken[len(png) // 2 : len(png) // 2 + 64] = bytes(64)
    _damaged(shelf, "corrupt-png", b"shot2.png", bytes(broken), BROKEN)
    _damaged(shelf, "pixel-bomb", b"huge.png", _png(60_000, 60_000, b""), ("limit-exceeded",))
    webp = b"RIFF\x20\x00\x00\x00WEBPVP8 \x10\0\0\0" + noise[:20]
    _damaged(shelf, "broken-webp", b"a.webp", webp, BROKEN)
    _damaged(shelf, "truncated-clip", b"clip.mp4", _box(b"ftyp", b"isom\0\0\2\0isomiso2")
             + _box(b"mdat", noise[:9000]), (*BROKEN, "worker-lost"))  # fmt: skip


def _damaged(
    shelf: Shelf,
    variant: str,
    name: bytes,
    content: bytes,
    codes: tuple[str, ...],
    *,
    may_fail: bool = False,
    scene: int | None = None,
) -> None:
    outcomes = ("read", "failed") if codes or may_fail else ("read",)
    item = Item(
        b"laptop/Recovered/" + name, "laptop", "damaged", variant, scene=scene,
        reach=None if scene is None else "beyond", outcomes=outcomes, codes=codes,
    )  # fmt: skip
    shelf.put(item, content)


def _png(width: int, height: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(rows, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", body)
        + png_chunk(b"IEND", b"")
    )


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body


def put_mislabelled(shelf: Shelf) -> None:
    """Put pictures and documents under endings that are not theirs."""
    for name in (b"notes.txt", b"system.dll", b"letter.docx", b"song.mp3"):
        original, content = shelf.take("laptop")
        path = b"laptop/Documents/misc/" + name
        item = same_picture(original, path, "mislabelled", "jpeg-" + name.split(b".")[1].decode())
        shelf.put(replace(item, has_mismatch=True), content)
    original, content = shelf.take("phone")
    item = same_picture(original, b"phone/Download/picture.png", "mislabelled", "jpeg-png")
    shelf.put(replace(item, has_mismatch=True), content)
    # What is named a picture and is none may be called unreadable as well.
    text = Item(b"phone/Download/photo.jpg", "phone", "mislabelled", "text-jpg",
                outcomes=("read", "failed"), has_mismatch=True)  # fmt: skip
    shelf.put(text, b"not a picture, only words\n" * 40)


def put_documents(shelf: Shelf) -> None:
    """Put what is no media."""
    rows = "\n".join(f"{n};{n * n};entry {n}" for n in range(200))
    files: dict[bytes, bytes] = {
        b"laptop/Documents/readme.txt": b"Packing list: two lamps, one kettle.\n" * 20,
        b"laptop/Documents/table.csv": rows.encode(),
        b"laptop/Documents/manual.pdf": _pdf(),
        b"laptop/Documents/report.docx": _docx(),
        b"laptop/Documents/page.html": b"<!doctype html><title>Tide table</title><p>High water.",
        b"phone/Download/export.json": b'{"tides": [1.2, 3.4, 1.1]}\n',
        b"phone/notes.db": b"SQLite format 3\x00" + bytes(4080),
        b"phone/Music/tone.wav": _tone(),
    }
    for path, content in files.items():
        source = path.split(b"/", 1)[0].decode()
        variant = path.rsplit(b".", 1)[1].decode()
        # What may hold pictures and is not opened is to be said, never passed over.
        outcomes = ("read", "not-opened") if variant == "db" else ("read",)
        shelf.put(Item(path, source, "document", variant, outcomes=outcomes), content)


def _pdf() -> bytes:
    stream = b"BT /F1 18 Tf 72 720 Td (Lamp assembly) Tj ET"
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources"
        b"<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
    ]  # fmt: skip
    body, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + b"xref\n0 5\n0000000000 65535 f \n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (table, len(body))  # fmt: skip  # noqa: E501


def _docx() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in (
            ("[Content_Types].xml", '<?xml version="1.0"?><Types/>'),
            ("word/document.xml", '<?xml version="1.0"?><w:document><w:body/></w:document>'),
        ):
            archive.writestr(zipfile.ZipInfo(name), text)
    return file.getvalue()


def _tone() -> bytes:
    sound = bytes(128 + (n * 7 % 64) - 32 for n in range(8000))
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(sound), b"WAVE", b"fmt ", 16, 1, 1,
                       8000, 8000, 1, 8)  # fmt: skip
    return head + b"data" + struct.pack("<I", len(sound)) + sound


def put_specials(shelf: Shelf) -> None:
    """Put links and a pipe, which an intake must leave alone."""
    root = os.fsencode(shelf.out)
    links = {
        b"laptop/odd/link to picture.jpg": os.path.join(b"..", b"..", shelf.originals[0].path),
        b"laptop/odd/link outside": b"/etc",
        b"laptop/odd/link to nothing.jpg": b"nowhere.jpg",
        b"laptop/odd/link to itself": b".",
    }
    for path, target in links.items():
        os.symlink(target, os.path.join(root, path))
        _special(shelf, path, "link")
    pipe = b"laptop/odd/pipe.jpg"
    try:
        os.mkfifo(os.path.join(root, pipe))
    except OSError as error:
        shelf.not_drawn.append(NotDrawn("special: pipe", f"the disk refused it: {error.errno}"))
        return
    os.utime(os.path.join(root, pipe), (PUT_AT, PUT_AT))
    _special(shelf, pipe, "pipe")


def _special(shelf: Shelf, path: bytes, variant: str) -> None:
    shelf.items.append(Item(path, "laptop", "special", variant, outcomes=("skipped",)))
