"""The signed heads of a home: made after each command, kept in ``custody/``.

``heads`` has one line for each head ever signed (a JSON text: the note); ``head`` is the newest
as a checkpoint file; ``tree`` is the edge of the Merkle tree at that head, so that the next
head costs the new events only. ``tree`` is believed only as far as the signed root agrees.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from firstlight.errors import (
    ChainBrokenError,
    FirstlightError,
    KeyMissingError,
    SignatureError,
    StoreAlteredError,
)
from firstlight.guard.head import MISSING, UNSIGNED, SignedHead, read_head
from firstlight.guard.head import sign_head as signed
from firstlight.guard.note import PublicKey
from firstlight.guard.tree import EventTree
from firstlight.model.event import Break, Event
from firstlight.model.ports import Signer
from firstlight.store.custody_log import event_at, event_digests
from firstlight.store.database import Reader, Store
from firstlight.store.event import last_event
from firstlight.vault.durable_file import replace_file, sync_folder, translated
from firstlight.vault.holder_fact import read_facts

HEAD_FILE, HEADS_FILE, TREE_FILE = "head", "heads", "tree"
_WRITING = "writing the signed head"
_TAIL_BYTES = 1 << 18


def origin_of(secret_id: str) -> str:
    """Name the log of a home."""
    return f"firstlight/{secret_id}"


def custody_folder(home_path: Path) -> Path:
    """Give the folder of a home that holds the signed heads."""
    return home_path / "custody"


def home_keys(home_path: Path) -> tuple[str, list[PublicKey]]:
    """Name the log of a home and every key that ever signed for it, as the home states them.

    Raises:
        KeyMissingError: The home states none.
        KeyWrongError: Its record of them is damaged.
    """
    facts = read_facts(home_path)
    if facts is None:
        raise KeyMissingError("the home does not state its public key")
    origin = origin_of(facts.secret_id)
    return origin, [PublicKey(origin, bytes.fromhex(one.public_key)) for one in facts.signing_keys]


def sign_head(store: Store, signer: Signer, folder: Path, origin: str) -> SignedHead | None:
    """Sign the log's head, keep it, and give it; None when the newest one covers the log.

    A head that contradicts the newest signed one is never signed.

    Args:
        folder: ``custody`` of the home; made where it is not there.

    Raises:
        StoreAlteredError: The log was rewritten or cut since the newest head was signed.
        StoreError: The head cannot be written; the log itself is kept.
    Cost: a few milliseconds, and one digest for each event since the last head.
    """
    with store.snapshot() as reader:
        last = last_event(reader)
        newest = newest_head(folder)
        _check_newest(reader, newest, last)
        if last is None or (
            newest is not None
            and newest.head.size == last.event_seq
            and newest.head.key.key == signer.public_key
        ):
            return None
        tree = _tree_until(reader, folder, newest, last.event_seq)
    head = signed(signer, origin, tree=tree, chain=last.sha256, at=last.at)
    _keep(folder, head, tree)
    return head


def check_head(reader: Reader, folder: Path) -> int:
    """Compare the log with the newest signed head, before anything is added to it.

    Returns: Events that no head covers yet: left by a command that was killed, or added by
        somebody else. They will be signed with the next head.

    Raises:
        StoreAlteredError: The log was rewritten or cut since that head was signed.
        SignatureError: The head is not in the form of one.
    """
    newest, last = newest_head(folder), last_event(reader)
    _check_newest(reader, newest, last)
    covered = newest.head.size if newest else 0
    return (last.event_seq if last else 0) - covered


def _check_newest(reader: Reader, newest: SignedHead | None, last: Event | None) -> None:
    if newest is None:
        return
    if last is None or last.event_seq < newest.head.size:
        raise StoreAlteredError(
            "the custody log is shorter than its newest signed head: run `firstlight verify`"
        )
    event = event_at(reader, newest.head.size)
    if event is None or event.sha256 != newest.head.chain:
        raise StoreAlteredError(
            "the custody log was rewritten since its head was signed: run `firstlight verify`"
        )


def newest_head(folder: Path) -> SignedHead | None:
    """Give the newest signed head; None where none was ever signed.

    Raises:
        SignatureError: It is not in the form of one.
    """
    line, _ = _last_line(folder)
    return None if line is None else _read_line(line)


def all_heads(folder: Path) -> tuple[list[SignedHead], list[Break]]:
    """Give every head kept, oldest first, and a break for each line that is none."""
    heads, breaks = [], []
    for line in _whole_lines(folder):
        try:
            heads.append(_read_line(line))
        except SignatureError:
            breaks.append(Break(None, UNSIGNED, "a line of the signed heads is not a signed head"))
    return heads, breaks


def missing_head(heads: list[SignedHead], events: int) -> list[Break]:
    """Give a break where no head is kept of a log that a command ended on.

    The first event alone may have none: making the home was killed before it was signed.
    """
    if heads or events <= 1:
        return []
    return [Break(None, MISSING, "each command signs the head of the log, and none is kept here")]


def _read_line(line: bytes) -> SignedHead:
    try:
        text = json.loads(line)
    except ValueError as error:
        raise SignatureError("a signed head is not in the form of one") from error
    if not isinstance(text, str):
        raise SignatureError("a signed head is not in the form of one")
    return read_head(text)


def _whole_lines(folder: Path) -> list[bytes]:
    """Give the lines of the heads; a last one that a power cut left torn is none."""
    return _content(folder, 0)[0].split(b"\n")[:-1]


def _last_line(folder: Path) -> tuple[bytes | None, int]:
    """Give the last whole line, and where the file ends with it."""
    content, start = _content(folder, -_TAIL_BYTES)
    whole, end, torn = content.rpartition(b"\n")
    return (whole.rpartition(b"\n")[2] if end else None), start + len(content) - len(torn)


def _content(folder: Path, from_end: int) -> tuple[bytes, int]:
    try:
        with open(folder / HEADS_FILE, "rb") as file:
            size_bytes = file.seek(0, os.SEEK_END)
            start = file.seek(max(0, size_bytes + from_end) if from_end else 0)
            return file.read(), start
    except FileNotFoundError:
        return b"", 0
    except OSError as error:
        raise SignatureError("the signed heads cannot be read", detail=str(error)) from error


def _tree_until(
    reader: Reader, folder: Path, newest: SignedHead | None, last_seq: int
) -> EventTree:
    tree = _kept_tree(folder, newest) or EventTree()
    for seq, digest in event_digests(reader, after_seq=tree.size, to_seq=last_seq):
        if seq != tree.size + 1:
            raise ChainBrokenError("events are missing: run `firstlight verify`")
        tree.add(digest)
        if newest and tree.size == newest.head.size and tree.root() != newest.head.root:
            raise StoreAlteredError(
                "the custody log was rewritten since its head was signed: run `firstlight verify`"
            )
    return tree


def _kept_tree(folder: Path, newest: SignedHead | None) -> EventTree | None:
    try:
        kept: Any = json.loads((folder / TREE_FILE).read_bytes())
        tree = EventTree(int(kept["size"]), [bytes.fromhex(one) for one in kept["edge"]])
    except (OSError, ValueError, TypeError, KeyError, AttributeError, FirstlightError):
        return None
    fits = newest and tree.size == newest.head.size and tree.root() == newest.head.root
    return tree if fits else None


def _keep(folder: Path, head: SignedHead, tree: EventTree) -> None:
    state = {"size": tree.size, "edge": [one.hex() for one in tree.edge]}
    with translated(_WRITING):
        folder.mkdir(mode=0o700, exist_ok=True)
        _append(folder, json.dumps(head.file_text).encode("ascii") + b"\n")
        replace_file(folder / TREE_FILE, json.dumps(state).encode(), is_secret=False)
        replace_file(folder / HEAD_FILE, head.file_text.encode(), is_secret=False)


def _append(folder: Path, line: bytes) -> None:
    _, size_bytes = _last_line(folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(folder / HEADS_FILE, flags, 0o600)
    with open(descriptor, "wb") as file:
        # What a power cut left of a line is no head: the new one takes its place.
        file.truncate(size_bytes)
        file.seek(size_bytes)
        file.write(line)
        file.flush()
        os.fsync(descriptor)
    sync_folder(folder)
