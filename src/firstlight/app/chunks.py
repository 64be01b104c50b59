"""Walks one source and cuts it into tasks for workers, leaving out what was read before."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from firstlight.app.home import Home
from firstlight.app.progress import Progress
from firstlight.app.workers import reading_settings
from firstlight.intake.disk.segment import segments_beside
from firstlight.intake.folder import FoundFile, Skipped, walk
from firstlight.model.item import ItemReport
from firstlight.model.media import FileFacts, Locator, Outcome
from firstlight.model.ports import Task
from firstlight.store.sighting import SeenItem, seen_items
from firstlight.store.source import SourceRow

CHUNK_ITEMS = 48
CHUNK_BYTES = 24_000_000


class SourceWalk:
    """One pass over one source.

    Args:
        reread: Read every file again.
        retry: Read again the files in which something failed.
        is_deriving: The home keeps derivatives.
    """

    def __init__(
        self,
        home: Home,
        source: SourceRow,
        *,
        reread: bool,
        retry: bool,
        is_deriving: bool = False,
    ) -> None:
        self._settings = reading_settings(home, is_deriving=is_deriving)
        self.source_id = source.source_id
        self.root = source.path
        self._beside = segments_beside(source.path) if os.path.isfile(source.path) else []
        self._reread = reread
        self._retry = retry
        self.seen: dict[bytes, SeenItem] = {}
        self._members: dict[bytes, list[SeenItem]] = {}
        self._unmet: dict[bytes, int] = {}
        for item in seen_items(home.store, source.source_id):
            self.seen[item.item_key] = item
            if item.outcome is not Outcome.SKIPPED:
                self._unmet[item.path] = self._unmet.get(item.path, 0) + 1
            if item.members:
                self._members.setdefault(item.path, []).append(item)
        self._skipped: list[ItemReport] = []
        self._found: dict[bytes, FileFacts] = {}
        self._has_worked = False
        self._paths_of_task: dict[int, list[bytes]] = {}
        self.counts = {"read": 0, "not_reread": 0, "failed": 0, "changed": 0}

    @property
    def readable_roots(self) -> list[bytes]:
        """What workers may read: the source, and the segments beside a single disk image."""
        return [self.root, *self._beside]

    @property
    def has_worked(self) -> bool:
        """Whether workers had anything to do."""
        return self._has_worked

    @property
    def unmet_rows(self) -> int:
        """Records of files that were there on an earlier run and are not now."""
        return sum(n for path, n in self._unmet.items() if not is_folder_key(path))

    def count(self, progress: Progress) -> None:
        """Count files and bytes, so that progress can say how much is left."""
        for found in self._walk(lambda _: None):
            progress.files_total += 1
            progress.bytes_total += found.facts.size_bytes
        self._progress = progress

    def tasks(self) -> Iterator[Task]:
        """Cut the source into tasks, lazily, in the order of the walk."""
        task_id = 0
        chunk: list[dict[str, Any]] = []
        size_bytes = 0
        for found in self._walk(self._skip):
            self._unmet.pop(found.path, None)
            item = self._item(found)
            if item is None:
                self._pass_over(found)
                continue
            if chunk and size_bytes + found.facts.size_bytes > CHUNK_BYTES:
                yield self._task(task_id, chunk)
                task_id, chunk, size_bytes = task_id + 1, [], 0
            chunk.append(item)
            size_bytes += found.facts.size_bytes
            if len(chunk) >= CHUNK_ITEMS:
                yield self._task(task_id, chunk)
                task_id, chunk, size_bytes = task_id + 1, [], 0
        if chunk:
            yield self._task(task_id, chunk)

    def _walk(self, on_skip: Callable[[Skipped], None]) -> Iterator[FoundFile]:
        """Walk the source; the segments beside a single disk image are a part of it."""
        for path in self.readable_roots:
            yield from walk(path, on_skip=on_skip)

    def _task(self, task_id: int, chunk: list[dict[str, Any]]) -> Task:
        self._has_worked = True
        paths = [item["path"] for item in chunk]
        self._paths_of_task[task_id] = paths
        keys = tuple(Locator(path).key for path in paths)
        return Task(task_id, {"settings": self._settings, "items": chunk}, keys)

    def _item(self, found: FoundFile) -> dict[str, Any] | None:
        """Describe a file to a worker; None when its record stands."""
        key = Locator(found.path).key
        earlier = self.seen.get(key)
        members = self._members.get(found.path, [])
        item: dict[str, Any] = {"path": found.path, **asdict(found.facts)}
        if self._reread or (earlier is not None and earlier.facts != found.facts):
            self._found[found.path] = found.facts
            return item
        if earlier is not None:
            failed = [entry for entry in (earlier, *members) if entry.has_failure]
            if not (self._retry and failed):
                return None
            wanted = {key for entry in failed for key in _way_to(entry)}
            # Members that were never met are met now; only what is whole is left out.
            item["done"] = [m.item_key for m in members if m.item_key not in wanted]
        elif members:
            # Stopped inside this archive: its own record comes last, so it is not whole.
            item["done"] = [entry.item_key for entry in members]
        self._found[found.path] = found.facts
        return item

    def _pass_over(self, found: FoundFile) -> None:
        members = self._members.get(found.path, [])
        self.counts["not_reread"] += 1 + sum(
            member.outcome is not Outcome.SKIPPED for member in members
        )
        self._progress.files_done += 1
        self._progress.bytes_done += found.facts.size_bytes

    def _skip(self, skipped: Skipped) -> None:
        path = skipped.path
        if skipped.outcome is Outcome.FAILED and os.path.isdir(path):
            path = path.rstrip(b"/") + b"/"
        self._unmet.pop(path, None)
        report = ItemReport(
            Locator(path),
            skipped.facts or FileFacts(0),
            skipped.outcome,
            failures=(skipped.failure,),
        )
        earlier = self.seen.get(report.locator.key)
        if earlier is None or earlier.outcome is not skipped.outcome:
            self._skipped.append(report)

    def opened_folders(self) -> Iterator[ItemReport]:
        """Give the folders that could not be read on an earlier run, and could on this one."""
        for path in [path for path in self._unmet if is_folder_key(path)]:
            self._unmet.pop(path)
            earlier = self.seen[Locator(path).key]
            if earlier.has_failure and os.path.isdir(path):
                yield ItemReport(Locator(path), earlier.facts, Outcome.READ)

    def take_skipped(self) -> Iterator[ItemReport]:
        """Give the links, special and unreadable entries met since the last call."""
        reports, self._skipped = self._skipped, []
        yield from reports

    def complete(self, task_id: int) -> None:
        """Forget a task that is done."""
        for path in self._paths_of_task.pop(task_id, ()):
            self._found.pop(path, None)

    def count_report(self, report: ItemReport) -> None:
        """Count what became of an item."""
        if report.outcome is Outcome.FAILED:
            self.counts["failed"] += 1
        elif report.outcome is not Outcome.SKIPPED:
            self.counts["read"] += 1
        earlier = self.seen.get(report.locator.key)
        if earlier and report.digests and earlier.media_id not in (None, report.digests.media_id):
            self.counts["changed"] += 1

    def holds(self, item_key: bytes) -> bool:
        """Whether an item lies in a file that workers were given."""
        full_path = item_key.rpartition(b"\x00")[0]
        if full_path in self._found:
            return True
        parts = full_path.split(b"!/")
        return any(b"!/".join(parts[:end]) in self._found for end in range(1, len(parts)))

    def shell(self, item_key: bytes) -> ItemReport:
        """Make the account of an item of which no worker could say anything."""
        full_path, _, tail = item_key.rpartition(b"\x00")
        ordinals = tuple(int(part) for part in tail.split(b",") if part.isdigit())
        if not ordinals:
            facts = self._found.get(full_path, FileFacts(0))
            return ItemReport(Locator(full_path), facts, Outcome.FAILED)
        path = max((p for p in self._found if full_path.startswith(p + b"!/")), key=len)
        rest = full_path[len(path) + 2 :]
        members = tuple(rest.split(b"!/"))
        if len(members) != len(ordinals):
            members = (rest,)
        return ItemReport(Locator(path, members, ordinals), FileFacts(0), Outcome.FAILED)


def is_folder_key(path: bytes) -> bool:
    """Whether a record speaks of a folder that could not be read, and not of a file."""
    return path.endswith(b"/")


def _way_to(item: SeenItem) -> list[bytes]:
    """Give the keys of an item and of everything that must be opened to reach it."""
    tail = item.item_key.rpartition(b"\x00")[2]
    ordinals = tuple(int(part) for part in tail.split(b",") if part)
    return [
        Locator(item.path, item.members[:depth], ordinals[:depth]).key
        for depth in range(len(item.members) + 1)
    ]
