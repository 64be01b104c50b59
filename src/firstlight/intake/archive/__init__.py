"""Archives, and archives inside them: ZIP, 7z, RAR, tar, gzip, bzip2, xz and Zstandard.

**The protocol.** ``walk_archive`` yields two kinds of things, in one stable order:

- ``ArchiveItem``: a member. While it is the current one, the consumer does one of:

  - nothing, when ``item.failure`` is set (its ``outcome`` says skipped, not opened or failed);
  - ``content = item.open()`` and reads it to its end (``for piece in content.pieces()``), which
    is the only time its bytes pass by: digests, and keeping what will be decoded, happen here.
    ``content.content_type`` is known at once and final at the end; ``content.size_bytes`` is
    the true size. Opening and reading raise ``InputError``: record it, and go on;
  - nothing, when it does not want the item (it was done before): the walk still looks whether
    it is an archive, and if so its members come next;
  - ``item.pass_over()``: its bytes are not touched at all (it cost a worker before).

- ``ArchiveEnd``: an archive is done. Every item whose content is an archive that is opened here
  is followed by its members and then by its end, with the number of its members and what is
  wrong with the archive itself. The outermost archive's end (``members == ()``) comes last.

So a consumer keeps the account of a nested archive open, on a stack, until its end comes::

    for met in walk_archive(stream, content_type, bounds=bounds, tick=context.tick, name=name):
        if isinstance(met, ArchiveEnd):
            finish(met.members, met.ordinals, met.member_count, met.failures)
        elif met.failure is not None:
            emit_failure(met)
        elif context.wants(key_of(met)):
            context.begin(key_of(met))
            content = met.open()
            for piece in content.pieces():
                taker.update(piece)

A compressed tar is one archive: its members are the tar's, and no item stands for the tar in
between. Folders are no items, but count against the bounds. Names are only names: nothing is
ever written, so ``../../x`` and ``/etc/x`` are kept as they are and lead nowhere.

**Bounds** (``model.bounds``): ratio, total and members count over the whole nest; the ratio
counts for every archive, and for every ZIP member, on its own as well, so that one bomb costs
itself and not its neighbours. What is exceeded is recorded: on the item, on the archive that it
ends, or on both.
"""

from __future__ import annotations

from firstlight.intake.archive.budget import ArchiveBudget, ArchiveGauge
from firstlight.intake.archive.item import ArchiveEnd, ArchiveItem, MemberContent
from firstlight.intake.archive.registry import iterate_members, readable_types
from firstlight.intake.archive.walk import walk_archive

__all__ = [
    "ArchiveBudget",
    "ArchiveEnd",
    "ArchiveGauge",
    "ArchiveItem",
    "MemberContent",
    "iterate_members",
    "readable_types",
    "walk_archive",
]
