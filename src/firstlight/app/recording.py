"""Records what workers report: an item wholly or not at all, with its event, in batches."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from firstlight.app.home import Home
from firstlight.app.keeping import Keeping
from firstlight.app.known import KnownContents
from firstlight.model.fingerprint import Reading
from firstlight.model.item import ItemReport
from firstlight.model.media import Failure, Outcome
from firstlight.model.ports import Sealer
from firstlight.store.fingerprint import readings_to_copy
from firstlight.store.item import ItemPlace, add_item, add_metadata
from firstlight.store.match import only_new_matches
from firstlight.store.metadata import cases_with_metadata
from firstlight.store.sighting import SeenItem
from firstlight.store.writer import Transaction

BATCH_ITEMS = 200
BATCH_AGE_S = 0.5


class Recorder:
    """Writes the items of one source.

    Args:
        place: Where they are recorded.
        seen: Current records of this source by item key.
        known: What is known of contents, shared with the answers to workers.
        keeping: What the home keeps of contents; None when nothing.
    """

    def __init__(
        self,
        home: Home,
        place: ItemPlace,
        seen: dict[bytes, SeenItem],
        known: KnownContents,
        pipeline: str,
        keeping: Keeping | None = None,
    ) -> None:
        self._home = home
        self._keeping = keeping
        self._unchanged: set[bytes] = set()
        self._place = place
        self._seen = seen
        self._known = known
        self._pipeline = pipeline
        self._pending: list[ItemReport] = []
        self._pending_since = 0.0
        self._recorded: set[bytes] = set()

    def add(self, report: ItemReport) -> None:
        """Take a report; it is on disk after the next flush."""
        if report.locator.key in self._recorded:
            return
        self._recorded.add(report.locator.key)
        report = self._known.complete(report)
        if self._is_as_recorded(report):
            if self._keeping is None or not self._keeping.lacks_anything(report):
                return
            self._unchanged.add(report.locator.key)
        if not self._pending:
            self._pending_since = time.monotonic()
        self._pending.append(report)

    @property
    def is_due(self) -> bool:
        """Whether a flush should not wait longer."""
        if not self._pending:
            return False
        age_s = time.monotonic() - self._pending_since
        return len(self._pending) >= BATCH_ITEMS or age_s >= BATCH_AGE_S

    def flush(self) -> None:
        """Write everything pending in one transaction."""
        if not self._pending:
            return
        # Taken out first: a batch whose transaction failed is never written a second time.
        reports, self._pending = self._pending, []
        kept: dict[bytes, list[dict[str, Any]]] = {}
        if self._keeping is not None:
            reports, kept = self._keeping.keep(reports)
        store, actor = self._home.store, self._home.actor
        with store.transaction() as transaction:
            self._known.refresh(transaction, reports)
            copies = self._readings_to_copy(transaction, reports)
            for report in reports:
                kept_rows = kept.get(report.locator.key, [])
                if report.locator.key not in self._unchanged:
                    self._write(transaction, report, copies, kept_rows)
                elif kept_rows:
                    self._write_kept(transaction, report, kept_rows)
            rows = only_new_matches(transaction, list(self._known.match_rows(reports)))
            if rows:
                with transaction.event(actor, "matched", {"by": "digest"}) as event:
                    event.add_many("match", rows)
        self._known.forget(reports)

    def _readings_to_copy(
        self, transaction: Transaction, reports: Sequence[ItemReport]
    ) -> dict[str, tuple[int, Reading]]:
        """Find contents of this batch that only other cases have read until now."""
        names = [
            report.digests.media_id
            for report in reports
            if report.digests is not None and self._known.has_reading(report.digests.sha256)
        ]
        return readings_to_copy(transaction, self._place.case_id, dict.fromkeys(names))

    def _write(
        self,
        transaction: Transaction,
        report: ItemReport,
        copies: dict[str, tuple[int, Reading]],
        kept: list[dict[str, Any]],
    ) -> None:
        earlier = self._seen.get(report.locator.key)
        action = "ingested" if earlier is None else self._action(earlier)
        sha256 = report.digests.sha256 if report.digests else None
        is_new_media = sha256 is not None and not self._known.is_recorded(sha256)
        reading = report.reading
        others: list[int] = []
        if reading is not None and sha256 is not None:
            if self._known.has_reading(sha256):
                others = cases_with_metadata(transaction, sha256.hex())
            if not self._known.needs_reading(transaction, sha256, reading):
                reading = None
            self._known.note(sha256, has_reading=True)
        elif sha256 is not None:
            self._known.note(sha256, has_reading=False)
        inputs = _inputs(report, self._place, self._home.sealer)
        copy = copies.pop(sha256.hex(), None) if sha256 is not None else None
        with transaction.event(self._home.actor, action, inputs) as event:
            add_item(
                event,
                self._place,
                replace(report, reading=reading),
                pipeline=self._pipeline,
                is_new_media=is_new_media,
                supersedes=None if earlier is None else earlier.sighting_id,
                is_changed=_is_changed(earlier, report),
                also_case_ids=[one for one in others if one != self._place.case_id],
            )
            if copy is not None and reading is None and sha256 is not None:
                add_metadata(event, self._place.case_id, sha256.hex(), *copy)
            event.add_many("kept", kept)

    def _write_kept(
        self, transaction: Transaction, report: ItemReport, kept: list[dict[str, Any]]
    ) -> None:
        """Record what is kept now of an item whose own record stands."""
        inputs = _inputs(report, self._place, self._home.sealer)
        with transaction.event(self._home.actor, "kept", inputs) as event:
            event.add_many("kept", kept)

    def _is_as_recorded(self, report: ItemReport) -> bool:
        earlier = self._seen.get(report.locator.key)
        return (
            earlier is not None
            and not (self._known.is_retrying and earlier.has_failure)
            and earlier.facts == report.facts
            and earlier.outcome == report.outcome
            and earlier.media_id == (report.digests.media_id if report.digests else None)
            and earlier.has_failure == bool(report.failures)
        )

    def _action(self, earlier: SeenItem) -> str:
        return "retried" if self._known.is_retrying and earlier.has_failure else "re-read"


def lost_report(shell: ItemReport, code: str, reason: str) -> ItemReport:
    """Make the account of an item that cost its worker: with digests, if it came that far."""
    failure = Failure(code, reason, "worker", retryable=True)
    return replace(shell, outcome=Outcome.FAILED, failures=(*shell.failures, failure))


def _is_changed(earlier: SeenItem | None, report: ItemReport) -> bool:
    if earlier is None or earlier.media_id is None or report.digests is None:
        return False
    return earlier.media_id != report.digests.media_id


def _inputs(report: ItemReport, place: ItemPlace, sealer: Sealer) -> dict[str, Any]:
    """Name what went in by digests that are keyed by the case: nobody can guess at them later."""

    def digest(value: bytes) -> str:
        return sealer.mac(place.case_id, "event", value).hex()

    return {
        "source": place.source_id,
        "item": digest(report.locator.key),
        "content": digest(report.digests.sha256) if report.digests else None,
    }
