"""Everything that can go wrong, in one tree.

    FirstlightError
      UsageError                 the request is wrong
        SettingError               a setting has a value that cannot be used
        UnknownNameError           no such case, list, child or media
        HomeMissingError           the home folder has not been initialised
        KeyMissingError            the key of this home is not to be had here
        KeyWrongError              a key or passphrase does not open this home
        ProfileError               the home's profile does not allow this
      InputError                 one item is bad: record it, go on
        UnreadableError            the source would not give the bytes
        NotOpenedError             a kind of container that is not opened yet
        EncryptedError             the content is locked, and no password of the unit opens it
        DecodeError                the content does not decode
        TruncatedError             the content ends too early
        LimitError                 a documented bound was exceeded
        WorkerLostError            the isolated worker crashed, hung or ran out of memory
        ListRowError               one row of a list cannot be used
        ListDuplicateError         one row of a list repeats an earlier one
        ListFormatError            a list file is not of a known form
      IntegrityError             stop at once
        ChainBrokenError           the custody log is not a chain
        StoreAlteredError          a record differs from what its event attests
        SealBrokenError            sealed content was altered, or belongs elsewhere
        SignatureError             a signature is not by the key that it names
        BackupDamagedError         a backup is not as it was written
      PolicyError                refused, and the refusal is logged
        CaseHeldError              the case is on legal hold: nothing of it is erased
        CaseErasedError            the case was erased: its contents cannot be read
      ConflictError              somebody changed it first
        HomeBusyError              another process is writing to this home
      PartnerError               the other side
      StoreError                 the database
        StoreVersionError          the store is of another version
      InternalError              a broken invariant: our bug
        FingerprintShapeError      an array has the wrong shape or dtype

Messages are safe to log: they hold no path, name or text of a source. What only the
authorised may read goes into ``detail``.
"""

from __future__ import annotations


class FirstlightError(Exception):
    """Base of all errors that Firstlight raises on purpose.

    Args:
        message: Safe to log; no path, name or text of a source.
        detail: What only the authorised may read.
    """

    code = "error"
    exit_code = 1
    retryable = False

    def __init__(self, message: str, *, detail: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class UsageError(FirstlightError):
    """The request is wrong."""

    code = "usage"
    exit_code = 2


class SettingError(UsageError):
    """A setting has a value that cannot be used."""

    code = "setting-invalid"


class UnknownNameError(UsageError):
    """No such case, list, child or media."""

    code = "unknown-name"


class HomeMissingError(UsageError):
    """The home folder has not been initialised."""

    code = "home-missing"


class KeyMissingError(UsageError):
    """The key of this home is not to be had here."""

    code = "key-missing"


class KeyWrongError(UsageError):
    """A key or passphrase does not open this home."""

    code = "key-wrong"


class ProfileError(UsageError):
    """The home's profile does not allow this."""

    code = "profile"


class InputError(FirstlightError):
    """One item is bad: record it, go on."""

    code = "input"
    exit_code = 3


class UnreadableError(InputError):
    """The source would not give the bytes."""

    code = "unreadable"
    retryable = True


class NotOpenedError(InputError):
    """A kind of container that is not opened yet."""

    code = "not-opened"


class EncryptedError(InputError):
    """The content is locked, and no password of the unit opens it."""

    code = "encrypted"


class DecodeError(InputError):
    """The content does not decode."""

    code = "decode-failed"


class TruncatedError(InputError):
    """The content ends too early; what was there has been read."""

    code = "truncated"


class LimitError(InputError):
    """A documented bound was exceeded."""

    code = "limit-exceeded"


class WorkerLostError(InputError):
    """The isolated worker crashed, hung or ran out of memory on this item."""

    code = "worker-lost"
    retryable = True


class ListRowError(InputError):
    """One row of a list cannot be used."""

    code = "list-row"


class ListDuplicateError(InputError):
    """One row of a list says the same as an earlier one."""

    code = "list-duplicate"


class ListFormatError(InputError):
    """A list file is not of a known form."""

    code = "list-format"
    exit_code = 2


class IntegrityError(FirstlightError):
    """Stop at once: what is stored is not what was recorded."""

    code = "integrity"
    exit_code = 5


class ChainBrokenError(IntegrityError):
    """The custody log is not a chain."""

    code = "chain-broken"


class StoreAlteredError(IntegrityError):
    """A record differs from what its event attests."""

    code = "store-altered"


class SealBrokenError(IntegrityError):
    """Sealed content was altered, or belongs elsewhere."""

    code = "seal-broken"


class SignatureError(IntegrityError):
    """A signature is not by the key that it names."""

    code = "signature"


class BackupDamagedError(IntegrityError):
    """A backup is not as it was written."""

    code = "backup-damaged"


class PolicyError(FirstlightError):
    """Refused, and the refusal is logged."""

    code = "refused"
    exit_code = 4


class CaseHeldError(PolicyError):
    """The case is on legal hold: nothing of it is erased."""

    code = "case-held"


class CaseErasedError(PolicyError):
    """The case was erased: its contents cannot be read."""

    code = "case-erased"


class ConflictError(FirstlightError):
    """Somebody changed it first."""

    code = "conflict"
    exit_code = 7
    retryable = True


class HomeBusyError(ConflictError):
    """Another process is writing to this home."""

    code = "home-busy"


class PartnerError(FirstlightError):
    """The other side failed."""

    code = "partner"
    exit_code = 6
    retryable = True


class StoreError(FirstlightError):
    """The database failed."""

    code = "store"
    exit_code = 7


class StoreVersionError(StoreError):
    """The store is of another version."""

    code = "store-version"


class InternalError(FirstlightError):
    """A broken invariant: our bug."""

    code = "internal"


class FingerprintShapeError(InternalError):
    """An array has the wrong shape or dtype."""

    code = "fingerprint-shape"


def every_error() -> list[type[FirstlightError]]:
    """Return every class of the tree, parents first, for the reference page and its test."""
    found: list[type[FirstlightError]] = []
    queue: list[type[FirstlightError]] = [FirstlightError]
    while queue:
        error = queue.pop(0)
        found.append(error)
        queue.extend(error.__subclasses__())
    return found
