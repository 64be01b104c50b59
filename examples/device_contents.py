"""What lies on the drawn device: pictures, mail, documents, archives, some deleted or locked."""

from __future__ import annotations

import email
import email.policy
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image

from examples.copies import save_jpeg
from examples.disk import TAKEN_AT, draw_picture
from examples.disk_fat import FatFile
from examples.document import (
    PHONE_REPORT,
    File,
    make_docx,
    make_mail,
    make_mailbox,
    make_pdf,
    make_phone_report,
)
from examples.locked import ZipLocking, make_7z, make_locked_zip
from examples.packing import pack_zip
from examples.thumbnail_store import make_thumbs_db

WORDS = ("not this one", "lighthouse", "gr\u00fcner Hafen")
"""The unit's list: the second opens the ZIP, the third the 7z."""

PLANTED = (
    "Zqfolder", "Zqpicture", "Zqdeleted", "Zqlocked", "Zqsealed", "Zqattached", "Zqmailbox",
    "Zqalbum", "Zqletter", "Zqthumbnail", "Zqreturned", "Zqphone", "Zqmaker", "Zqartist",
)  # fmt: skip
"""They stand in names and in metadata; the home may show none of them once the case is erased."""

EXIF = {0x010F: "Zqmaker", 0x013B: "Zqartist"}


@dataclass(frozen=True, slots=True)
class Content:
    """A file of the FAT volume and what is inside it.

    Args:
        kind: Of a container; empty for an ordinary file.
        lock: What the unit's list must open: nothing, ``members``, or ``names`` too.
        closed: Members that are listed and not opened.
    """

    file: FatFile
    kind: str = ""
    members: Sequence[File] = ()
    lock: str = ""
    closed: tuple[bytes, ...] = ()


@dataclass(slots=True)
class DeviceContents:
    """Everything that goes onto the device.

    Args:
        streams: File of the NTFS volume to name and content of its second stream.
    """

    fat: list[Content] = field(default_factory=list)
    ntfs: dict[str, bytes] = field(default_factory=dict)
    streams: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    ntfs_gone: str = ""

    @property
    def fat_files(self) -> list[FatFile]:
        """The files of the FAT volume, in the order in which they are written."""
        return [one.file for one in self.fat]

    def put(
        self,
        path: str,
        content: bytes,
        kind: str = "",
        members: Sequence[File] = (),
        *,
        lock: str = "",
        closed: tuple[bytes, ...] = (),
        is_deleted: bool = False,
    ) -> None:
        """Put a file onto the FAT volume."""
        file = FatFile(path, content, TAKEN_AT, is_deleted=is_deleted)
        self.fat.append(Content(file, kind, members, lock, closed))


def fill_device(seed: int, pictures: int) -> DeviceContents:
    """Make everything that goes onto the device.

    Args:
        pictures: Living ones in each volume.
    """
    made = DeviceContents()
    files = [(b"%02d.jpg" % n, _photograph(seed, n)) for n in range(pictures)]
    for number, (_, content) in enumerate(files):
        made.put(f"DCIM/Zqfolder/Zqpicture {number}.jpg", content)
    made.put("DCIM/Zqfolder/DEL_0001.JPG", draw_picture(seed, 101), is_deleted=True)
    made.put("DCIM/Zqdeleted view.jpg", draw_picture(seed, 102), is_deleted=True)
    _put_archives(made, seed)
    _put_documents(made, seed)
    made.ntfs = {f"desk {n}.jpg": draw_picture(seed, 300 + n) for n in range(pictures)}
    made.ntfs_gone = "gone.jpg"
    made.ntfs[made.ntfs_gone] = draw_picture(seed, 399)
    made.streams = {"desk 0.jpg": ("Zqsealed.jpg", draw_picture(seed, 398))}
    return made


def _put_archives(made: DeviceContents, seed: int) -> None:
    """Put archives: deleted, locked twice, a provider's return, a phone report."""
    gone = _named(b"Zqdeleted/%d.jpg", seed, 110)
    made.put("Old Zqfolder.zip", pack_zip(gone), "deleted zip", gone, is_deleted=True)
    _, first, second = WORDS
    locked = _named(b"Zqlocked %d.jpg", seed, 120)
    text = [(name.decode(), content) for name, content in locked]
    content = make_locked_zip(text, ZipLocking(first.encode(), aes_bits=256))
    made.put("Backup/private.zip", content, "locked zip", locked, lock="members")
    sealed = _named(b"Zqsealed %d.jpg", seed, 130)
    text = [(name.decode(), content) for name, content in sealed]
    content = make_7z(text, second, is_header_locked=True)
    made.put("Backup/private.7z", content, "locked 7z", sealed, lock="names")
    returned = []
    for name, content in _named(b"Takeout/Google Photos/Zqreturned/%d.jpg", seed, 140):
        note = json.dumps({"title": name.decode(), "photoTakenTime": {"timestamp": "1767225600"}})
        returned += [(name, content), (name + b".json", note.encode())]
    made.put("Downloads/takeout-20260301.zip", pack_zip(returned), "provider return", returned)
    phone = make_phone_report(_named(b"Zqphone %d.jpg", seed, 150))
    made.put(
        "Downloads/phone.ufdr", phone.content, "phone report", phone.members, closed=(PHONE_REPORT,)
    )


def _put_documents(made: DeviceContents, seed: int) -> None:
    """Put a mailbox, a PDF, a letter and a thumbnail store."""
    messages = [make_mail(_named(b"Zqattached %d.jpg", seed, 160 + turn)) for turn in (0, 4)]
    mailbox = make_mailbox(messages)
    made.put("Mail/Zqmailbox.mbox", mailbox.content, "mailbox", _with_texts(mailbox.members))
    jpegs = [content for _, content in _named(b"%d", seed, 170)]
    album = make_pdf(jpegs, _named(b"Zqalbum %d.jpg", seed, 174, 1))
    made.put("Documents/album.pdf", album.content, "PDF", album.members)
    letter = make_docx(_named(b"Zqletter %d.jpg", seed, 180))
    with zipfile.ZipFile(BytesIO(letter.content)) as parts:
        members = [(name.encode(), parts.read(name)) for name in parts.namelist()]
    made.put("Documents/letter.docx", letter.content, "DOCX", members)
    thumbs = make_thumbs_db(_named(b"Zqthumbnail %d.jpg", seed, 190, 3, (96, 72)))
    made.put("DCIM/Thumbs.db", thumbs.content, "thumbnail store", thumbs.members)


def _with_texts(members: Sequence[File]) -> list[File]:
    """Add what a reader of mail finds beside the attachments: the text of each message."""
    texts: list[File] = []
    for name, content in members:
        if name.endswith(b".eml"):
            first, *_ = email.message_from_bytes(content, policy=email.policy.default).iter_parts()
            texts.append((name + b"!/part 1", bytes(first.get_payload(decode=True))))
    return [*members, *texts]


def _named(
    form: bytes, seed: int, start: int, count: int = 2, size_px: tuple[int, int] = (320, 240)
) -> list[File]:
    """Draw some pictures and give them names."""
    return [(form % n, draw_picture(seed, start + n, size_px=size_px)) for n in range(count)]


def _photograph(seed: int, number: int) -> bytes:
    """Draw a picture that names its maker and its artist."""
    exif = Image.Exif()
    exif.update(EXIF)
    with Image.open(BytesIO(draw_picture(seed, number))) as drawn:
        return save_jpeg(drawn.convert("RGB"), 90, exif=exif)
