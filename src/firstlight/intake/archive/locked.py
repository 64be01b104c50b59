"""Passwords for what is locked: in which order they are tried, and how many tries there are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from firstlight.errors import EncryptedError
from firstlight.intake.archive.member import Unpacking

PASSWORD_MAX_BYTES: Final = 512
"""Longer lines of the list are not tried: the cost of a try grows with the length."""

TRIES_FLOOR: Final = 20_000
WHOLE_LISTS: Final = 3
"""Tries for one outermost archive: so many whole lists, and the floor on top.

After that only passwords that have opened something in the same archive are tried: otherwise
an archive of very many locked members would keep a worker busy for days.
"""

TRIAL_BYTES: Final = 1 << 24
"""A password that fits must bear out for so many bytes, or to the end of a shorter member."""

_LEGACY_CODECS: Final = ("cp1252", "cp850")


class Passwords:
    """The unit's list, as one archive tries it: what has opened something comes first.

    Nothing says afterwards which one fitted; it is neither logged nor recorded.
    """

    def __init__(self, unpacking: Unpacking, *, in_legacy_forms: bool) -> None:
        self._unpacking = unpacking
        self._forms = (
            legacy_forms(unpacking.passwords) if in_legacy_forms else _tried(unpacking.passwords)
        )
        self._proven: list[bytes] = []
        self._is_spent = False

    def __bool__(self) -> bool:
        return bool(self._forms)

    def in_order(self) -> Iterator[bytes]:
        """Give what is to be tried on one lock; each once."""
        self._is_spent = False
        proven = tuple(self._proven)
        yield from proven
        tries_max = WHOLE_LISTS * len(self._forms) + TRIES_FLOOR
        for form in self._forms:
            if form in proven:
                continue
            if not self._unpacking.gauge.budget.count_try(tries_max):
                self._is_spent = True
                return
            self._unpacking.tick()
            yield form

    def prove(self, password: bytes) -> None:
        """Note that a password has opened something: it comes first from now on."""
        if password in self._proven:
            self._proven.remove(password)
        self._proven.insert(0, password)

    def is_proven(self, password: bytes) -> bool:
        """Whether a password has opened something in this archive."""
        return password in self._proven

    def refusal(self, what: str) -> EncryptedError:
        """Make the error of a lock that nothing opened.

        Args:
            what: ``the member`` or ``the archive``.
        """
        if not self._forms:
            return EncryptedError(f"{what} is encrypted")
        if self._is_spent:
            return EncryptedError(f"{what} is encrypted; the bound on tries of passwords was met")
        return EncryptedError(
            f"{what} is encrypted; no password of the list opens it, or it is damaged"
        )


def _tried(passwords: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(entry for entry in passwords if 0 < len(entry) <= PASSWORD_MAX_BYTES)


@lru_cache(maxsize=4)
def legacy_forms(passwords: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Give each password as it stands, then as older programs would have written it.

    A list is UTF-8 as a rule, and older ZIP programs took what the keyboard's code page gave.
    """
    forms: dict[bytes, None] = {}
    for entry in _tried(passwords):
        forms[entry] = None
        if not entry.isascii():
            forms.update(dict.fromkeys(_legacy(entry)))
    return tuple(forms)


def _legacy(entry: bytes) -> Iterator[bytes]:
    for codec in _LEGACY_CODECS:
        try:
            yield entry.decode("utf-8").encode(codec)
        except UnicodeError:
            continue


def password_text(password: bytes) -> str:
    """Read a password of the list as text, for locks that take it as text."""
    try:
        return password.decode("utf-8")
    except UnicodeDecodeError:
        return password.decode("latin-1")
