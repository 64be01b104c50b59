"""Cameras: by maker, model and body serial, across sources and cases."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from firstlight.link.feature import Feature
from firstlight.model.facts import CameraElsewhere, MediaFacts

TEXT_CHARS_MAX = 200
"""Of a maker or model no more is compared: normalising hostile text must not cost minutes."""

SERIAL_CHARS_MAX = 128
"""What is longer than this is no serial."""

_REPEATED_WORDS_MAX = 4


@dataclass(frozen=True, slots=True, order=True)
class CameraKey:
    """A camera in normal form.

    Args:
        device: Maker and model in one form.
        body_serial: Empty when there is none, or only a placeholder.
    """

    device: str
    body_serial: str = ""

    @property
    def has_serial(self) -> bool:
        """Whether this key may link: a serial of one body beside a model."""
        return bool(self.body_serial)


@dataclass(frozen=True, slots=True)
class Camera:
    """The media that state one camera.

    Args:
        label: Maker, model and serial, one spelling as found; the maker is named once.
        media_ids: Sorted.
        source_ids: Sources in which they were seen, sorted.
        lens_serials: In normal form, sorted.
        elsewhere: The same camera in other cases; filled only when the key has a serial.
    """

    key: CameraKey
    label: str
    media_ids: tuple[str, ...]
    source_ids: tuple[int, ...]
    lens_serials: tuple[str, ...] = ()
    elsewhere: tuple[CameraElsewhere, ...] = ()


def camera_key(maker: str | None, model: str | None, serial: str | None) -> CameraKey | None:
    """Bring maker, model and serial into the form in which they are compared.

    Case, blanks, a company's suffix and the maker repeated in the model make no difference.
    A placeholder serial is no serial, and a serial without a model links nothing.

    Returns None when neither maker nor model is stated.
    """
    device = device_name(maker, model)
    if not device:
        return None
    return CameraKey(device, serial_number(serial) if model and model.strip() else "")


def device_name(maker: str | None, model: str | None) -> str:
    """Join maker and model in normal form; empty when both are missing."""
    rules = _rules()
    maker_words = [w for w in _plain(maker).split() if w not in rules.company_words]
    if not maker_words:
        maker_words = _plain(maker).split()
    model_words = _plain(model).split()
    while model_words and model_words[0] in maker_words:
        del model_words[0]
    return " ".join((*maker_words, *model_words))


def name_camera(maker: str | None, model: str | None, serial: str | None = None) -> str:
    """Name a camera for people, as found, but with no word of the maker twice.

    A model that begins as its maker does stands alone: ``NIKON D70`` by ``NIKON CORPORATION``.
    """
    maker_words, model_words = _plain(maker).split(), _plain(model).split()
    rest = (model or "").strip()
    if len(model_words) > 1 and maker_words[:1] == model_words[:1] != model_words[1:2]:
        maker, maker_words = None, []
    for _ in range(_REPEATED_WORDS_MAX):
        word, _, tail = rest.partition(" ")
        if not rest or _plain(word) not in maker_words:
            break
        rest = tail.strip()
    parts = ((maker or "").strip(), rest, (serial or "").strip())
    return " ".join(part for part in parts if part)


def serial_number(serial: str | None) -> str:
    """Bring a serial into normal form; empty when it is missing or a placeholder."""
    if serial is None or len(serial) > SERIAL_CHARS_MAX:
        return ""
    rules = _rules()
    plain = _plain(serial).replace(" ", "").strip("-_.:#*")
    significant = plain.lstrip("0")
    if len(plain) < rules.serial_chars_min or len(set(plain)) < 2 or not significant:
        return ""
    if plain in rules.placeholder_serials or significant in rules.placeholder_serials:
        return ""
    # Programs pad the same number differently; a rest that is too short stays as it was.
    return significant if len(significant) >= rules.serial_chars_min + 1 else plain


def media_camera(media: MediaFacts) -> CameraKey | None:
    """The camera that a media's metadata states, in normal form."""
    data = media.metadata
    return None if data is None else _key(data.maker, data.model, data.body_serial)


def find_cameras(
    media: Iterable[MediaFacts], elsewhere: Iterable[CameraElsewhere] = ()
) -> tuple[Camera, ...]:
    """Gather media by camera; sorted by key, whatever order things come in.

    Args:
        elsewhere: Cameras of other cases; joined only where a body serial agrees.
    Evidence: Metadata is text that anybody can write. Without a serial, a key names a model
        of which many thousands exist: it never links by itself.
    """
    members: dict[CameraKey, list[MediaFacts]] = {}
    for one in media:
        key = media_camera(one)
        if key is not None:
            members.setdefault(key, []).append(one)
    others: dict[CameraKey, list[CameraElsewhere]] = {}
    for other in elsewhere:
        key = _key(other.maker, other.model, other.body_serial)
        if key is not None and key.has_serial:
            others.setdefault(key, []).append(other)
    return tuple(_camera(key, members[key], others.get(key, [])) for key in sorted(members))


def explain_camera(
    left: tuple[str | None, str | None, str | None],
    right: tuple[str | None, str | None, str | None],
) -> tuple[Feature, ...]:
    """Name what two statements (maker, model, serial) of one camera share, both as found."""
    names = ("maker", "model", "body serial")
    return tuple(
        Feature(name, a or "not stated", b or "not stated")
        for name, a, b in zip(names, left, right, strict=True)
    )


def _camera(key: CameraKey, group: Sequence[MediaFacts], others: list[CameraElsewhere]) -> Camera:
    labels = {
        name_camera(*stated)
        for stated in {
            (m.metadata.maker, m.metadata.model, m.metadata.body_serial if key.has_serial else None)
            for m in group
            if m.metadata
        }
    }
    lenses = {serial_number(m.metadata.lens_serial) for m in group if m.metadata} - {""}
    return Camera(
        key=key,
        label=min(labels),
        media_ids=tuple(sorted(m.media_id for m in group)),
        source_ids=tuple(sorted({s.source_id for m in group for s in m.sightings})),
        lens_serials=tuple(sorted(lenses)),
        elsewhere=tuple(
            sorted(others, key=lambda o: (o.case_name, o.maker or "", o.model or "", o.media_count))
        ),
    )


@dataclass(frozen=True, slots=True)
class _Rules:
    company_words: frozenset[str]
    placeholder_serials: frozenset[str]
    serial_chars_min: int


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    table = tomllib.loads(files(__package__).joinpath("camera.toml").read_text("utf-8"))
    return _Rules(
        frozenset(table["company_words"]),
        frozenset(table["placeholder_serials"]),
        int(table["serial_chars_min"]),
    )


# A case names few cameras many times.
_key = lru_cache(maxsize=4096)(camera_key)


def _plain(text: str | None) -> str:
    """Fold case and width, drop what does not print, blanks to one."""
    if not text:
        return ""
    folded = unicodedata.normalize("NFKC", text[:TEXT_CHARS_MAX]).casefold()
    return " ".join("".join(c if c.isprintable() else " " for c in folded).split())
