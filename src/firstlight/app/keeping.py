"""Keeps what the profile allows of what comes in: derivatives, and originals where it says so.

Workers make the derivatives and cannot write; what they say is checked, never decoded here.
Originals of plain files are copied from the source, those of archive members come from the
worker in pieces. A copy whose digest is not the recorded one is not kept.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from firstlight import __version__
from firstlight.app.erasing import VAULT_FOLDER
from firstlight.app.home import Home
from firstlight.app.incoming import ORIGINAL, IncomingOriginals
from firstlight.app.item_reading import PIECE_BYTES
from firstlight.errors import (
    CaseErasedError,
    InputError,
    LimitError,
    SealBrokenError,
    UnreadableError,
    WorkerLostError,
)
from firstlight.intake.source_file import explain_os_error, failure_of, open_for_reading
from firstlight.log import logger
from firstlight.model.derivative import Derivative
from firstlight.model.item import ItemReport
from firstlight.model.media import KEPT_KINDS, Digests
from firstlight.model.profile import Profile, ProfileKind
from firstlight.store.kept import (
    KeptRow,
    is_anything_kept,
    kept_elsewhere,
    kept_media,
    load_profile,
)
from firstlight.vault.blob import Blob, BlobVault

DERIVATIVE: Final = "derivative"
STAGE: Final = "keep"

Row = dict[str, Any]


def open_vault(home: Home) -> BlobVault:
    """Give the home's vault; nothing is made on disk before something is kept."""
    return BlobVault(home.path / VAULT_FOLDER, home.sealer)


def clear_unrecorded(home: Home) -> None:
    """Destroy what lies in the vault of cases of which nothing is recorded as kept.

    A kill between an erasure's event and its deed leaves that, and one before an item's record.
    """
    vault = open_vault(home)
    for case_id in vault.cases():
        if not is_anything_kept(home.store, case_id):
            vault.destroy_case(case_id)
    vault.sweep()


def open_keeping(home: Home, case_id: int) -> Keeping | None:
    """Make ready to keep what comes in under a case; None where the profile keeps nothing."""
    clear_unrecorded(home)
    found = load_profile(home.store)
    if found is None or found.profile.kind is not ProfileKind.HOLDER:
        return None
    return Keeping(home, case_id, found.profile)


