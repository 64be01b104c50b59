"""Good files of every kind that is read, small and drawn, for the campaign to make bad ones of.

What needs a program of the system is made where it is there; ``missing`` says what is not.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import struct
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import zstandard
from examples.disk_ewf import write_ewf
from examples.heic import has_heic_encoder, write_heic
from examples.locked import ZipLocking, make_7z, make_locked_zip
from PIL import Image
from skimage import data
from tests.unit.intake.archive_making import make_tar, make_zip

PASSWORD = b"harbour"
PICTURE = Image.fromarray(data.coffee()).resize((192, 128))
CLIPS = {
    "clip.mp4": ("-c:v", "mpeg4"),
    "clip.mov": ("-c:v", "mjpeg"),
    "clip.avi": ("-c:v", "mpeg4"),
    "clip.mkv": ("-c:v", "mpeg4"),
    "clip.mpg": ("-c:v", "mpeg1video"),
}
DISK_BYTES = {"fat": 1 << 20, "ext4": 1 << 20, "ntfs": 2 << 20}

missing: list[str] = []
Samples = Iterator[tuple[str, bytes]]


def encode(form: str, image: Image.Image = PICTURE, **options: object) -> bytes:
    """Code a picture, with Exif where the form has a place for it."""
    if form in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        exif = Image.Exif()
        exif[0x010F], exif[0x0112] = "Maker", 6
        if form == "JPEG":
            exif.get_ifd(0x8825)[2] = (50.0, 30.0, 10.0)
        options["exif"] = exif
    held = io.BytesIO()
    image.save(held, form, **options)
    return held.getvalue()


JPEG = encode("JPEG")
FILES = [
    ("a.jpg", JPEG),
    ("sub/b.png", encode("PNG", PICTURE.resize((64, 40)))),
    ("notes.txt", b"the boat in the harbour\n" * 40),
]


def make_samples() -> dict[str, bytes]:
    """Make every sample that can be made here, by the name that its file carries."""
    samples: dict[str, bytes] = {}
    for make in (pictures, archives, documents, mails, clips, disks, thumbnail_stores):
        samples.update(make())
    return samples


def pictures() -> Samples:
    """Pictures of every coding that is read."""
    moving = [PICTURE.rotate(angle) for angle in (0, 20, 40)]
    paged = [image.copy() for image in moving]  # a coder leaves its settings in what it codes
    forms: list[tuple[str, str, Image.Image, dict[str, object]]] = [
        ("a.jpg", "JPEG", PICTURE, {}),
        ("progressive.jpg", "JPEG", PICTURE, {"progressive": True}),
        ("cmyk.jpg", "JPEG", PICTURE.convert("CMYK"), {}),
        ("grey.jpg", "JPEG", PICTURE.convert("L"), {}),
        ("pages.mpo", "MPO", PICTURE.copy(), {"save_all": True, "append_images": paged}),
        ("a.png", "PNG", PICTURE, {}),
        ("palette.png", "PNG", PICTURE.quantize(64), {}),
        ("moving.png", "PNG", PICTURE, {"save_all": True, "append_images": moving}),
        ("a.gif", "GIF", PICTURE, {"save_all": True, "append_images": moving}),
        ("a.webp", "WEBP", PICTURE, {}),
        ("moving.webp", "WEBP", PICTURE, {"save_all": True, "append_images": moving}),
        ("a.tif", "TIFF", PICTURE, {}),
        ("lzw.tif", "TIFF", PICTURE, {"compression": "tiff_lzw"}),
        ("jpeg.tif", "TIFF", PICTURE, {"compression": "jpeg"}),
        ("pages.tif", "TIFF", PICTURE, {"save_all": True, "append_images": moving}),
        ("a.bmp", "BMP", PICTURE, {}),
        ("a.jp2", "JPEG2000", PICTURE, {}),
        ("a.avif", "AVIF", PICTURE, {"speed": 10}),
        ("a.ico", "ICO", PICTURE, {"sizes": [(128, 85)]}),
        ("a.pcx", "PCX", PICTURE, {}),
        ("a.tga", "TGA", PICTURE, {}),
        ("a.ppm", "PPM", PICTURE, {}),
        ("a.sgi", "SGI", PICTURE, {}),
        ("a.dds", "DDS", PICTURE, {}),
        ("a.icns", "ICNS", PICTURE, {}),
    ]
    for name, form, image, options in forms:
        yield name, encode(form, image, **options)
    yield "a.dng", raw_picture()
    yield "head.psd", b"8BPS" + bytes(400)
    if has_heic_encoder():
        yield "a.heic", write_heic(PICTURE)
    else:
        missing.append("HEIC: no ffmpeg with libx265 here")


def raw_picture() -> bytes:
    """A raw picture's directory with a preview in it."""
    first = struct.pack("<H", 3)
    first += struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    first += struct.pack("<HHII", 0x0201, 4, 1, 50)
    first += struct.pack("<HHII", 0x0202, 4, 1, len(JPEG))
    return b"II*\x00" + struct.pack("<I", 8) + first + bytes(4) + JPEG


