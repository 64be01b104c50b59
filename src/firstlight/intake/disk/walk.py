"""Walking a whole disk: every volume that it has, whatever is wrong with another."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.errors import InputError, LimitError
from firstlight.intake.archive.member import Member, Unpacking, failed_member
from firstlight.intake.disk.allowance import Allowance
from firstlight.intake.disk.library import DiskImage
from firstlight.intake.disk.source import DiskBytes
from firstlight.intake.disk.tree import FileSystem
from firstlight.intake.disk.volume import Volume, explain_unread, find_volumes, is_marked
from firstlight.model.media import FileFacts


def disk_members(disk: DiskBytes, unpacking: Unpacking) -> Iterator[Member]:
    """Give the files of every volume; a volume that is not read is a member of its own.

    What could not be read of the image is reported at the end, once for each kind of loss.
    """
    image = DiskImage(disk, unpacking.tick)
    allowance = Allowance(disk, unpacking.gauge.budget.bounds)
    for volume in find_volumes(image):
        unpacking.tick()
        system = _open(image, volume, allowance, unpacking)
        if system is not None:
            yield from system.members()
            continue
        label, error = explain_unread(disk, volume)
        name = b"vol%d-%s-at-%d" % (volume.number, label.encode(), volume.start)
        facts = FileFacts(volume.size_bytes)
        yield failed_member(name, allowance.count_entry(), facts, error)
    for kind in disk.losses.kinds():
        unpacking.report(disk.losses.error(kind, "the image"))


def _open(
    image: DiskImage, volume: Volume, allowance: Allowance, unpacking: Unpacking
) -> FileSystem | None:
    if is_marked(image.disk, volume):
        return None
    try:
        return FileSystem(image, volume, allowance, unpacking.report)
    except LimitError as error:
        unpacking.report(error)
    except InputError:
        pass
    return None
