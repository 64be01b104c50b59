"""How a worker locks itself in, in the one order that works.

Some locks bind only the calling thread, some cannot be loaded once another is in force, and
numpy starts threads: so the order is namespaces, mounts, capabilities, limits, no new privileges,
Landlock, imports, system calls. A lock that this machine lacks is reported, and the rest goes on.
"""

from __future__ import annotations

import os
import resource
import sys
import sysconfig
from collections.abc import Callable
from typing import Any

from firstlight.engine import linux
from firstlight.engine.system_call import SystemCallFilter

SYSTEM_LIBRARIES = (b"/lib", b"/lib64", b"/usr/lib", b"/usr/lib64", b"/usr/local/lib")
SYSTEM_FILES = (b"/etc/ld.so.cache", b"/usr/share/zoneinfo", b"/dev/null", b"/dev/urandom")
PROGRAM_PLACES = (b"/usr", b"/bin", b"/lib", b"/lib64")
PROGRAM_FILES = (b"/etc/ld.so.cache", b"/etc/perl", b"/dev/null", b"/dev/urandom")
WORKER_FILES_MAX = 512
TOOL_SERVER_FILES_MAX = 64


def attempt(report: dict[str, bool], name: str, lock: Callable[[], None]) -> None:
    """Try one lock and note whether it is in force."""
    try:
        lock()
    except Exception:  # noqa: BLE001 - whatever is missing, the report says so
        report[name] = False
    else:
        report[name] = True


def prepare_filter() -> SystemCallFilter | None:
    """Load what system-call filters need; later it cannot be loaded any more."""
    try:
        return SystemCallFilter()
    except Exception:  # noqa: BLE001 - pyseccomp raises what it likes where libseccomp is missing
        return None


def leave_machine(parent: int) -> dict[str, bool]:
    """Lock what a worker and its tool server share: namespaces, mounts, capabilities, privileges.

    Returns:
        Which locks are in force, by name. ``quiet-source`` is the one that protects the source
        instead of the machine: where it is missing, a file that is too long to be handed over
        as a copy is read by outside programs in a way that may change its time of access. It
        counts like any other where isolation is required.
    """
    report: dict[str, bool] = {}
    attempt(report, "namespaces", linux.leave_namespaces)
    attempt(report, "quiet-source", linux.leave_mounts)
    attempt(report, "capabilities", linux.drop_capabilities)
    attempt(report, "no-new-privileges", linux.forbid_new_privileges)
    linux.die_with_parent(parent)
    return report


def lock_worker(
    start: dict[str, Any], calls: SystemCallFilter | None, load: Callable[[], None]
) -> dict[str, bool]:
    """Lock a worker in for good.

    Args:
        calls: The empty filter of system calls that was prepared first.
        load: Imports what the work needs, between the locks that must come before and after.

    Returns:
        Which locks are in force, by name.
    """
    report: dict[str, bool] = {}
    memory_bytes, content_bytes = start["memory_bytes"], start["content_bytes"]
    attempt(report, "limits", lambda: limit(memory_bytes, content_bytes, WORKER_FILES_MAX))
    readable = worker_paths(start)
    attempt(report, "landlock", lambda: linux.allow_paths_only(readable))
    load()
    attempt(report, "system-calls", lambda: _filter_worker(calls))
    return report


def lock_tool_server(start: dict[str, Any], calls: SystemCallFilter | None) -> dict[str, bool]:
    """Lock a tool server in: it may start programs, and neither it nor they may write."""
    report: dict[str, bool] = {}
    attempt(report, "limits", lambda: limit(start["memory_bytes"], 0, TOOL_SERVER_FILES_MAX))
    programs = {
        os.path.dirname(os.path.realpath(path)).encode("utf-8", "surrogateescape")
        for command in start["programs"].values()
        for path in command
    }
    attempt(
        report,
        "landlock",
        lambda: linux.allow_paths_only(
            (*PROGRAM_FILES, *start["roots"]), (*PROGRAM_PLACES, *programs)
        ),
    )
    attempt(report, "system-calls", lambda: _filter_tool_server(calls))
    return {f"programs-{name}": is_in_force for name, is_in_force in report.items()}


def worker_paths(start: dict[str, Any]) -> list[bytes]:
    """Return what a worker may read: interpreter, packages, libraries, and the source's roots."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    own = [sysconfig.get_path(name) for name in names] + [os.path.join(sys.base_prefix, "lib")]
    packages = [os.fsencode(path) for path in own]
    return [*packages, *start["import_path"], *SYSTEM_LIBRARIES, *SYSTEM_FILES, *start["roots"]]


def limit(memory_bytes: int, file_bytes: int, files_max: int) -> None:
    """Set the limits of this process and of what it starts.

    Args:
        file_bytes: Longest file that it can make, which is one in memory.
    """
    for kind, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, files_max),
    ):
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)  # noqa: PLW2901
        resource.setrlimit(kind, (value, value))


def _filter_worker(calls: SystemCallFilter | None) -> None:
    if calls is None:
        raise OSError("no libseccomp")
    calls.refuse_network_and_writing()
    calls.refuse_processes()
    calls.refuse_programs()
    calls.refuse_signals(but_to=os.getpid())
    calls.load()


def _filter_tool_server(calls: SystemCallFilter | None) -> None:
    if calls is None:
        raise OSError("no libseccomp")
    calls.refuse_network_and_writing()
    calls.load()
