"""Pictures of a PDF as files: JPEG and JPEG 2000 as they are, all others wrapped losslessly.

Pixels that PNG knows become PNG, colours of four inks and fax code become TIFF. A soft mask is
a picture of its own and not applied; colour profiles are left out.
Source: ISO 32000-2, 7.4 and 8.9.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final

from firstlight.errors import DecodeError, LimitError, NotOpenedError
from firstlight.intake.archive.member import Unpacking
from firstlight.intake.archive.stream import CHUNK_BYTES, ByteStream
from firstlight.intake.document.pdf_colour import Colour, read_colour
from firstlight.intake.document.pdf_value import array, filters_of, number, value_of
from firstlight.intake.document.png import (
    GREY,
    PALETTE,
    RGB,
    PieceStream,
    PngForm,
    png_pieces,
    wrap_deflated,
)
from firstlight.intake.document.tiff import (
    CMYK,
    GROUP_3,
    GROUP_4,
    NOT_COMPRESSED,
    WHITE_IS_ZERO,
    tiff_header,
)

_AS_IT_IS: Final = {"/DCTDecode": b"jpg", "/JPXDecode": b"jp2"}
_TEXT_FILTERS: Final = ("/ASCIIHexDecode", "/ASCII85Decode", "/LZWDecode", "/RunLengthDecode")
_FLATE: Final = "/FlateDecode"
_PNG_COLOURS: Final = {1: GREY, 3: RGB}


@dataclass(frozen=True, slots=True)
class PdfPicture:
    """A picture, ready to be handed over.

    Args:
        content: The file where it stands in the PDF as it is; else None.
        opener: Makes the file.
    """

    ending: bytes
    opener: Callable[[], ByteStream]
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Shape:
    width_px: int
    height_px: int
    bits: int


def read_picture(picture: Any, data: bytes, unpacking: Unpacking) -> PdfPicture:
    """Turn a picture of a PDF into a file.

    Args:
        picture: Its dictionary.
        data: Its stream as stored (not encrypted).

    Raises:
        DecodeError: It contradicts itself.
        LimitError: It is larger than allowed.
        NotOpenedError: Its form is not read yet.
    """
    filters = filters_of(picture)
    while len(filters) > 1 or (filters and filters[0][0] in _TEXT_FILTERS):
        name, parameters = filters.pop(0)
        data = undo_filter(name, parameters, data, unpacking)
    name, parameters = filters[0] if filters else ("", {})
    if name in _AS_IT_IS:
        return PdfPicture(_AS_IT_IS[name], lambda: PieceStream(iter((data,))), data)
    shape = _shape_of(picture, unpacking)
    if name == "/CCITTFaxDecode":
        content = _fax(parameters, data, shape, is_turned=_is_turned(picture, Colour(1)))
        return PdfPicture(b"tif", lambda: PieceStream(iter((content,))), content)
    if name not in ("", _FLATE):
        raise NotOpenedError("the coding of a picture in the document is not read yet")
    is_mask = bool(value_of(picture, "/ImageMask", "/IM"))
    colour = Colour(1) if is_mask else read_colour(value_of(picture, "/ColorSpace", "/CS"))
    is_turned = _is_turned(picture, colour)
    return _pixels(name, parameters, data, shape, colour, is_turned, unpacking)


def _shape_of(picture: Any, unpacking: Unpacking) -> _Shape:
    is_mask = bool(value_of(picture, "/ImageMask", "/IM"))
    shape = _Shape(
        number(picture, 0, "/Width", "/W"),
        number(picture, 0, "/Height", "/H"),
        1 if is_mask else number(picture, 8, "/BitsPerComponent", "/BPC"),
    )
    if shape.width_px <= 0 or shape.height_px <= 0 or shape.bits not in (1, 2, 4, 8, 16):
        raise DecodeError("a picture in the document states no possible size")
    if shape.width_px * shape.height_px > unpacking.gauge.budget.bounds.picture_max_pixels:
        raise LimitError("a picture in the document has more pixels than allowed")
    return shape


def _is_turned(picture: Any, colour: Colour) -> bool:
    """Whether light and dark are stated the wrong way round."""
    ranges = array(value_of(picture, "/Decode", "/D"))
    is_turned = len(ranges) >= 2 and ranges[0] > ranges[1] and not colour.palette
    return is_turned != colour.is_subtractive


def undo_filter(name: str, parameters: Any, data: bytes, unpacking: Unpacking) -> bytes:
    """Undo one filter in memory.

    Raises:
        LimitError: It gives out more than allowed.
        NotOpenedError: It is not known.
    """
    from pypdf import filters

    if name == _FLATE:
        most = unpacking.gauge.budget.bounds.member_max_bytes
        if number(parameters, 1, "/Predictor") != 1:
            raise NotOpenedError("the coding of a picture in the document is not read yet")
        return b"".join(inflate(data, unpacking, most))
    decoders: dict[str, Any] = {
        "/ASCIIHexDecode": filters.ASCIIHexDecode,
        "/ASCII85Decode": filters.ASCII85Decode,
        "/LZWDecode": filters.LZWDecode,
        "/RunLengthDecode": filters.RunLengthDecode,
    }
    if name not in decoders:
        raise NotOpenedError("the coding of a picture in the document is not read yet")
    output = decoders[name].decode(data, parameters or None)
    output = output.encode("latin-1") if isinstance(output, str) else bytes(output)
    unpacking.gauge.spend(len(output))
    return output


def inflate(data: bytes, unpacking: Unpacking, most_bytes: int) -> Iterator[bytes]:
    """Decompress in pieces, as far as it goes.

    Raises:
        LimitError: A bound is exceeded.
    """
    engine = zlib.decompressobj()
    given = 0
    while data and given < most_bytes:
        try:
            piece = engine.decompress(data, CHUNK_BYTES)
        except zlib.error:
            return
        unpacking.gauge.spend(len(piece))
        unpacking.tick()
        given += len(piece)
        data = engine.unconsumed_tail
        if not piece and not data:
            return
        yield piece


def _fax(parameters: Any, data: bytes, shape: _Shape, *, is_turned: bool) -> bytes:
    """Put a TIFF header before fax code."""
    two_dimensional = number(parameters, 0, "/K")
    columns = number(parameters, 1728, "/Columns")
    is_black_one = bool(value_of(parameters, "/BlackIs1"))
    header = tiff_header(
        columns,
        shape.height_px,
        len(data),
        compression=GROUP_4 if two_dimensional < 0 else GROUP_3,
        photometric=WHITE_IS_ZERO + int(is_black_one != is_turned),
        is_two_dimensional=two_dimensional > 0,
    )
    return header + data


def _pixels(
    name: str,
    parameters: Any,
    data: bytes,
    shape: _Shape,
    colour: Colour,
    is_turned: bool,
    unpacking: Unpacking,
) -> PdfPicture:
    predictor = number(parameters, 1, "/Predictor")
    if colour.channels == 4:
        row_bytes = shape.width_px * 4
        if shape.bits != 8 or predictor > 1:
            raise NotOpenedError("the colours of a picture in the document are not read yet")
        header = tiff_header(
            shape.width_px, shape.height_px, row_bytes * shape.height_px, bits=8, channels=4,
            compression=NOT_COMPRESSED, photometric=CMYK,
        )  # fmt: skip
        rows = partial(_rows, name, data, row_bytes, shape.height_px, is_turned, unpacking)
        return PdfPicture(b"tif", lambda: PieceStream(chain((header,), rows())))
    kind = PALETTE if colour.palette else _PNG_COLOURS.get(colour.channels)
    if kind is None or (shape.bits < 8 and kind == RGB) or (shape.bits > 8 and kind == PALETTE):
        raise NotOpenedError("the colours of a picture in the document are not read yet")
    palette = colour.palette[: 3 << shape.bits]
    if palette:
        palette = palette.ljust(3 << shape.bits, b"\x00")
    form = PngForm(shape.width_px, shape.height_px, shape.bits, kind, palette)
    if predictor >= 10 and name == _FLATE:
        stated = (
            number(parameters, 1, "/Columns"),
            number(parameters, 1, "/Colors"),
            number(parameters, 8, "/BitsPerComponent"),
        )
        if stated != (shape.width_px, colour.channels, shape.bits) or is_turned:
            raise NotOpenedError("the coding of a picture in the document is not read yet")
        content = wrap_deflated(form, data)
        return PdfPicture(b"png", lambda: PieceStream(iter((content,))), content)
    if predictor not in (1, 2) or (predictor == 2 and shape.bits != 8):
        raise NotOpenedError("the coding of a picture in the document is not read yet")
    step = colour.channels if predictor == 2 else 0
    rows = partial(_rows, name, data, form.row_bytes, shape.height_px, is_turned, unpacking, step)
    return PdfPicture(b"png", lambda: PieceStream(png_pieces(form, rows())))


def _rows(
    name: str,
    data: bytes,
    row_bytes: int,
    height_px: int,
    is_turned: bool,
    unpacking: Unpacking,
    step: int = 0,
) -> Iterator[bytes]:
    """Give rows of pixels; those that are missing are zeros, and said to be missing."""
    pieces = iter((data,))
    if name == _FLATE:
        pieces = inflate(data, unpacking, row_bytes * height_px)
    waiting = bytearray()
    given = 0
    for piece in pieces:
        waiting += piece
        whole = len(waiting) // row_bytes
        for number_ in range(whole):
            yield _row(
                bytes(waiting[number_ * row_bytes : (number_ + 1) * row_bytes]), is_turned, step
            )
        given += whole
        del waiting[: whole * row_bytes]
    if given < height_px:
        unpacking.report(DecodeError("a picture in the document is not whole; rows are missing"))
        yield _row(bytes(waiting).ljust(row_bytes, b"\x00"), is_turned, step)
        for _ in range(height_px - given - 1):
            yield bytes(row_bytes)


def _row(row: bytes, is_turned: bool, step: int) -> bytes:
    if step:
        import numpy as np

        pixels = np.frombuffer(row, np.uint8).reshape(-1, step)
        row = np.cumsum(pixels, axis=0, dtype=np.uint8).tobytes()
    return row.translate(_TURNED) if is_turned else row


_TURNED: Final = bytes(range(255, -1, -1))
