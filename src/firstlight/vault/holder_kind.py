"""The kinds of holder of a home's secret: a key file, a passphrase, the system's keyring."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Protocol

from firstlight.errors import FirstlightError, KeyMissingError, KeyWrongError, UsageError
from firstlight.vault.durable_file import (
    Step,
    destroy_file,
    read_small,
    replace_file,
    sync_folder,
    translated,
    waiting_name,
)
from firstlight.vault.passphrase import (
    PassphraseCost,
    open_under_passphrase,
    seal_under_passphrase,
)
from firstlight.vault.secret import HomeSecret

KEYRING_SERVICE = "firstlight"

FileId = tuple[int, int]
"""Device and number of a file: the same under every name it has."""


class Holder(Protocol):
    """Keeps one secret."""

    def load(self) -> HomeSecret:
        """Read the secret.

        Raises:
            KeyMissingError: It is not to be had here; says what to do.
            KeyWrongError: What is there does not open.
        """
        ...

    def store(self, secret: HomeSecret, step: Step) -> None:
        """Keep the secret, in place of an older state of the same; on disk on return."""
        ...

    def destroy(self, spared: Collection[FileId] = ()) -> None:
        """Remove the secret; harmless where it is gone, and where something else stands.

        Args:
            spared: Files that stay, by whatever name they are called here.
        """
        ...


class FileHolder:
    """A key file outside the home: JSON, mode 0600."""

    def __init__(self, path: Path, secret_id: str) -> None:
        # A link is followed once, so that what it points to is replaced, not the link.
        self.path = Path(os.path.realpath(path))
        self._secret_id = secret_id

    def load(self) -> HomeSecret:
        """Read the key file."""
        try:
            content = read_small(self.path)
        except OSError as error:
            raise KeyMissingError(
                f"the key file of this home cannot be read ({error.strerror}): bring it back, name"
                " it by FIRSTLIGHT_KEY_FILE, or use an escrow copy (`firstlight key import`)",
                detail=str(self.path),
            ) from error
        return HomeSecret.from_json(content)

    def store(self, secret: HomeSecret, step: Step) -> None:
        """Write the key file; another home's key is never overwritten."""
        waiting = waiting_name(self.path)
        is_taken = self.path.exists() and not self._is_ours(self.path)
        if is_taken or not (self._is_ours(waiting) or _is_nothing(waiting)):
            raise UsageError(
                "there is another file in the place of the key file; name a new one",
                detail=str(self.path),
            )
        with translated("writing the key file"):
            if not self.path.parent.exists():
                self.path.parent.mkdir(mode=0o700, parents=True)
                sync_folder(self.path.parent.parent)
            replace_file(self.path, secret.to_json().encode("ascii"), is_secret=True, step=step)

    def destroy(self, spared: Collection[FileId] = ()) -> None:
        """Overwrite and remove the key file, and what waits beside it, if it is this secret's."""
        with translated("destroying a key file"):
            for path in (waiting_name(self.path), self.path):
                if file_id(path) not in spared and self._is_ours(path):
                    destroy_file(path)

    def _is_ours(self, path: Path) -> bool:
        try:
            return HomeSecret.from_json(read_small(path)).secret_id == self._secret_id
        except (OSError, FirstlightError):
            return False


class PassphraseHolder:
    """A file in the home, sealed under a passphrase."""

    def __init__(self, path: Path, passphrase: Callable[[], str], cost: PassphraseCost) -> None:
        self.path = path
        self._passphrase = passphrase
        self._cost = cost

    def load(self) -> HomeSecret:
        """Open the sealed file."""
        try:
            sealed = read_small(self.path)
        except OSError as error:
            raise KeyMissingError(
                f"the sealed key of this home cannot be read ({error.strerror}): restore the"
                " folder 'keys' from a backup, or use an escrow copy (`firstlight key import`)",
                detail=str(self.path),
            ) from error
        return HomeSecret.from_json(open_under_passphrase(sealed, self._passphrase()))

    def store(self, secret: HomeSecret, step: Step) -> None:
        """Seal anew, with a new salt."""
        plain = secret.to_json().encode("ascii")
        sealed = seal_under_passphrase(
            plain, self._passphrase(), secret_id=secret.secret_id, cost=self._cost
        )
        with translated("writing the sealed key"):
            replace_file(self.path, sealed, is_secret=True, step=step)

    def destroy(self, spared: Collection[FileId] = ()) -> None:
        """Overwrite and remove the sealed file."""
        with translated("destroying the sealed key"):
            for path in (waiting_name(self.path), self.path):
                if file_id(path) not in spared:
                    destroy_file(path)


class KeyringHolder:
    """An entry of the system's keyring."""

    def __init__(self, secret_id: str) -> None:
        self._secret_id = secret_id

    def load(self) -> HomeSecret:
        """Read the entry."""
        text = _ask_keyring("read", lambda ring: ring.get_password(*self._entry))
        if text is None:
            raise KeyMissingError(
                "the system's keyring has no key for this home: log in as the user who made it,"
                " or use an escrow copy (`firstlight key import`)"
            )
        return HomeSecret.from_json(text)

    def store(self, secret: HomeSecret, step: Step) -> None:
        """Write the entry, and see that it reads back."""
        text = secret.to_json()
        _ask_keyring("written", lambda ring: ring.set_password(*self._entry, text))
        step("keyring:written")
        if self.load() != secret:
            raise KeyWrongError("the system's keyring did not keep the key as it was given")

    def destroy(self, spared: Collection[FileId] = ()) -> None:  # noqa: ARG002
        """Delete the entry."""
        if _ask_keyring("read", lambda ring: ring.get_password(*self._entry)) is not None:
            _ask_keyring("written", lambda ring: ring.delete_password(*self._entry))

    @property
    def _entry(self) -> tuple[str, str]:
        return KEYRING_SERVICE, self._secret_id


def file_id(path: Path) -> FileId | None:
    """Tell which file a path leads to, links followed; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_nothing(path: Path) -> bool:
    """Whether nothing is there, or an empty file: what a power cut leaves of a write."""
    try:
        found = path.lstat()
    except OSError:
        return not os.path.lexists(path)
    return stat.S_ISREG(found.st_mode) and found.st_size == 0


def _ask_keyring(what: str, call: Callable[[Any], Any]) -> Any:
    """Call the keyring; whatever a backend raises becomes one error that quotes nothing."""
    try:
        return call(_safe_keyring())
    except KeyMissingError:
        raise
    except Exception as error:  # noqa: BLE001 - backends raise what they like
        raise KeyMissingError(
            f"the system's keyring cannot be {what} ({type(error).__name__}); unlock it, or hold"
            " the key in a file or under a passphrase"
        ) from None


def _safe_keyring() -> Any:
    import keyring
    from keyring.backends.chainer import ChainerBackend

    ring = keyring.get_keyring()
    rings = list(ring.backends) if isinstance(ring, ChainerBackend) else [ring]
    for candidate in rings:
        # Below 1 are the backends that keep nothing, refuse everything, or write plain text.
        if candidate.priority >= 1 and not type(candidate).__module__.startswith("keyrings.alt"):
            return candidate
    raise KeyMissingError(
        "this system has no keyring that keeps secrets safely; hold the key in a file or under a"
        " passphrase (--key-store)"
    )
