"""Documents and mail with pictures in them, and the truth about what they hold.

Every maker takes files by name and gives back one container; ``Packed`` says under which names
the files are to be found in it.
"""

from __future__ import annotations

import zipfile
import zlib
from base64 import encodebytes
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from examples.shelf import Shelf, same_picture
from examples.truth import Item

File = tuple[bytes, bytes]
PACKED_AT = (2026, 1, 1, 0, 0, 0)
SENT = b"Thu, 01 Jan 2026 00:00:00 +0000"

PHONE_REPORT = (
    b'<?xml version="1.0" encoding="utf-8"?>\n<project id="0" name="Sample" '
    b'reportVersion="5.2" xmlns="http://pa.cellebrite.com/report/2.0"></project>'
)
"""What an extraction report says of its files: kept, and listed as not opened."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A container, and what it holds.

    Args:
        members: Name by which a file is found in it (``!/`` between levels), and its bytes.
    """

    content: bytes
    members: tuple[File, ...]


def make_pdf(jpegs: Sequence[bytes], attached: Sequence[File] = ()) -> Packed:
    """Write a PDF with a picture on each page, and files attached to it."""
    objects: dict[int, bytes] = {}
    members: list[File] = []
    pages: list[int] = []
    for number, jpeg in enumerate(jpegs):
        page, content, picture = (3 + 3 * number + n for n in range(3))
        with Image.open(BytesIO(jpeg)) as opened:
            width, height = opened.size
            colours = {1: b"/DeviceGray", 3: b"/DeviceRGB", 4: b"/DeviceCMYK"}[
                len(opened.getbands())
            ]
        pages.append(page)
        objects[page] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
            b"/Resources<</XObject<</P %d 0 R>>>>>>" % (content, picture)
        )
        drawing = zlib.compress(b"q 400 0 0 300 90 400 cm /P Do Q", 0)
        objects[content] = _stream(b"/Filter/FlateDecode", drawing)
        form = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%s" % (
            width, height, colours,
        )  # fmt: skip
        objects[picture] = _stream(form + b"/BitsPerComponent 8/Filter/DCTDecode", jpeg)
        members.append((b"object %d.jpg" % picture, jpeg))
    following = 3 + 3 * len(jpegs)
    names = b""
    for name, content in attached:
        objects[following] = _stream(b"/Type/EmbeddedFile", content)
        objects[following + 1] = b"<</Type/Filespec/F(%s)/EF<</F %d 0 R>>>>" % (name, following)
        names += b"(%s)%d 0 R" % (name, following + 1)
        members.append((name, content))
        following += 2
    kids = b" ".join(b"%d 0 R" % page for page in pages)
    objects[2] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(pages))
    tree = b"/Names<</EmbeddedFiles<</Names[%s]>>>>" % names if names else b""
    objects[1] = b"<</Type/Catalog/Pages 2 0 R%s>>" % tree
    return Packed(write_pdf(objects), tuple(members))


def write_pdf(objects: dict[int, bytes], trailer: bytes = b"") -> bytes:
    """Write numbered objects with a table of their places; object 1 is the catalogue."""
    body = b"%PDF-1.7\n"
    places = {0: (0, 65535, b"f")}
    for number in sorted(objects):
        places[number] = (len(body), 0, b"n")
        body += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    table = b"xref\n"
    for number, (place, generation, kind) in sorted(places.items()):
        table += b"%d 1\n%010d %05d %s \n" % (number, place, generation, kind)
    size = max(objects) + 1
    end = b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        size, trailer, len(body),
    )  # fmt: skip
    return body + table + end


