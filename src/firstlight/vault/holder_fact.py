"""What is public about a home's key: who holds it, and which keys have signed since when."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firstlight.errors import KeyMissingError, KeyWrongError
from firstlight.guard.custody import canonical_json, write_time
from firstlight.vault.durable_file import Step, no_step, read_small, replace_file, translated
from firstlight.vault.secret import HomeSecret
from firstlight.vault.signing import HomeSigner

KEYS_FOLDER = "keys"
HOLDER_FILE = "holder.json"
KINDS = ("file", "passphrase", "keyring")
FORM = "firstlight-holder-1"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs, or signed, the heads of the log.

    Args:
        public_key: Hexadecimal, 32 bytes.
        from_at: UTC time from which it signs.
        endorsement: Signature by the key before it (see ``endorsed_bytes``); empty for the first.
    """

    public_key: str
    from_at: str
    endorsement: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret is held.

    Args:
        kind: ``file``, ``passphrase`` or ``keyring``.
        key_file: Of the kind ``file``.
    """

    kind: str
    key_file: str | None = None


@dataclass(frozen=True, slots=True)
class HolderFacts:
    """The content of ``keys/holder.json``. Nothing in it is secret, nothing of it is trusted.

    Args:
        secret_id: Public name of the secret.
        place: Where it is held.
        leaving: Where it was held before, until the copy there is destroyed.
        signing_keys: Oldest first; the last one signs.
    """

    secret_id: str
    place: Place
    leaving: Place | None
    signing_keys: tuple[SigningKey, ...]


def read_facts(home_path: Path) -> HolderFacts | None:
    """Read the facts; None where there are none.

    Raises:
        KeyWrongError: The file is damaged.
        KeyMissingError: It cannot be read.
    """
    path = home_path / KEYS_FOLDER / HOLDER_FILE
    try:
        content = read_small(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyMissingError(
            f"the home's record of its key cannot be read ({error.strerror})", detail=str(path)
        ) from error
    try:
        return _parse(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise KeyWrongError("the home's record of its key is damaged", detail=str(path)) from error


def write_facts(home_path: Path, facts: HolderFacts, step: Step = no_step) -> None:
    """Write the facts; whole or not at all."""
    plain = {
        "form": FORM,
        "secret_id": facts.secret_id,
        "holder": facts.place.kind,
        "key_file": facts.place.key_file,
        "leaving": asdict(facts.leaving) if facts.leaving else None,
        "signing_keys": [asdict(key) for key in facts.signing_keys],
    }
    content = (json.dumps(plain, indent=1) + "\n").encode("ascii")
    with translated("writing the home's record of its key"):
        path = home_path / KEYS_FOLDER / HOLDER_FILE
        replace_file(path, content, is_secret=False, step=step)


def first_signing_key(secret: HomeSecret) -> SigningKey:
    """Make the entry of a new home's signing key."""
    return SigningKey(HomeSigner(secret).public_key.hex(), write_time(datetime.now(UTC)))


def with_successor(facts: HolderFacts, old: HomeSecret, new: HomeSecret) -> HolderFacts:
    """Enter the next signing key, endorsed by the one that signs until now."""
    public = HomeSigner(new).public_key.hex()
    # Never before its predecessor, also where the clock was set back.
    from_at = max(write_time(datetime.now(UTC)), *(key.from_at for key in facts.signing_keys))
    endorsement = HomeSigner(old).sign(endorsed_bytes(facts.secret_id, public, from_at)).hex()
    key = SigningKey(public, from_at, endorsement)
    return replace(facts, signing_keys=(*facts.signing_keys, key))


def without_unused(facts: HolderFacts, secret: HomeSecret) -> HolderFacts:
    """Drop what a rotation that never took effect entered behind the key that signs.

    A key that signs and is not entered (the record came from an older backup) is entered.
    """
    public = HomeSigner(secret).public_key.hex()
    known = [key.public_key for key in facts.signing_keys]
    if public not in known:
        return replace(facts, signing_keys=(*facts.signing_keys, first_signing_key(secret)))
    return replace(facts, signing_keys=facts.signing_keys[: known.index(public) + 1])


def endorsed_bytes(secret_id: str, public_key: str, from_at: str) -> bytes:
    """Give the bytes that the old key signs to endorse the new one."""
    plain = {"from_at": from_at, "public_key": public_key, "secret_id": secret_id}
    return b"firstlight-signing-key:" + canonical_json(plain).encode("ascii")


def _parse(plain: dict[str, Any]) -> HolderFacts:
    if plain["form"] != FORM:
        raise ValueError("another form")
    leaving = plain["leaving"]
    keys = tuple(
        SigningKey(str(key["public_key"]), str(key["from_at"]), str(key["endorsement"]))
        for key in plain["signing_keys"]
    )
    if not keys or any(len(bytes.fromhex(key.public_key)) != 32 for key in keys):
        raise ValueError("a public key has a wrong size")
    secret_id = str(plain["secret_id"])
    if len(secret_id) != 16 or not set(secret_id) <= set("0123456789abcdef"):
        raise ValueError("a name that is none")
    place = _place(plain["holder"], plain["key_file"])
    old = _place(leaving["kind"], leaving["key_file"]) if leaving else None
    return HolderFacts(secret_id, place, old, keys)


def _place(kind: Any, key_file: Any) -> Place:
    if (
        kind not in KINDS
        or not isinstance(key_file, str | None)
        or ((kind == "file") != (key_file is not None))
    ):
        raise ValueError("a holder that is none")
    return Place(kind, key_file)
