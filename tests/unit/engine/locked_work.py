"""Work functions that try the locks from inside a worker, and the outside programs."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import subprocess
import threading
import time

from firstlight.errors import FirstlightError


def attempts(payload, context):
    """Try everything that must not work; emit the error of each by name."""
    inside, outside = payload["inside"], payload["outside"]
    libc = ctypes.CDLL(None, use_errno=True)

    def raw(number, *arguments):
        if libc.syscall(number, *arguments) < 0:
            raise OSError(ctypes.get_errno(), "refused")

    def connect_name():
        raw(49, 0, 0, 0)

    tries = {
        "socket": socket.socket,
        "unix socket": lambda: socket.socket(socket.AF_UNIX),
        "socketpair": socket.socketpair,
        "bind": connect_name,
        "write inside": lambda: os.open(inside, os.O_WRONLY),
        "append inside": lambda: os.open(inside, os.O_RDWR | os.O_APPEND),
        "create inside": lambda: os.open(os.path.dirname(inside) + b"/new", os.O_CREAT | os.O_RDWR),
        "create in tmp": lambda: os.open("/tmp/firstlight-never", os.O_CREAT | os.O_WRONLY),
        "truncate": lambda: os.truncate(inside, 0),
        "unlink": lambda: os.unlink(inside),
        "rename": lambda: os.rename(inside, inside + b"x"),
        "mkdir": lambda: os.mkdir(inside + b"d"),
        "symlink": lambda: os.symlink(b"a", inside + b"l"),
        "chmod": lambda: os.chmod(inside, 0o777),
        "fchmod": lambda: os.fchmod(os.open(inside, os.O_RDONLY), 0o777),
        "utime": lambda: os.utime(inside, (1, 1)),
        "setxattr": lambda: os.setxattr(inside, "user.a", b"b"),
        "read outside": lambda: os.open(outside, os.O_RDONLY),
        "list outside": lambda: os.listdir(os.path.dirname(outside)),
        "list root": lambda: os.listdir("/"),
        "read passwd": lambda: os.open("/etc/passwd", os.O_RDONLY),
        "read parent": lambda: os.open(f"/proc/{os.getppid()}/environ", os.O_RDONLY),
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "fork": os.fork,
        "spawn": lambda: subprocess.run(["/bin/true"], check=False),
        "kill parent": lambda: os.kill(os.getppid(), 0),
        "limit parent": lambda: raw(302, os.getppid(), 7, None, None),
        "ptrace": lambda: raw(101, 16, os.getppid(), 0, 0),
        "unshare": lambda: raw(272, 0x10000000),
        "clone3": lambda: raw(435, 0, 0),
        "io_uring": lambda: raw(425, 1, 0),
        "openat2": lambda: raw(437, -100, inside, 0, 0),
        "mount": lambda: raw(165, 0, 0, 0, 0, 0),
    }
    for name, attempt in tries.items():
        context.emit(name.encode(), _error(attempt))


def _error(attempt):
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "allowed"


def freedoms(payload, context):
    """Do everything that must still work; emit what came of each."""
    with open(os.open(payload["inside"], os.O_RDONLY | os.O_NOATIME), "rb") as file:
        context.emit(b"read inside", file.read())
    done = []
    thread = threading.Thread(target=done.append, args=[1])
    thread.start()
    thread.join()
    context.emit(b"thread", done)
    import numpy as np

    square = np.ones((300, 300)) @ np.ones((300, 300))
    context.emit(b"numpy", float(square[0, 0]))
    context.emit(b"parent death signal", _death_signal())


def _death_signal():
    number = ctypes.c_int()
    ctypes.CDLL(None).prctl(2, ctypes.byref(number), 0, 0, 0)
    return number.value


def tell_processes(payload, context):
    """Emit the own number, and sleep."""
    context.emit(b"pid", os.getpid())
    if context.tools.has("exiftool"):
        context.tools.exiftool(b"\xff\xd8\xff\xd9", timeout_s=20)
    context.ask("ready")
    time.sleep(600)


def tools(payload, context):
    """Carry out calls of the tool host: ``[key, method, arguments, options]``."""
    for key, method, arguments, options in payload:
        path = options.pop("path", None)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOATIME) if path else None
        content = [] if descriptor is None else [descriptor]
        started_s = time.perf_counter()
        try:
            result = getattr(context.tools, method)(*arguments, *content, **options)
            if method == "run":
                result = [result.exit_code, result.stdout, result.stderr]
        except FirstlightError as error:
            result = [error.code, str(error)]
        context.emit(key, [result, time.perf_counter() - started_s])
        if descriptor is not None:
            os.close(descriptor)