def _stream(dictionary: bytes, data: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (dictionary, len(data), data)


def make_docx(files: Sequence[File]) -> Packed:
    """Write a Word document that holds files under ``word/media/``."""
    members = [(b"word/media/" + name, content) for name, content in files]
    parts = [
        (b"[Content_Types].xml", b'<?xml version="1.0"?><Types/>'),
        (b"word/document.xml", b'<?xml version="1.0"?><w:document><w:body/></w:document>'),
        *members,
    ]
    return Packed(_zip(parts), tuple(members))


def make_odt(files: Sequence[File]) -> Packed:
    """Write an OpenDocument text that holds files under ``Pictures/``."""
    members = [(b"Pictures/" + name, content) for name, content in files]
    parts = [
        (b"mimetype", b"application/vnd.oasis.opendocument.text"),
        (b"content.xml", b'<?xml version="1.0"?><office:document-content/>'),
        *members,
    ]
    return Packed(_zip(parts), tuple(members))


def make_phone_report(files: Sequence[File]) -> Packed:
    """Write a phone extraction report: files of the phone beside a report about them."""
    members = [
        (b"report.xml", PHONE_REPORT),
        *((b"files/Image/" + name, content) for name, content in files),
    ]
    return Packed(_zip(members, zipfile.ZIP_DEFLATED), tuple(members))


def _zip(parts: Sequence[File], method: int = zipfile.ZIP_STORED) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts:
            info = zipfile.ZipInfo(name.decode(), PACKED_AT)
            info.compress_type = method
            archive.writestr(info, content)
    return file.getvalue()


def make_mail(files: Sequence[File], subject: bytes = b"Tide tables") -> Packed:
    """Write a message with files attached."""
    mark = b"=_sample_boundary"
    parts = [b"Content-Type: text/plain; charset=utf-8\r\n\r\nPlease find the tables attached.\r\n"]
    for name, content in files:
        parts.append(
            b'Content-Type: application/octet-stream; name="%s"\r\n'
            b'Content-Disposition: attachment; filename="%s"\r\n'
            b"Content-Transfer-Encoding: base64\r\n\r\n%s"
            % (name, name, encodebytes(content).replace(b"\n", b"\r\n"))
        )
    body = b"".join(b"--%s\r\n%s\r\n" % (mark, part) for part in parts)
    header = (
        b"From: Harbour Office <office@harbour.example>\r\nTo: Pilot <pilot@harbour.example>\r\n"
        b"Subject: %s\r\nDate: %s\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n' % (subject, SENT, mark)
    )
    return Packed(header + body + b"--%s--\r\n" % mark, tuple(files))


def make_mailbox(messages: Sequence[Packed]) -> Packed:
    """Write a mail store of messages."""
    stored = b""
    members: list[File] = []
    for number, message in enumerate(messages, 1):
        text = message.content.replace(b"\r\n", b"\n")
        stored += b"From office@harbour.example Thu Jan  1 00:00:00 2026\n" + text + b"\n"
        name = b"message %d.eml" % number
        members.append((name, text))
        members += [(name + b"!/" + inner, content) for inner, content in message.members]
    return Packed(stored, tuple(members))


def put_picture_documents(shelf: Shelf) -> None:
    """Put documents, mail and thumbnail stores with known pictures into a collection."""
    from examples.thumbnail_store import STORES

    pairs = [shelf.take("laptop") for _ in range(4)]
    files = [(b"%03d.jpg" % number, content) for number, (_, content) in enumerate(pairs)]
    jpegs = [content for _, content in files]
    mail = make_mail(files[2:])
    made = {
        b"laptop/Documents/album.pdf": make_pdf(jpegs[:2], [files[2]]),
        b"laptop/Documents/letter.docx": make_docx(files[:2]),
        b"laptop/Documents/sheet.odt": make_odt(files[1:3]),
        b"laptop/Mail/tables.eml": mail,
        b"laptop/Mail/Inbox.mbox": make_mailbox([make_mail(files[:1]), mail]),
        b"laptop/Archive/phone.ufdr": make_phone_report(files[:3]),
        **{b"laptop/Thumbnails/" + name: make(files) for name, make in STORES.items()},
    }
    by_content = {content: original for original, content in pairs}
    for path, packed in made.items():
        variant = path.rpartition(b".")[2].decode()
        shelf.put(Item(path, "laptop", "document", variant), packed.content)
        for name, content in packed.members:
            original = by_content.get(content)
            inside = path + b"!/" + name
            if content == PHONE_REPORT:
                closed = ("not-opened",)
                item = Item(inside, "laptop", "document", "report", outcomes=closed, codes=closed)
            elif original is None:
                item = Item(inside, "laptop", "document", "part")
            else:
                item = same_picture(original, inside, "in-document", variant)
            shelf.note_member(item, content)
