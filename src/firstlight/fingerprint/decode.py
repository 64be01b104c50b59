"""Decoding a picture to upright pixels, whatever it is coded as."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, cast

from firstlight.errors import DecodeError, LimitError, NotOpenedError
from firstlight.fingerprint.decode_picture import Content, DecodeOptions, Picture
from firstlight.model.bounds import Bounds

Decoder = Callable[[Content, DecodeOptions], Picture]

# In order; the first that names the type decodes it. Modules are imported when first needed.
_DECODERS: Final[tuple[tuple[str, str, frozenset[str]], ...]] = (
    ("decode_jpeg", "decode_jpeg", frozenset(("image/jpeg",))),
    ("decode_png", "decode_png", frozenset(("image/png", "image/apng"))),
    (
        "decode_heif",
        "decode_heif",
        frozenset(("image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence")),
    ),
    ("decode_tiff", "decode_tiff", frozenset(("image/tiff",))),
    (
        "raw_preview",
        "decode_raw",
        frozenset(
            f"image/x-{kind}"
            for kind in (
                *("raw", "adobe-dng", "nikon-nef", "canon-cr2", "canon-cr3", "canon-crw"),
                *("sony-arw", "olympus-orf", "panasonic-rw2", "pentax-pef", "fuji-raf"),
                *("samsung-srw", "sigma-x3f", "minolta-mrw", "hasselblad-3fr"),
                *("kodak-dcr", "epson-erf", "phaseone-iiq"),
            )
        ),
    ),
)
_LAST: Final = ("decode_pillow", "decode_pillow")


def decode_picture(content: Content, mime: str, *, strict: bool, bounds: Bounds) -> Picture:
    """Decode one picture as it is meant to be shown: upright, in its colours, over white.

    Args:
        content: The whole file.
        mime: The type as the content tells it (never its name).
        strict: Decode JPEG to RGB; else to its luma, which is faster and within 6 bits.
        bounds: Size and pixel bounds.

    Raises:
        NotOpenedError: No decoder for this type.
        LimitError: A bound was exceeded, or memory.
        DecodeError: Nothing of it decodes.
        TruncatedError: It ends before anything decodes.
    Cost: One full-scale decode: about 50 ms for a JPEG of 12 MP.
    Evidence: Pixels are those of the content; nothing is cropped, sharpened or reduced.
    """
    if len(content) > bounds.picture_max_bytes:
        raise LimitError(
            f"picture file is larger than the bound of {bounds.picture_max_bytes} bytes"
        )
    if len(content) == 0:
        raise DecodeError("picture does not decode: it is empty")
    try:
        return find_decoder(mime)(content, DecodeOptions(mime, strict, bounds))
    except MemoryError as error:
        raise LimitError("picture needs more memory than a worker may use") from error


def find_decoder(mime: str) -> Decoder:
    """Find the decoder of a type.

    Raises:
        NotOpenedError: No decoder for this type.
    """
    module, function = next(
        ((module, function) for module, function, mimes in _DECODERS if mime in mimes), _LAST
    )
    decoder = getattr(import_module(f"firstlight.fingerprint.{module}"), function)
    if module == _LAST[0]:
        from firstlight.fingerprint.decode_pillow import pillow_formats

        if mime not in pillow_formats():
            raise NotOpenedError("pictures of this type are not decoded yet")
    return cast(Decoder, decoder)


def load_decoders() -> None:
    """Import every decoder now, before a worker loses the right to open files."""
    for module, _, _ in _DECODERS:
        import_module(f"firstlight.fingerprint.{module}")
    for name in ("simplejpeg", "pi_heif"):
        import_module(name)
    from firstlight.fingerprint.decode_pillow import load_plugins

    load_plugins()
