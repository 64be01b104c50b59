"""Thumbnails inside the Exif block, and edits with their history, as programs leave them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageEnhance

from examples.copies import save_jpeg

EXIFTOOL = Path(__file__).resolve().parents[1] / "packaging/exiftool/installed/exiftool"
EXIFTOOL_LIMIT_S = 60
EDITOR = "Lantern Darkroom 4.1"

HISTORY = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
 xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
 xmp:CreatorTool="{editor}" xmpMM:DocumentID="xmp.did:{document:032x}"
 xmpMM:OriginalDocumentID="xmp.did:{document:032x}"><xmpMM:History><rdf:Seq>
 <rdf:li stEvt:action="opened" stEvt:softwareAgent="{editor}" stEvt:when="{when}"/>
 <rdf:li stEvt:action="exposure" stEvt:parameters="+8" stEvt:softwareAgent="{editor}"
  stEvt:when="{when}"/>
 <rdf:li stEvt:action="saved" stEvt:softwareAgent="{editor}" stEvt:when="{when}"
  stEvt:changed="/"/></rdf:Seq></xmpMM:History></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


@lru_cache(maxsize=1)
def exiftool_command() -> tuple[str, ...] | None:
    """Return how to call exiftool here, None where there is none."""
    if EXIFTOOL.is_file() and shutil.which("perl"):
        return ("perl", str(EXIFTOOL))
    found = shutil.which("exiftool")
    return (found,) if found else None


def embed_thumbnail(jpeg: bytes, shown: Image.Image) -> bytes:
    """Put a small picture into a JPEG's Exif block, through exiftool.

    Args:
        shown: What the thumbnail shows, as the sensor lay.
    """
    command = exiftool_command()
    if command is None:
        return jpeg
    small = shown.resize((160, max(1, round(160 * shown.height / shown.width))))
    with tempfile.TemporaryDirectory() as name:
        picture, thumb = Path(name) / "picture.jpg", Path(name) / "thumb.jpg"
        picture.write_bytes(jpeg)
        thumb.write_bytes(save_jpeg(small, 80))
        subprocess.run(
            [*command, "-config", "", "-q", "-overwrite_original", f"-ThumbnailImage<={thumb}",
             str(picture)],
            check=True, capture_output=True, timeout=EXIFTOOL_LIMIT_S,
        )  # fmt: skip
        return picture.read_bytes()


def edit_picture(original: bytes, number: int, edited_at: str) -> bytes:
    """Make an edited copy: brighter, smaller, the editor's name and history in its metadata."""
    with Image.open(BytesIO(original)) as opened:
        exif = opened.getexif()
        upright = _upright(opened)
    exif[0x0131] = EDITOR
    exif[0x0112] = 1
    exif[0x0132] = edited_at.replace("-", ":").replace("T", " ")
    size = (round(upright.width * 0.75), round(upright.height * 0.75))
    brighter = ImageEnhance.Brightness(upright.resize(size)).enhance(1.08)
    history = HISTORY.format(editor=EDITOR, document=number + 1, when=edited_at + "Z")
    return save_jpeg(brighter, 84, exif=exif, xmp=history.encode())


def _upright(opened: Image.Image) -> Image.Image:
    turned = opened.getexif().get(0x0112) == 6
    image = opened.convert("RGB")
    return image.transpose(Image.Transpose.ROTATE_270) if turned else image
