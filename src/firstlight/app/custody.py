"""The custody log for people and courts: the signed head as a file, the log as a file, a look."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from firstlight.app.case import require_case
from firstlight.app.heads import all_heads, custody_folder, home_keys, sign_head
from firstlight.app.home import Home
from firstlight.app.log_keys import endorsed_keys, takeovers
from firstlight.errors import ChainBrokenError, StoreError, UsageError
from firstlight.guard.custody import ACTIONS, write_time
from firstlight.guard.custody_export import (
    event_line,
    head_line,
    header_line,
    left_out_line,
    purpose_line,
)
from firstlight.guard.head import SignedHead
from firstlight.guard.head import sign_head as signed
from firstlight.guard.tree import EventTree
from firstlight.model.event import Break, Event
from firstlight.store.custody_log import (
    all_events,
    event_page_of,
    events_of_case,
    is_whole,
    opened_purposes,
)
from firstlight.store.database import TOOL, Reader
from firstlight.store.event import count_events, last_event
from firstlight.vault.durable_file import sync_folder

SHOWN_EVENTS = 100
LAST_NUMBER = (1 << 63) - 1
"""The largest number that a database has."""


def sign_home(home: Home) -> SignedHead | None:
    """Sign the head of a home's log; None when the newest signed one covers it."""
    origin, _ = home_keys(home.path)
    return sign_head(home.store, home.signer, custody_folder(home.path), origin)


def export_checkpoint(home: Home, out: Path) -> dict[str, Any]:
    """Write the signed head into a file of its own, to be kept where this home's keeper is not.

    The export is an event of its own, so that the head covers it.

    Raises:
        UsageError: The file is there already, or cannot be written.
    """
    with new_file(out) as file:
        _record(home, "checkpointed", {})
        head = _sign_now(home)
        file.write(head.file_text)
    return {**head_document(head), "file": str(out)}


def head_document(head: SignedHead) -> dict[str, Any]:
    """Give a signed head as commands print it."""
    one = head.head
    return {
        "origin": one.origin,
        "events": one.size,
        "sha256": one.chain.hex(),
        "tree_root": one.root.hex(),
        "at": write_time(one.at),
        "public_key": one.key.key.hex(),
        "key_id": one.key.key_id.hex(),
    }


def export_custody(
    home: Home,
    out: Path,
    *,
    first: int = 1,
    last: int | None = None,
    case_name: str | None = None,
    is_open: bool = False,
) -> dict[str, Any]:
    """Write the log as a file that a stranger verifies without this program.

    Args:
        first: Events before this one are given by digest alone.
        last: The file ends with this event; by default with the event of the export itself.
        case_name: Other events than those of this case are given by digest alone.
        is_open: Add the texts of stated purposes, with what their digests are taken over.

    Raises:
        UsageError: The file is there, cannot be written, or the range is none.
        ChainBrokenError: The log is not whole: verify it first.
    Cost: one pass over the log; memory of one event, and a number for each event of the case.
    """
    case = None if case_name is None else require_case(home, case_name)
    with new_file(out) as file:
        inputs = {"first": first, "last": last, "is_case": bool(case), "is_open": is_open}
        _record(home, "exported-custody", inputs)
        _sign_now(home)
        with home.store.snapshot() as reader:
            end = count_events(reader) if last is None else last
            if not 1 <= first <= end or end > count_events(reader):
                raise UsageError("there are no events of these numbers")
            wanted = None if case is None else events_of_case(reader, case.case_id)
            full = _write_export(home, reader, file, first, end, wanted, is_open=is_open)
    key = home.signer.public_key.hex()
    return {"file": str(out), "events": end, "in_full": full, "public_key": key}


