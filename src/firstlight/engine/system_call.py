"""Filters on system calls (seccomp): what a worker, and a program it uses, may ask the kernel."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from importlib import resources
from typing import Any

CLONE_THREAD = 0x00010000
_WRITING = (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC)


class SystemCallFilter:
    """A filter that starts by allowing everything; each method takes something away.

    Raises:
        Exception: The system's libseccomp is missing.
    """

    def __init__(self) -> None:
        import pyseccomp

        table = resources.files(__package__).joinpath("system_calls.json").read_text("utf-8")
        self._names: dict[str, list[str]] = json.loads(table)
        self._kinds = pyseccomp
        self._filter = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
        self._refused = pyseccomp.ERRNO(errno.EPERM)
        self._absent = pyseccomp.ERRNO(errno.ENOSYS)

    def _refuse(self, group: str, *conditions: Any) -> None:
        for name in self._names[group]:
            self._add(self._absent if group == "absent" else self._refused, name, *conditions)

    def _add(self, action: int, name: str, *conditions: Any) -> None:
        with contextlib.suppress(OSError):  # a call that this kernel or processor does not know
            self._filter.add_rule(action, name, *conditions)

    def refuse_network_and_writing(self) -> None:
        """Refuse sockets, changes to any file or its attributes, and control of the system."""
        argument, masked = self._kinds.Arg, self._kinds.MASKED_EQ
        self._refuse("refused")
        self._refuse("absent")
        for flag in _WRITING:
            self._add(self._refused, "open", argument(1, masked, flag, flag))
            self._add(self._refused, "openat", argument(2, masked, flag, flag))
        self._add(self._refused, "prlimit64", argument(0, self._kinds.NE, 0))

    def refuse_processes(self) -> None:
        """Refuse new processes; threads stay possible."""
        condition = self._kinds.Arg(0, self._kinds.MASKED_EQ, CLONE_THREAD, 0)
        self._add(self._refused, "clone", condition)
        self._refuse("starting")

    def refuse_programs(self) -> None:
        """Refuse to become another program."""
        self._refuse("executing")

    def refuse_signals(self, *, but_to: int | None = None) -> None:
        """Refuse signals, but to one process."""
        if but_to is None:
            self._refuse("signalling")
        else:
            self._add(self._refused, "tkill")
            condition = self._kinds.Arg(0, self._kinds.NE, but_to)
            self._refuse("signalling_by_process", condition)

    def load(self) -> None:
        """Put the filter in force, for every thread; it cannot be taken off again."""
        with contextlib.suppress(OSError):
            self._filter.set_attr(self._kinds.Attr.CTL_TSYNC, 1)
        self._filter.load()
