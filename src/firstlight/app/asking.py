"""Asking a person for a passphrase: on a terminal only, and never where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable

_answers: dict[str, str] = {}


def asker(what: str, *, is_new: bool = True) -> Callable[[], str] | None:
    """Give what asks a person for a passphrase on a terminal; None where there is none.

    Args:
        is_new: Ask twice, until both are alike; else what was answered once in this process is
            remembered.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def ask() -> str:
        from getpass import getpass

        if not is_new and what in _answers:
            return _answers[what]
        while True:
            text = getpass(f"{what}: ")
            if not is_new:
                _answers[what] = text
                return text
            if getpass(f"{what}, again: ") == text:
                return text
            sys.stderr.write("the two differ\n")

    return ask