def _write_export(
    home: Home,
    reader: Reader,
    file: IO[str],
    first: int,
    last: int,
    wanted: frozenset[int] | None,
    *,
    is_open: bool,
) -> int:
    origin, _ = home_keys(home.path)
    head = header_line(
        origin=origin,
        keys=endorsed_keys(home.path),
        tool=TOOL,
        first=first,
        last=last,
        is_case=wanted is not None,
    )
    file.write(head + "\n")
    tree, full, final = EventTree(), 0, None
    needed = set(takeovers(reader).values())
    purposes = dict(opened_purposes(reader)) if is_open else {}
    for event in all_events(reader, to_seq=last):
        if event.event_seq != tree.size + 1 or not is_whole(event):
            raise ChainBrokenError("the log is not whole: run `firstlight verify`")
        tree.add(event.sha256)
        final = event
        is_asked_for = event.event_seq >= first and (wanted is None or event.event_seq in wanted)
        # Where a key takes over is what the signatures of all the others are judged by.
        if not is_asked_for and event.event_seq not in needed:
            file.write(left_out_line(event.sha256) + "\n")
            continue
        full += 1
        file.write(event_line(event) + "\n")
        opened = purposes.pop(event.purpose or "", None)
        if opened is not None:
            file.write(purpose_line(opened) + "\n")
    if final is None:
        raise UsageError("there are no events of these numbers")
    for kept in all_heads(custody_folder(home.path))[0]:
        if kept.head.size < last:
            file.write(head_line(kept.file_text) + "\n")
    end = signed(home.signer, origin, tree=tree, chain=final.sha256, at=final.at)
    file.write(head_line(end.file_text) + "\n")
    return full


def show_events(
    home: Home,
    *,
    after: int = 0,
    limit: int = SHOWN_EVENTS,
    action: str | None = None,
    case_name: str | None = None,
) -> dict[str, Any]:
    """Give one page of the log, oldest first.

    Raises:
        UsageError: No such action.
    """
    if action is not None and action not in ACTIONS:
        raise UsageError("no such action; `guard/actions.json` and the docs list them")
    case = None if case_name is None else require_case(home, case_name)
    with home.store.snapshot() as reader:
        wanted = None if case is None else events_of_case(reader, case.case_id)
        after = min(after, LAST_NUMBER)
        rows = event_page_of(reader, after_seq=after, limit=limit, action=action, among=wanted)
        purposes = {name: one["purpose"] for name, one in opened_purposes(reader)}
        last = last_event(reader)
    return {
        "events": [event_document(row, purposes) for row in rows],
        "log_events": last.event_seq if last else 0,
    }


def event_document(event: Event, purposes: Mapping[str, str]) -> dict[str, Any]:
    """Give an event as commands print it."""
    return {
        "event": event.event_seq,
        "at": write_time(event.at),
        "actor": event.actor,
        "purpose": purposes.get(event.purpose or "", event.purpose),
        "tool": event.tool,
        "action": event.action,
        "says": ACTIONS.get(event.action, ""),
        "inputs": json.loads(event.inputs),
        "outputs": json.loads(event.outputs),
        "sha256": event.sha256.hex(),
    }


def break_document(one: Break) -> dict[str, Any]:
    """Give a break as commands print it."""
    return {"event": one.event_seq, "code": one.code, "reason": one.reason}


def _record(home: Home, action: str, inputs: Mapping[str, Any]) -> None:
    with home.store.transaction() as transaction, transaction.event(home.actor, action, inputs):
        pass


def _sign_now(home: Home) -> SignedHead:
    head = sign_home(home)
    if head is None:
        raise StoreError("the head of the log was not signed")
    return head


@contextmanager
def new_file(path: Path) -> Iterator[IO[str]]:
    """Write a text file that is not there yet; it is on the disk at the end, or not there.

    Raises:
        UsageError: It is there, or cannot be written.
    """
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError as error:
        raise UsageError("the file is there already, and is not written over") from error
    except OSError as error:
        raise UsageError(f"the file cannot be written ({error.strerror})") from error
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        sync_folder(path.absolute().parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise UsageError(f"the file cannot be written ({error.strerror})") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
