"""Verifies the home: the custody chain, every record against its event, and the signed heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstlight.app.custody import break_document, head_document
from firstlight.app.heads import (
    all_heads,
    custody_folder,
    missing_head,
)
from firstlight.app.home import Home
from firstlight.app.log_keys import LogKey, known_keys, signature_breaks, stated_keys
from firstlight.app.presence import presence_breaks
from firstlight.app.timestamp import read_input, stamp_document
from firstlight.errors import FirstlightError, KeyMissingError, KeyWrongError, UsageError
from firstlight.guard.head import (
    OTHER_LOG,
    UNSIGNED,
    HeadCheck,
    SignedHead,
    read_head,
)
from firstlight.guard.note import PublicKey, read_public_key
from firstlight.guard.timestamp import verify_response
from firstlight.model.event import Break
from firstlight.store.custody_log import event_digests
from firstlight.store.event import count_events
from firstlight.store.verification import verify_store


@dataclass(frozen=True, slots=True)
class Witness:
    """What a home is verified against, brought from elsewhere.

    Args:
        checkpoints: Files that ``custody checkpoint`` wrote, kept elsewhere.
        public_keys: Keys known from elsewhere, as text; or files that hold them.
        timestamp: Response of a time stamp service over one of the checkpoints.
        certificates: Those trusted for that service, PEM.
    """

    checkpoints: Sequence[Path] = ()
    public_keys: Sequence[str] = ()
    timestamp: Path | None = None
    certificates: Path | None = None


def verify(home: Home, witness: Witness | None = None) -> dict[str, Any]:
    """Give the document of ``verify --json``; ``breaks`` names the first break first.

    Needs no private key and no passphrase.

    Raises:
        UsageError: A file or key that was given cannot be read.
    Evidence: Without a checkpoint from elsewhere, somebody who held the home's key, or who
        replaced the whole home, leaves no trace here.
    """
    witness = witness or Witness()
    given = [(path, _read_checkpoint(path)) for path in witness.checkpoints]
    # Read before the log is: a command that goes on meanwhile adds events, then heads.
    kept, breaks = all_heads(custody_folder(home.path))
    keys, is_own_word = _keys(home, witness, kept, breaks)
    store_breaks = verify_store(home.store)
    breaks += _signature_breaks(kept, [head for _, head in given], keys)
    breaks += _log_breaks(home, [*kept, *(head for _, head in given)])
    breaks += missing_head(kept, _logged(home))
    breaks += presence_breaks(home)
    stamp = _stamp(witness, given)
    breaks = sorted(
        [*store_breaks, *dict.fromkeys(breaks)],
        key=lambda one: (one.event_seq is None, one.event_seq or 0),
    )
    events = count_events(home.store) if not store_breaks else 0
    return {
        "ok": not breaks,
        "events": events if not breaks else 0,
        "breaks": [break_document(one) for one in breaks],
        "heads": len(kept),
        "newest_head": head_document(kept[-1]) if kept else None,
        "unsigned_events": max(0, events - (kept[-1].head.size if kept else 0)),
        "keys": [one.key.key.hex() for one in keys],
        "is_key_known_elsewhere": not is_own_word,
        "against": [{"file": str(path), **head_document(head)} for path, head in given],
        "timestamp": stamp,
    }


def _read_checkpoint(path: Path) -> SignedHead:
    try:
        return read_head(read_input(path).decode("utf-8"))
    except (UnicodeDecodeError, FirstlightError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError("a file given is not a checkpoint", detail=str(path)) from error


def _keys(
    home: Home, witness: Witness, kept: Sequence[SignedHead], breaks: list[Break]
) -> tuple[list[LogKey], bool]:
    """Give the keys that may have signed, and whether they are only the home's own word."""
    known = [_read_key(text) for text in witness.public_keys]
    try:
        if known:
            return known_keys(home.path, home.store, known), False
        return stated_keys(home.path, home.store), True
    except KeyMissingError:
        pass
    except KeyWrongError as error:
        breaks.append(Break(None, UNSIGNED, error.message))
    own = known or list(dict.fromkeys(one.head.key for one in kept))
    return [LogKey(key) for key in own], not known


def _read_key(text: str) -> PublicKey:
    """Read a key: 64 hexadecimal digits, the word a checkpoint states, or a file of either."""
    if Path(text).is_file():
        text = read_input(Path(text)).decode("utf-8", "replace").strip()
    if "+" in text:
        return read_public_key(text)
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise UsageError("--public-key is 64 hexadecimal digits, or a file of them") from error
    if len(key) != 32:
        raise UsageError("--public-key is 64 hexadecimal digits, or a file of them")
    return PublicKey("", key)


def _signature_breaks(
    kept: Sequence[SignedHead], given: Sequence[SignedHead], keys: Sequence[LogKey]
) -> list[Break]:
    found = signature_breaks([*kept, *given], keys)
    origins = {one.key.name for one in keys if one.key.name}
    origins = origins or {head.head.origin for head in kept}
    found += [
        Break(None, OTHER_LOG, "a checkpoint names another log: a wrong file, or a replaced home")
        for head in given
        if origins and head.head.origin not in origins
    ]
    return found


def _log_breaks(home: Home, heads: Sequence[SignedHead]) -> list[Break]:
    check, found = HeadCheck(heads), []
    try:
        for _, digest in event_digests(home.store):
            found += check.step(digest)
    except (FirstlightError, TypeError, ValueError):
        # What is wrong with the events themselves is named by the check of the store.
        return found
    return found + check.rest()


def _logged(home: Home) -> int:
    try:
        return count_events(home.store)
    except FirstlightError:
        return 0


def _stamp(witness: Witness, given: Sequence[tuple[Path, SignedHead]]) -> dict[str, Any] | None:
    if witness.timestamp is None:
        return None
    if witness.certificates is None or not given:
        raise UsageError("--timestamp needs --against and --certificates")
    response = read_input(witness.timestamp)
    certificates = read_input(witness.certificates)
    for place, (path, head) in enumerate(given):
        try:
            stamp = verify_response(read_input(path), response, certificates)
        except UsageError:
            raise
        except FirstlightError:
            if place == len(given) - 1:
                raise
            continue
        return {"events": head.head.size, "checkpoint": str(path), **stamp_document(stamp)}
    return None
