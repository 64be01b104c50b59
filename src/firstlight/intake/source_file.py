"""Opening one file of a source: read only, never through a link, leaving no trace."""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

from firstlight.errors import InputError, UnreadableError
from firstlight.model.media import Failure, FileFacts

_READ_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_NONBLOCK

# The kernel takes at most 4096 bytes of path in one call; longer ones are walked piecewise.
_PATH_PIECE_BYTES: Final = 4000

_REASONS: Final = {
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOENT: "it is no longer there",
    errno.ENOTDIR: "it is no longer there",
    errno.ELOOP: "it is a symbolic link",
    errno.EIO: "input/output error of the medium",
    errno.ESTALE: "it is no longer there",
    errno.ENAMETOOLONG: "its name is too long",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files",
}


def explain_os_error(error: OSError) -> UnreadableError:
    """Turn an operating system's error into ours, with a reason that holds no name."""
    reason = _REASONS.get(error.errno or 0)
    if reason is None:
        reason = os.strerror(error.errno).lower() if error.errno else "unknown error"
    return UnreadableError(f"the source would not give the bytes: {reason}")


def failure_of(error: InputError, stage: str) -> Failure:
    """Turn an error about one item into the record of it."""
    return Failure(error.code, error.message, stage, error.retryable)


def facts_of(status: os.stat_result) -> FileFacts:
    """Take from a file's status what identifies this state of the file."""
    return FileFacts(
        size_bytes=status.st_size,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
        inode=status.st_ino,
        device=status.st_dev,
    )


def open_for_reading(path: bytes, *, expected: FileFacts | None = None) -> int:
    """Open a regular file and return its descriptor; the caller closes it.

    The time of last access stays as it was where the system allows that (own files, or root).

    Args:
        path: Absolute, exact bytes; may be longer than the system takes in one call.
        expected: What the walk saw; another file, or another state of it, is refused.

    Raises:
        UnreadableError: Not there, not allowed, not a regular file, or changed meanwhile.
    """
    try:
        descriptor = _open_quietly(path, _READ_FLAGS)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("it is not a regular file")
        if expected is not None and not _is_same(expected, facts_of(status)):
            raise UnreadableError("the file changed after it was listed")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def list_names(folder: bytes) -> list[bytes]:
    """List the names in a folder, in the order of their bytes.

    Raises:
        UnreadableError: Not there, not allowed, or not a folder.
    """
    try:
        descriptor = _open_quietly(folder, _FOLDER_FLAGS)
        try:
            # A descriptor makes listdir return text; surrogates carry the exact bytes.
            return sorted(os.fsencode(name) for name in os.listdir(descriptor))
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from error


def read_status(path: bytes) -> os.stat_result:
    """Read a path's own status; a link's, not its target's.

    Raises:
        UnreadableError: Not there, or not allowed.
    """
    try:
        if len(path) < _PATH_PIECE_BYTES:
            return os.lstat(path)
        folder, _, name = path.rpartition(b"/")
        descriptor = _open_piecewise(folder, _FOLDER_FLAGS)
        try:
            return os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError | ValueError) -> UnreadableError:
    if isinstance(error, OSError):
        return explain_os_error(error)
    return UnreadableError("the path holds a zero byte")


def _open_quietly(path: bytes, flags: int) -> int:
    try:
        return _open_piecewise(path, flags | os.O_NOATIME)
    except PermissionError as error:
        if error.errno != errno.EPERM:
            raise
        return _open_piecewise(path, flags)


def _open_piecewise(path: bytes, flags: int) -> int:
    if len(path) < _PATH_PIECE_BYTES:
        return os.open(path, flags)
    folder, rest = None, path
    try:
        while len(rest) >= _PATH_PIECE_BYTES:
            cut = rest.rindex(b"/", 0, _PATH_PIECE_BYTES)
            piece, rest = rest[:cut] or b"/", rest[cut + 1 :]
            step = os.open(piece, _FOLDER_FLAGS, dir_fd=folder)
            if folder is not None:
                os.close(folder)
            folder = step
        return os.open(rest, flags, dir_fd=folder)
    finally:
        if folder is not None:
            os.close(folder)


def _is_same(expected: FileFacts, found: FileFacts) -> bool:
    pairs = (
        (expected.size_bytes, found.size_bytes),
        (expected.mtime_ns, found.mtime_ns),
        (expected.ctime_ns, found.ctime_ns),
        (expected.inode, found.inode),
        (expected.device, found.device),
    )
    return all(stated is None or stated == actual for stated, actual in pairs)
