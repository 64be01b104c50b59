"""The ports: what adapters implement, so that stages know ports and not each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from firstlight.model.hashlist import HashAlgorithm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Plain = Any
"""None, bool, int, float, str, bytes, or list/dict of these: what may cross to a worker."""


class HashIndex(Protocol):
    """Exact Hamming search over 256-bit codes."""

    def __len__(self) -> int:
        """Number of codes."""
        ...

    def search(
        self, queries: NDArray[np.uint64], radius_bits: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint16]]:
        """Find every stored code within a radius of every query.

        Shapes: queries (q, 4) uint64 big-endian words; result query rows, stored rows
            (k,) int64 sorted by (query, row), distances (k,) uint16 in bits.
        """
        ...


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What an outside program gave back: bytes, never trusted."""

    stdout: bytes
    stderr: bytes
    exit_code: int


class ToolHost(Protocol):
    """Runs outside programs for a worker, under the worker's own limits.

    The content reaches the program as a descriptor of ours; a name from a source never does.
    """

    def has(self, program: str) -> bool:
        """Whether the program (``exiftool``, ``ffmpeg``, ``ffprobe``) can be run here."""
        ...

    def run(
        self,
        program: str,
        arguments: Sequence[str],
        content: bytes | memoryview | int,
        *,
        timeout_s: float,
        output_limit_bytes: int,
    ) -> ToolOutput:
        """Run once. ``{input}`` in an argument becomes the descriptor's path.

        Args:
            content: The bytes, or an open descriptor of a regular file.

        Raises:
            LimitError: Time or output limit exceeded.
            WorkerLostError: The program could not be started or died by a signal.
        """
        ...

    def exiftool(self, content: bytes | memoryview | int, *, timeout_s: float) -> bytes:
        """Ask the long-lived exiftool for all tags of one content, as its JSON output.

        Raises:
            LimitError: No answer in time (the program is replaced).
            WorkerLostError: The program died (it is replaced).
        """
        ...

    def exiftool_version(self) -> str | None:
        """Version of the exiftool in use, None where there is none."""
        ...


class Sealer(Protocol):
    """Seals what belongs to a case under that case's key; AES-256-GCM, one nonce a seal.

    ``case_id`` None means the home's own key: what outlives every case.
    """

    def seal(self, case_id: int | None, context: bytes, plain: bytes) -> bytes:
        """Seal bytes; ``context`` is bound in and must be the same when they are opened.

        Raises:
            CaseErasedError: The case's key was destroyed.
            KeyMissingError: The home is not unlocked.
        """
        ...

    def open(self, case_id: int | None, context: bytes, sealed: bytes) -> bytes:
        """Open what ``seal`` made.

        Raises:
            CaseErasedError: The case's key was destroyed.
            KeyMissingError: The home is not unlocked.
            SealBrokenError: Altered, or sealed for something else.
        """
        ...

    def mac(self, case_id: int | None, use: str, value: bytes) -> bytes:
        """Give the keyed hash (HMAC-SHA256, 32 bytes) of a value, for looking it up.

        Args:
            case_id: None for look-ups across cases.
            use: What is looked up; the same value under another use gives another hash.
        """
        ...

    def add_case(self, case_id: int) -> None:
        """Make a case's key; on disk when this returns; harmless where there is one.

        Raises:
            CaseErasedError: It was destroyed.
        """
        ...

    def has_case(self, case_id: int) -> bool:
        """Whether a case's contents can be opened: its key is there, and was not destroyed."""
        ...

    def erase_case(self, case_id: int) -> None:
        """Destroy a case's key; off the disk when this returns; harmless where there is none."""
        ...


class Signer(Protocol):
    """Signs the heads of the custody log; Ed25519 (RFC 8032), key outside the store."""

    @property
    def public_key(self) -> bytes:
        """The key that verifies, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign; 64 bytes."""
        ...


class LicensedHash(Protocol):
    """A picture hash whose algorithm a unit has under licence (PhotoDNA).

    Lists' values of it are kept as they came; without a library that implements this, nothing
    is computed or compared, and no answer speaks of it.
    """

    algorithm: HashAlgorithm

    def hash_pixels(self, pixels: NDArray[np.uint8]) -> bytes:
        """Hash one decoded picture.

        Shapes: pixels (h, w, 3) uint8 RGB; result 144 bytes for PhotoDNA.
        """
        ...

    def is_match(self, one: bytes, other: bytes) -> bool:
        """Whether two hashes match by the licensor's own rule."""
        ...


class WorkContext(Protocol):
    """What a work function has at hand inside an isolated worker."""

    tools: ToolHost
    settings: Mapping[str, Plain]

    def wants(self, item_key: bytes) -> bool:
        """Whether this item is still to be done (False after a restart when it is done)."""
        ...

    def begin(self, item_key: bytes) -> None:
        """Say that this item now stands trial: a crash or hang from here on is its own."""
        ...

    def tick(self) -> None:
        """Say that work goes on (long reads without a new item)."""
        ...

    def ask(self, question: Plain) -> Plain:
        """Ask the main process and wait for its answer."""
        ...

    def ask_ahead(self, question: Plain) -> Callable[[], Plain]:
        """Ask without waiting; what is returned waits for the answer, and is called once."""
        ...

    def emit(self, item_key: bytes, result: Plain) -> None:
        """Hand over the finished account of an item."""
        ...


WorkFunction = Callable[[Plain, WorkContext], None]


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work: one chunk of items.

    Args:
        task_id: Unique within a run.
        payload: Handed to the work function.
        item_keys: Items known beforehand (an archive's members are not).
    """

    task_id: int
    payload: Plain
    item_keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """An item's account came back."""

    task_id: int
    item_key: bytes
    result: Plain


@dataclass(frozen=True, slots=True)
class Lost:
    """An item cost its worker, alone, twice; ``reason`` says how (crash, time, memory)."""

    task_id: int
    item_key: bytes
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Completed:
    """A task is done: every item of it is finished or lost."""

    task_id: int


EngineEvent = Finished | Lost | Completed


class Engine(Protocol):
    """Where work runs: isolated workers here, or a cluster."""

    def run(
        self,
        function: str,
        tasks: Iterable[Task],
        answer: Callable[[Plain], Plain],
        settings: Mapping[str, Plain],
        readable_roots: Sequence[bytes],
    ) -> Iterator[EngineEvent]:
        """Run tasks through a work function named ``module:function``.

        Args:
            tasks: Drawn lazily, so that a long walk need not be finished first.
            answer: Called in the main process for every ``WorkContext.ask``.
            settings: Handed to the worker as it starts.
            readable_roots: The only places of the source that workers may read.
        """
        ...

    def isolation(self) -> Mapping[str, bool]:
        """Which protections are in force on this machine, by name."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...
