"""The few Linux calls that Python does not offer: prctl, namespaces, capabilities, Landlock."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import stat
from collections.abc import Iterable

_libc = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_CAPBSET_DROP = 24
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
CAP_DAC_READ_SEARCH = 2
CAP_FOWNER = 3
CAP_LAST = 63
_CAPABILITY_VERSION_3 = 0x20080522

MS_REC = 0x4000
MS_SLAVE = 0x80000
MOUNT_SETATTR = 442
MOUNT_ATTR_RDONLY = 1
AT_FDCWD = -100
AT_RECURSIVE = 0x8000

LANDLOCK_CREATE_RULESET = 444
LANDLOCK_ADD_RULE = 445
LANDLOCK_RESTRICT_SELF = 446
FS_EXECUTE = 1 << 0
FS_READ_FILE = 1 << 2
FS_READ_DIR = 1 << 3
_FS_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_BIND_CONNECT = 3
_SCOPE_SOCKETS_SIGNALS = 3


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _prctl(option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    _check(_libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero))


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; end now if it already has.

    A change of credentials clears this, so it is asked for again afterwards.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def forbid_new_privileges() -> None:
    """See to it that no program started from here ever gains rights."""
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


def leave_namespaces() -> None:
    """Leave the network, the shared memory and the host name behind.

    Root does so directly, and so may still read files of other owners; anybody else by way of a
    user namespace.
    """
    kinds = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
    try:
        _check(_libc.unshare(kinds))
    except PermissionError:
        _check(_libc.unshare(kinds | CLONE_NEWUSER))


def leave_mounts() -> None:
    """Take mounts of our own and make them all read-only: reading then notes no access time.

    On a read-only mount the kernel leaves the time of access alone, even of a file that another
    program opens again through ``/proc/self/fd`` without our flag. Read-only, since an ordinary
    user may not set ``noatime``; all mounts, so that paths need no thought. Files that are open
    already keep the mount they came by. What the machine unmounts goes here too (or it would
    stay busy), and nothing goes from here to the machine.

    Raises:
        OSError: Not allowed; no ``mount_setattr`` (before Linux 5.12); or ``/`` is no mount, in
            a changed root.
    Cost: Under a millisecond.
    """
    _check(_libc.unshare(CLONE_NEWNS))
    _check(_libc.mount(None, b"/", None, ctypes.c_ulong(MS_REC | MS_SLAVE), None))
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY, 0, 0, 0)
    _check(
        _libc.syscall(
            MOUNT_SETATTR,
            AT_FDCWD,
            b"/",
            ctypes.c_uint(AT_RECURSIVE),
            ctypes.byref(attributes),
            ctypes.c_size_t(ctypes.sizeof(attributes)),
        )
    )


def drop_capabilities() -> None:
    """Give up every capability; root keeps reading any file, without changing its access time."""
    kept = (CAP_DAC_READ_SEARCH, CAP_FOWNER) if os.geteuid() == 0 else ()
    for capability in range(CAP_LAST + 1):
        if capability not in kept:
            with contextlib.suppress(OSError):
                _prctl(PR_CAPBSET_DROP, capability)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    _check(_libc.capget(header, data))
    mask = sum(1 << capability for capability in kept)
    low = data[1] & mask
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)(low, low, 0, 0, 0, 0)))


def allow_paths_only(readable: Iterable[bytes], executable: Iterable[bytes] = ()) -> None:
    """Confine this thread and what it starts: it reads beneath these paths, and writes nowhere.

    Args:
        executable: Beneath these, programs may be started as well.

    Raises:
        OSError: The kernel has no Landlock, or refuses it.
    """
    abi = _check(_libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, 1))
    handled = max(rights for since, rights in _FS_RIGHTS_BY_ABI.items() if since <= abi)
    attributes = _RulesetAttributes(
        handled, _NET_BIND_CONNECT if abi >= 4 else 0, _SCOPE_SOCKETS_SIGNALS if abi >= 6 else 0
    )
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = _check(
        _libc.syscall(
            LANDLOCK_CREATE_RULESET,
            ctypes.byref(attributes),
            ctypes.c_size_t(size),
            ctypes.c_uint(0),
        )
    )
    try:
        for path in readable:
            _allow(ruleset, path, FS_READ_FILE | FS_READ_DIR)
        for path in executable:
            _allow(ruleset, path, FS_READ_FILE | FS_READ_DIR | FS_EXECUTE)
        _check(_libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, ctypes.c_uint(0)))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: bytes, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= ~FS_READ_DIR
        rule = _PathBeneath(access, descriptor)
        _check(_libc.syscall(LANDLOCK_ADD_RULE, ruleset, 1, ctypes.byref(rule), ctypes.c_uint(0)))
    finally:
        os.close(descriptor)
