"""Reports of phone extractions (UFDR): a ZIP of the phone's files and a report about them."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.errors import NotOpenedError
from firstlight.intake.archive.member import Member, Unpacking
from firstlight.intake.archive.stream import ByteStream
from firstlight.intake.archive.zip import zip_members


def phone_report_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give every file of the report; what the report says of them is listed as not opened."""
    yield from zip_members(source, unpacking)
    unpacking.report(
        NotOpenedError("the files were taken in; what the extraction report says was not read")
    )
