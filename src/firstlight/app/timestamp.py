"""Time stamps for checkpoints: the request is carried to a service, the response brought back."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from firstlight.app.heads import custody_folder
from firstlight.app.home import Home
from firstlight.app.log_keys import signature_breaks, stated_keys
from firstlight.errors import FirstlightError, SignatureError, StoreAlteredError, UsageError
from firstlight.guard.custody import write_time
from firstlight.guard.head import read_head
from firstlight.guard.timestamp import TimeStamp, make_request, verify_response
from firstlight.store.custody_log import event_at
from firstlight.vault.durable_file import replace_file, translated

INPUT_MAX_BYTES = 1 << 20


def write_request(checkpoint: Path, out: Path) -> dict[str, Any]:
    """Write a time stamp request over a checkpoint file; the unit carries it to its service.

    Raises:
        UsageError: The checkpoint is none, or the request cannot be written.
    """
    content = _checkpoint(checkpoint)
    request = make_request(content)
    try:
        with open(out, "xb") as file:
            file.write(request)
    except OSError as error:
        raise UsageError(f"the request cannot be written ({error.strerror})") from error
    return {"file": str(out), "sha256": sha256(content).hexdigest()}


def keep_timestamp(
    home: Home, checkpoint: Path, response: Path, certificates: Path
) -> dict[str, Any]:
    """Verify a time stamp over a checkpoint of this home, and keep both in ``custody/tokens``.

    Raises:
        UsageError: A file cannot be read, or is none of its kind.
        SignatureError: The time stamp or the checkpoint is not what it claims.
        StoreAlteredError: The log is not the one that the checkpoint signs.
    """
    content, token = _checkpoint(checkpoint), read_input(response)
    stamp = verify_response(content, token, read_input(certificates))
    head = read_head(content.decode("utf-8"))
    if signature_breaks([head], stated_keys(home.path, home.store)):
        raise SignatureError("the checkpoint is not signed by a key of this home")
    event = event_at(home.store, head.head.size)
    if event is None or event.sha256 != head.head.chain:
        raise StoreAlteredError("the log is not the one that the checkpoint signs")
    folder = custody_folder(home.path) / "tokens"
    name = f"{head.head.size}-{sha256(token).hexdigest()[:16]}"
    inputs = {
        "event": head.head.size,
        "token_sha256": sha256(token).hexdigest(),
        "stamped_at": write_time(stamp.at),
    }
    with translated("keeping the time stamp"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(folder / f"{name}.checkpoint", content, is_secret=False)
        replace_file(folder / f"{name}.tsr", token, is_secret=False)
    with (
        home.store.transaction() as transaction,
        transaction.event(home.actor, "timestamped", inputs),
    ):
        pass
    return {"events": head.head.size, "kept": name, **stamp_document(stamp)}


def stamp_document(stamp: TimeStamp) -> dict[str, Any]:
    """Give a verified time stamp as commands print it."""
    return {
        "at": write_time(stamp.at),
        "accuracy_s": stamp.accuracy_s,
        "policy": stamp.policy,
        "serial_number": str(stamp.serial_number),
        "signer": stamp.signer,
    }


def read_input(path: Path) -> bytes:
    """Read a small file that the user names.

    Raises:
        UsageError: It cannot be read, or is too large to be what it should be.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(INPUT_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"a file given cannot be read ({error.strerror})", detail=str(path)
        ) from error
    if len(content) > INPUT_MAX_BYTES:
        raise UsageError("a file given is too large to be what it should be", detail=str(path))
    return content


def _checkpoint(path: Path) -> bytes:
    content = read_input(path)
    try:
        read_head(content.decode("utf-8"))
    except (UnicodeDecodeError, FirstlightError) as error:
        raise UsageError("a file given is not a checkpoint", detail=str(path)) from error
    return content
