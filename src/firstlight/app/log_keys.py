"""Which key may have signed which heads: a key counts until the next one takes over.

Where it takes over stands in the log: the first event that names the new key. That event is
under heads of the new key, so that whoever holds only the old one cannot move it. Behind it a
head by the old key is none, whatever it says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from firstlight.app.heads import home_keys, origin_of
from firstlight.errors import FirstlightError, SignatureError
from firstlight.guard.head import UNSIGNED, SignedHead, check_signature
from firstlight.guard.note import PublicKey
from firstlight.model.event import Break
from firstlight.store.custody_log import events_of_actions
from firstlight.store.database import Reader
from firstlight.vault.holder_fact import SigningKey, endorsed_bytes, read_facts
from firstlight.vault.signing import verify_signature

TAKING_OVER = ("rotated-keys", "imported-key")


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key of a log.

    Args:
        key: Its public half.
        last_size: Events of the largest head it may have signed; None for no end.
        is_earlier: Believed only because a known key came after it: its heads count for
            nothing where no head of the known key, or of one after it, covers them.
    """

    key: PublicKey
    last_size: int | None = None
    is_earlier: bool = False

    def may_sign(self, head: SignedHead) -> bool:
        """Whether a head of this size can be its."""
        return self.last_size is None or head.head.size <= self.last_size


def takeovers(reader: Reader) -> dict[str, int]:
    """Give for each signing key that the log names the event that names it first."""
    found: dict[str, int] = {}
    with suppress(FirstlightError, ValueError, TypeError, AttributeError):
        for event in events_of_actions(reader, TAKING_OVER):
            found.setdefault(str(json.loads(event.inputs).get("public_key")), event.event_seq)
    return found


def stated_keys(home_path: Path, reader: Reader) -> list[LogKey]:
    """Give every key that the home states, and how far each counts.

    Raises:
        KeyMissingError: The home states none.
        KeyWrongError: Its record of them is damaged.
    """
    return _until_successors(home_keys(home_path)[1], takeovers(reader))


def endorsed_keys(home_path: Path) -> list[dict[str, str]]:
    """Give what others need to go from one key of the home to the next."""
    facts = read_facts(home_path)
    return [] if facts is None else [asdict(one) for one in facts.signing_keys]


def known_keys(home_path: Path, reader: Reader, known: Sequence[PublicKey]) -> list[LogKey]:
    """Give known keys, those that they endorsed, and those whose endorsements lead to them.

    Raises:
        KeyMissingError: The home's record of its keys cannot be read.
        KeyWrongError: It is damaged.
    """
    facts = read_facts(home_path)
    if facts is None:
        return [LogKey(key) for key in known]
    origin, taken = origin_of(facts.secret_id), takeovers(reader)
    stated = list(facts.signing_keys)
    names = [bytes.fromhex(one.public_key) for one in stated]
    is_linked = [False, *(_endorses(facts.secret_id, *pair) for pair in pairwise(stated))]
    believed = {key.key for key in known}
    for place, name in enumerate(names):
        if is_linked[place] and names[place - 1] in believed:
            believed.add(name)
    earlier: set[bytes] = set()
    for place in range(len(names) - 1, 0, -1):
        # Without the event at which it was replaced, a predecessor would count without end.
        is_next = names[place] in believed or names[place] in earlier
        if is_next and is_linked[place] and names[place].hex() in taken:
            earlier.add(names[place - 1])
    spans = _until_successors([PublicKey(origin, name) for name in names], taken)
    found = [
        LogKey(one.key, one.last_size, is_earlier=one.key.key not in believed)
        for one in spans
        if one.key.key in believed or one.key.key in earlier
    ]
    return found + [LogKey(key) for key in known if key.key not in names]


def signature_breaks(heads: Sequence[SignedHead], keys: Sequence[LogKey]) -> list[Break]:
    """Check every head's signature, and that a key which had been replaced signed none."""
    found = [
        check_signature(head, [one.key.key for one in keys if one.may_sign(head)]) for head in heads
    ]
    breaks = [one for one in found if one is not None]
    latest = max((head.head.size for head in heads), default=0)
    own = [one.key.key for one in keys if not one.is_earlier]
    earlier_size = max((one.last_size or 0 for one in keys if one.is_earlier), default=0)
    # What the keys before a known one signed is believed on that one's word, so it must be there.
    is_covered = any(
        head.head.size > earlier_size and check_signature(head, own) is None for head in heads
    )
    if earlier_size and heads and not is_covered and not breaks:
        breaks.append(Break(latest, UNSIGNED, "no head is signed by the key that is known"))
    return breaks


def _until_successors(keys: Sequence[PublicKey], taken: Mapping[str, int]) -> list[LogKey]:
    found: list[LogKey] = []
    last_size: int | None = None
    for key in reversed(keys):
        found.append(LogKey(key, last_size))
        seq = taken.get(key.key.hex())
        if seq is not None and len(found) < len(keys):
            last_size = min(seq - 1, seq - 1 if last_size is None else last_size)
    return found[::-1]


def _endorses(secret_id: str, old: SigningKey, new: SigningKey) -> bool:
    message = endorsed_bytes(secret_id, new.public_key, new.from_at)
    try:
        verify_signature(bytes.fromhex(old.public_key), message, bytes.fromhex(new.endorsement))
    except (SignatureError, ValueError):
        return False
    return True