class Keeping:
    """What one run keeps of one case; the caller closes it."""

    def __init__(self, home: Home, case_id: int, profile: Profile) -> None:
        self._home = home
        self._case_id = case_id
        self._keeps_originals = profile.keeps_originals
        self._original_max_bytes = home.settings.original_max_bytes
        self._vault = open_vault(home)
        self._kept: dict[str, set[bytes]] = {DERIVATIVE: set(), ORIGINAL: set()}
        self._incoming = IncomingOriginals(self._vault, case_id, self._original_max_bytes)

    def close(self) -> None:
        """Leave nothing half written."""
        self._incoming.close()
        self._vault.give_up()

    def lacks_derivative(self, shell: ItemReport) -> bool:
        """Whether a content must be decoded for its derivative alone.

        A derivative that another case keeps is copied, so long as that case's key is there.
        """
        digests = _kept_digests(shell)
        return (
            digests is not None
            and self._lacks(DERIVATIVE, digests)
            and next(self._elsewhere(digests), None) is None
        )

    def wants_pieces(self, shell: ItemReport) -> bool:
        """Whether the worker is to hand over a content: only it can reach a member's bytes."""
        digests = _kept_digests(shell)
        if digests is None or not (self._keeps_originals and shell.locator.members):
            return False
        return not self._incoming.has(digests.sha256) and self._lacks(ORIGINAL, digests)

    def lacks_anything(self, report: ItemReport) -> bool:
        """Whether something is still to be kept of a content."""
        digests = _kept_digests(report)
        if digests is None:
            return False
        kinds = (DERIVATIVE, ORIGINAL) if self._keeps_originals else (DERIVATIVE,)
        return any(self._lacks(kind, digests) for kind in kinds)

    def take_piece(self, question: dict[str, Any], shell: ItemReport | None) -> dict[str, bool]:
        """Take the next piece of an original from a worker; ``IncomingOriginals.take``."""
        digests = None if shell is None else _kept_digests(shell)
        if shell is None or digests is None or not self._keeps_originals:
            raise WorkerLostError("the worker's piece of a content was not asked for")
        return self._incoming.take(question, shell)

    def keep(
        self, reports: Sequence[ItemReport]
    ) -> tuple[list[ItemReport], dict[bytes, list[Row]]]:
        """Keep what there is of these items; it is on disk when this returns.

        Returns:
            The reports, with what failed; and the records of what is kept, by item key.

        Raises:
            StoreError: The vault cannot be written.
        """
        self._load(reports)
        rows: dict[bytes, list[Row]] = {}
        done = []
        for report in reports:
            kept, found = self._keep_one(report)
            done.append(kept)
            rows[report.locator.key] = found
        self._vault.flush()
        return done, rows

    def _keep_one(self, report: ItemReport) -> tuple[ItemReport, list[Row]]:
        digests = _kept_digests(report)
        if digests is None:
            return report, []
        found = [self._keep_derivative(report, digests)]
        if self._keeps_originals and digests.sha256 not in self._kept[ORIGINAL]:
            report, row = self._keep_original(report, digests)
            found.append(row)
        return report, [row for row in found if row is not None]

    def _keep_derivative(self, report: ItemReport, digests: Digests) -> Row | None:
        if digests.sha256 in self._kept[DERIVATIVE]:
            return None
        if report.derivative is not None:
            content, pipeline = report.derivative, _derivative_version()
        else:
            elsewhere = next(self._elsewhere(digests), None)
            if elsewhere is None:
                return None
            content, pipeline = elsewhere
        planes = Derivative.from_bytes(content)
        blob = self._vault.put_small(self._case_id, DERIVATIVE, digests.sha256, content)
        sides = {"width_px": planes.width_px, "height_px": planes.height_px}
        return {**self._row(DERIVATIVE, digests, blob), **sides, "pipeline": pipeline}

    def _elsewhere(self, digests: Digests) -> Iterator[tuple[bytes, str]]:
        """Give the derivative of a content as other cases keep it, those that open."""
        store = self._home.store
        for row in kept_elsewhere(store, self._case_id, DERIVATIVE, digests.media_id):
            try:
                yield b"".join(self._vault.read(row.case_id, blob_of(row))), row.pipeline
            except (CaseErasedError, SealBrokenError) as error:
                logger("keeping").warning("derivative-unreadable", code=error.code)

    def _keep_original(self, report: ItemReport, digests: Digests) -> tuple[ItemReport, Row | None]:
        blob = self._incoming.pop(digests.sha256)
        if blob is None and report.locator.members:
            return report, None
        try:
            if blob is None:
                blob = self._copy(report, digests)
        except InputError as error:
            failures = (*report.failures, failure_of(error, STAGE))
            return replace(report, failures=failures), None
        row = self._row(ORIGINAL, digests, blob)
        return report, {**row, "pipeline": f"firstlight {__version__}"}

    def _copy(self, report: ItemReport, digests: Digests) -> Blob:
        if report.facts.size_bytes > self._original_max_bytes:
            raise LimitError("the file is larger than originals that are kept")
        descriptor = open_for_reading(report.locator.path, expected=report.facts)
        taken = hashlib.sha256()
        writer = self._vault.begin(self._case_id, ORIGINAL, digests.sha256)
        try:
            while piece := _read(descriptor):
                taken.update(piece)
                writer.write(piece)
            if taken.digest() != digests.sha256:
                raise UnreadableError("the file changed while it was copied: no copy is kept")
            return self._vault.written(self._case_id, ORIGINAL, digests.sha256, writer)
        finally:
            writer.abort()
            os.close(descriptor)

    def _row(self, kind: str, digests: Digests, blob: Blob) -> Row:
        self._kept[kind].add(digests.sha256)
        return {
            "case_id": self._case_id,
            "media_id": digests.media_id,
            "kind": kind,
            "blob_name": blob.blob_name,
            "size_bytes": blob.size_bytes,
            "pack": blob.pack,
            "offset_bytes": blob.offset_bytes,
        }

    def _lacks(self, kind: str, digests: Digests) -> bool:
        if digests.sha256 in self._kept[kind]:
            return False
        if kept_media(self._home.store, self._case_id, kind, [digests.media_id]):
            self._kept[kind].add(digests.sha256)
            return False
        return True

    def _load(self, reports: Sequence[ItemReport]) -> None:
        """Ask the store once about all contents of a batch."""
        for kind, kept in self._kept.items():
            asked = {d.media_id for d in map(_kept_digests, reports) if d and d.sha256 not in kept}
            found = kept_media(self._home.store, self._case_id, kind, asked)
            kept.update(bytes.fromhex(media_id) for media_id in found)


def blob_of(row: KeptRow) -> Blob:
    """Say where a kept content lies."""
    return Blob(row.blob_name, row.size_bytes, row.pack, row.offset_bytes)


def _kept_digests(report: ItemReport) -> Digests | None:
    """Give the digests of a content of a kind that may be kept."""
    kind = report.content_type
    return report.digests if kind is not None and kind.kind in KEPT_KINDS else None


def _derivative_version() -> str:
    from firstlight.fingerprint.derivative import pipeline_version

    return pipeline_version()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, PIECE_BYTES)
    except OSError as error:
        raise explain_os_error(error) from error
