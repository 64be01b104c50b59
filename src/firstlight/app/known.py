"""What is known of contents during a run: answers workers before they decode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from firstlight.app.keeping import Keeping
from firstlight.app.wire import report_from_plain
from firstlight.errors import WorkerLostError
from firstlight.model.fingerprint import DIHEDRAL_VARIANTS, Reading
from firstlight.model.hashlist import ListPurpose
from firstlight.model.item import ItemReport
from firstlight.model.media import DECODED_KINDS, Failure, Outcome
from firstlight.store.database import Reader
from firstlight.store.fingerprint import load_readings
from firstlight.store.hashlist import DigestHit, entries_by_digest, has_list_in_force
from firstlight.store.media import known_media
from firstlight.store.sighting import sightings_of

CONTENT_STAGES = frozenset({"decode", "thumbnail", "metadata", "video", "worker"})
"""Stages whose failures belong to the content, wherever it was seen."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What went wrong with a content, wherever it was seen, and how that ended."""

    failures: tuple[Failure, ...]
    outcome: Outcome

    @property
    def is_lost(self) -> bool:
        return any(failure.stage == "worker" for failure in self.failures)


NO_TROUBLE = _Trouble((), Outcome.READ)


class KnownContents:
    """Contents recorded before and during this run, and the list entries they meet by digest.

    Args:
        reader: The store.
        is_retrying: Failed items are tried again, so nothing stored spares a decode.
        keeping: What the home keeps of contents; None when nothing.
    """

    def __init__(
        self, reader: Reader, *, is_retrying: bool, keeping: Keeping | None = None
    ) -> None:
        self._keeping = keeping
        self._reader = reader
        self.is_retrying = is_retrying
        self.is_checking = has_list_in_force(reader, tuple(ListPurpose))
        self._recorded: dict[bytes, bool] = {}
        self._troubles: dict[bytes, _Trouble] = {}
        self._hits: dict[bytes, list[DigestHit]] = {}
        self._shells: dict[bytes, ItemReport] = {}
        self._tried: set[bytes] = set()

    def answer(self, question: Any) -> dict[str, bool]:
        """Compare an item's digests with the lists, and say whether to decode it.

        Returns:
            ``decode``; and ``keep``, where the worker is to hand the content over.
        """
        if not isinstance(question, dict) or not isinstance(question.get("key"), bytes):
            raise WorkerLostError("the worker's question is malformed")
        shell = report_from_plain(question.get("shell"), question["key"])
        self._shells[shell.locator.key] = shell
        digests = shell.digests
        if digests is None or shell.content_type is None:
            return {"decode": False}
        if self.is_checking:
            self._look_up(shell)
        if shell.content_type.kind not in DECODED_KINDS:
            return {"decode": False}
        answer = {"decode": self._is_to_decode(digests.sha256, shell)}
        if self._keeping is not None:
            answer["keep"] = self._keeping.wants_pieces(shell)
        return answer

    def _look_up(self, shell: ItemReport) -> None:
        digests = shell.digests
        if digests is None or digests.sha256 in self._hits:
            return
        self._hits[digests.sha256] = entries_by_digest(
            self._reader, md5s=[digests.md5], sha1s=[digests.sha1], sha256s=[digests.sha256]
        )

    def _is_to_decode(self, sha256: bytes, shell: ItemReport) -> bool:
        if sha256 in self._tried:
            return False
        if sha256 not in self._recorded:
            media_id = sha256.hex()
            known = known_media(self._reader, [media_id])
            if media_id in known:
                self._recorded[sha256] = known[media_id]
                self._load_failures(sha256)
        if self.is_retrying:
            return True
        trouble = self._troubles.get(sha256, NO_TROUBLE)
        if trouble.is_lost:
            return False
        if not self._recorded.get(sha256, False):
            return True
        # Read before, perhaps in a case of which this one cannot take the derivative.
        return self._keeping is not None and self._keeping.lacks_derivative(shell)

    def _load_failures(self, sha256: bytes) -> None:
        rows = sightings_of(self._reader, [sha256.hex()]).get(sha256.hex(), [])
        for row in rows:
            failures = content_failures(row.failures)
            if failures:
                self._troubles[sha256] = _Trouble(failures, row.outcome)
                return

    def shell_of(self, item_key: bytes) -> ItemReport | None:
        """Return what a worker said of an item before decoding it, if it came that far."""
        return self._shells.get(item_key)

    def complete(self, report: ItemReport) -> ItemReport:
        """Give a report that needed no decode the failures its content has anyway."""
        self._shells.pop(report.locator.key, None)
        if report.digests is None:
            return report
        sha256 = report.digests.sha256
        own = content_failures(report.failures)
        if report.reading is not None or own:
            self._tried.add(sha256)
            self._troubles[sha256] = _Trouble(own, report.outcome)
            return report
        trouble = self._troubles.get(sha256, NO_TROUBLE)
        if not trouble.failures:
            return report
        failures = (*report.failures, *trouble.failures)
        return replace(report, failures=failures, outcome=trouble.outcome)

    def refresh(self, reader: Reader, reports: Sequence[ItemReport]) -> None:
        """Ask the store about contents that no worker asked about."""
        unknown = {
            report.digests.sha256
            for report in reports
            if report.digests is not None and report.digests.sha256 not in self._recorded
        }
        for media_id, has_reading in known_media(reader, [item.hex() for item in unknown]).items():
            self._recorded[bytes.fromhex(media_id)] = has_reading

    def has_reading(self, sha256: bytes) -> bool:
        """Whether the content was read before, in this case or another one."""
        return self._recorded.get(sha256, False)

    def is_recorded(self, sha256: bytes) -> bool:
        """Whether the content has a record."""
        return sha256 in self._recorded

    def needs_reading(self, reader: Reader, sha256: bytes, reading: Reading) -> bool:
        """Whether a reading says something that is not recorded yet."""
        if not self._recorded.get(sha256, False):
            return True
        if not self.is_retrying:
            return False
        stored = load_readings(reader, [sha256.hex()]).get(sha256.hex())
        return stored is None or _essence(stored.reading) != _essence(reading)

    def note(self, sha256: bytes, *, has_reading: bool) -> None:
        """Remember that a content is recorded now."""
        self._recorded[sha256] = self._recorded.get(sha256, False) or has_reading

    def is_on_list(self, report: ItemReport) -> bool:
        """Whether an entry of a list (known-good ones aside) has one of the digests."""
        if report.digests is None:
            return False
        hits = self._hits.get(report.digests.sha256, ())
        return any(hit.purpose != ListPurpose.KNOWN_GOOD for hit in hits)

    def match_rows(self, reports: Sequence[ItemReport]) -> Iterator[dict[str, Any]]:
        """Give the match records of these items' digests."""
        for sha256 in {report.digests.sha256 for report in reports if report.digests}:
            for hit in self._hits.get(sha256, ()):
                yield digest_match_row(sha256.hex(), hit)

    def forget(self, reports: Sequence[ItemReport]) -> None:
        """Drop what is written now, so that memory does not grow with the source."""
        for report in reports:
            if report.digests is not None:
                self._hits.pop(report.digests.sha256, None)


def digest_match_row(media_id: str, hit: DigestHit) -> dict[str, Any]:
    """Make the record of an exact match."""
    return {
        "media_id": media_id,
        "entry_id": hit.entry_id,
        "list_version_id": hit.list_version_id,
        "algorithm": hit.algorithm,
        "distance_bits": 0,
        "variant": DIHEDRAL_VARIANTS[0],
        "route": None,
        "pdq_id": None,
        "frame_index": 0,
    }


def content_failures(failures: Sequence[Failure]) -> tuple[Failure, ...]:
    """Keep the failures that belong to the content and not to the place."""
    return tuple(failure for failure in failures if failure.stage in CONTENT_STAGES)


def _essence(reading: Reading) -> tuple[Any, ...]:
    codes = tuple((pdq.frame_index, pdq.codes, pdq.quality, pdq.route) for pdq in reading.pdq)
    facts = (reading.is_truncated, reading.width_px, reading.height_px, reading.container)
    return codes, reading.metadata, *facts