def archives() -> Samples:
    """Archives of every kind that is opened, nested and locked ones among them."""
    tar, packed = make_tar(FILES), make_zip(FILES)
    yield "stored.zip", make_zip([*FILES, ("inner.zip", packed)], zipfile.ZIP_STORED)
    yield "nested.zip", make_zip([*FILES, ("inner.tar", tar)])
    yield "bzip2.zip", make_zip(FILES, zipfile.ZIP_BZIP2)
    yield "lzma.zip", make_zip(FILES, zipfile.ZIP_LZMA)
    for locking in (ZipLocking(PASSWORD), ZipLocking(PASSWORD, aes_bits=256)):
        name = "locked-aes.zip" if locking.aes_bits else "locked-old.zip"
        yield name, make_locked_zip(FILES, locking)
    yield "a.tar", make_tar([*FILES, ("inner.zip", packed)])
    yield "gnu.tar", make_tar([("x" * 300, b"1"), *FILES], tarfile.GNU_FORMAT)
    yield "a.tar.gz", gzip.compress(tar)
    yield "a.tar.bz2", bz2.compress(tar)
    yield "a.tar.xz", lzma.compress(tar)
    yield "a.tar.zst", zstandard.compress(tar)
    yield "a.7z", make_7z(FILES)
    yield "locked.7z", make_7z(FILES, PASSWORD.decode())
    yield "hidden.7z", make_7z(FILES, PASSWORD.decode(), is_header_locked=True)


def documents() -> Samples:
    """Documents that hold pictures."""
    held = io.BytesIO()
    PICTURE.save(held, "PDF", save_all=True, append_images=[PICTURE.convert("L")])
    yield "a.pdf", held.getvalue()
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    types = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        f'content-types"><Override PartName="/word/document.xml" ContentType="{word}.document'
        '.main+xml"/></Types>'
    )
    yield "a.docx", make_zip([
        ("[Content_Types].xml", types.encode()),
        ("word/document.xml", b"<document/>"),
        ("word/media/image1.jpeg", JPEG),
    ])  # fmt: skip
    yield "a.odt", make_zip([
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", b"<document/>"),
        ("Pictures/1.jpg", JPEG),
    ], zipfile.ZIP_STORED)  # fmt: skip
    yield "a.ufdr", make_zip([
        ("report.xml", b'<?xml version="1.0"?><project name="x"><taggedFiles/></project>'),
        ("files/Image/a.jpg", JPEG),
    ])  # fmt: skip


def mails() -> Samples:
    """Mails with attachments, one inside another."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "one@example.org", "two@example.org", "boats"
    mail["Date"] = "Mon, 02 Mar 2026 10:00:00 +0100"
    mail.set_content("see the boat")
    mail.add_attachment(JPEG, maintype="image", subtype="jpeg", filename="boat é.jpg")
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "two@example.org", "Fwd: boats"
    outer.set_content("below")
    outer.add_attachment(mail)
    outer.add_attachment(
        make_zip(FILES[1:]), maintype="application", subtype="zip", filename="b.zip"
    )
    yield "a.eml", outer.as_bytes()
    line = b"From one@example.org Mon Mar  2 10:00:00 2026\n"
    yield "a.mbox", b"\n".join(line + each.as_bytes() + b"\n" for each in (mail, outer))


def clips() -> Samples:
    """Two seconds of a test pattern in several containers."""
    if shutil.which("ffmpeg") is None:
        missing.append("clips: no ffmpeg here")
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, options in CLIPS.items():
            path = Path(folder) / name
            pattern = "testsrc=size=96x64:rate=25:duration=2"
            run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", pattern, *options, str(path))
            yield name, path.read_bytes()


def disks() -> Samples:
    """Small disk images with files on them, one of them deleted."""
    makers: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
        "fat": ("mcopy", make_fat), "ext4": ("debugfs", make_ext4), "ntfs": ("ntfscp", make_ntfs),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = folder / "files"
        (files / "sub").mkdir(parents=True)
        for file, content in FILES:
            (files / file).write_bytes(content)
        for kind, (needed, make) in makers.items():
            if shutil.which(needed) is None:
                missing.append(f"disk image {kind}: no {needed} here")
                continue
            image = folder / f"{kind}.dd"
            with image.open("wb") as file:
                file.truncate(DISK_BYTES[kind])
            make(image, files)
            yield image.name, image.read_bytes()
            if kind == "fat":
                yield "parted.dd", with_partition_table(image.read_bytes())
                (first,) = write_ewf(image, folder / "fat.E01")
                yield first.name, first.read_bytes()


def make_fat(image: Path, files: Path) -> None:
    """Make a FAT file system with mtools."""
    run("mkfs.vfat", str(image))
    run("mcopy", "-s", "-i", str(image), *(str(path) for path in sorted(files.iterdir())), "::")
    run("mdel", "-i", str(image), "::a.jpg")


def make_ext4(image: Path, files: Path) -> None:
    """Make an ext4 file system with e2fsprogs."""
    run("mke2fs", "-q", "-t", "ext4", "-d", str(files), str(image))
    run("debugfs", "-w", "-R", "rm a.jpg", str(image))


def make_ntfs(image: Path, files: Path) -> None:
    """Make an NTFS file system with ntfs-3g's programs."""
    run("mkfs.ntfs", "-q", "-F", "-f", str(image))
    for file in ("a.jpg", "notes.txt"):
        run("ntfscp", "-q", str(image), str(files / file), file)


def with_partition_table(volume: bytes) -> bytes:
    """Put a volume behind an MBR."""
    entry = struct.pack("<B3sB3sII", 0, b"\0\0\0", 6, b"\0\0\0", 8, len(volume) // 512)
    return bytes(446) + entry + bytes(48) + b"\x55\xaa" + bytes(7 * 512) + volume


def thumbnail_stores() -> Samples:
    """Stores of thumbnails, as systems keep them."""
    entry_head = struct.pack(
        "<4sIQIIIIIQQ", b"CMMM", 56 + 16 + len(JPEG), 7, 16, 0, len(JPEG), 0, 0, 1, 2
    )
    name = "0123abcd".encode("utf-16-le")
    yield (
        "thumbcache_96.db",
        struct.pack("<4sIIIII", b"CMMM", 32, 1, 0, 24, 0) + entry_head + name + JPEG,
    )


def run(*command: str) -> None:
    """Run a program that makes a sample."""
    subprocess.run(command, check=True, capture_output=True, timeout=60)
