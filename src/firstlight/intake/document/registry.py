"""Which reader opens which type of document, mail or thumbnail store: one line each.

Readers are imported when the first of their kind is met: their libraries are heavy.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from firstlight.intake.archive.member import Member, MemberReader, Unpacking
    from firstlight.intake.archive.stream import ByteStream

_ZIP: Final = "archive.zip:zip_members"
_OLE: Final = "document.ole:ole_members"
_OOXML: Final = "application/vnd.openxmlformats-officedocument."
_READERS: Final = {
    "application/pdf": "document.pdf:pdf_members",
    _OOXML + "wordprocessingml.document": _ZIP,
    _OOXML + "spreadsheetml.sheet": _ZIP,
    _OOXML + "presentationml.presentation": _ZIP,
    "application/vnd.ms-visio.drawing": _ZIP,
    "application/vnd.oasis.opendocument": _ZIP,
    "application/epub+zip": _ZIP,
    "application/java-archive": _ZIP,
    "application/vnd.android.package-archive": _ZIP,
    "application/x-ufdr+zip": _ZIP,
    "application/x-ole-storage": _OLE,
    "application/msword": _OLE,
    "application/vnd.ms-excel": _OLE,
    "application/vnd.ms-powerpoint": _OLE,
    "application/vnd.ms-outlook": _OLE,
    "application/x-ole-thumbnails": _OLE,
    "message/rfc822": "document.mail:mail_members",
    "application/mbox": "document.mbox:mbox_members",
    "application/x-windows-thumbnails": "document.windows_thumbnail:windows_thumbnail_members",
    "application/x-android-thumbnails": "document.android_thumbnail:thumbdata_members",
    "application/x-android-imgcache": "document.android_thumbnail:imgcache_members",
    "application/x-apple-thumbnails": "document.apple_thumbnail:apple_thumbnail_members",
}


def _late(place: str) -> MemberReader:
    module, _, name = place.partition(":")

    def read(stream: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
        reader: MemberReader = getattr(import_module(f"firstlight.intake.{module}"), name)
        return reader(stream, unpacking)

    return read


DOCUMENT_READERS: Final[dict[str, MemberReader]] = {
    mime: _late(place) for mime, place in _READERS.items()
}
