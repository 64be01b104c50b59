"""The plan of a collection: which scenes, seen by which camera, and what becomes of each.

Everything here follows from the seed and the number of files; nothing is drawn yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from examples.camera import Camera, Shot, file_stem, read_cameras
from examples.coding import CODINGS
from examples.copies import CHANGES
from examples.names import copy_name, platform_name
from examples.platform_copy import PLATFORMS
from examples.scene import THEMES

SCENES_PER_FILE = 0.24
LISTED_EVERY = 3
"""List A knows every third scene."""

ODD_FILES = 95
"""About how many files are made once, whatever the size: names, archives, damage, documents."""

SEA: tuple[tuple[float, float], ...] = (
    (56.42, 3.18), (47.85, -20.37), (-32.51, -11.94), (12.07, -139.6), (38.2, 5.61),
)  # fmt: skip
"""Points in open water around which the cameras were carried."""

FIRST_SHOT = datetime(2025, 3, 1, 8, 0)  # noqa: DTZ001 - a camera's clock has no zone
DAYS = 560


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """One copy that will be made of a scene's picture; ``path`` is relative."""

    kind: str
    variant: str
    source: str
    path: bytes


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """One scene, the shot of it, and its copies.

    Args:
        attempt: Counts up when a scene came out too much like another.
        is_listed: List A knows it.
        is_present: The original lies in the collection; else only copies do.
        has_listed_pdq: List A carries its PDQ too.
        listed_elsewhere: Another list that knows it: ``List B`` or ``List C``.
        frames: Pictures in its burst, 1 for none.
        thumbnail: ``none``, ``own`` or ``before-edit``.
    """

    index: int
    seed: int
    theme: str
    camera: str
    source: str
    shot: Shot
    path: bytes
    attempt: int = 0
    is_listed: bool = False
    is_present: bool = True
    has_listed_pdq: bool = False
    listed_elsewhere: str | None = None
    frames: int = 1
    thumbnail: str = "none"
    copies: tuple[CopyPlan, ...] = field(default=())


def plan_scenes(files: int, seed: int) -> list[ScenePlan]:
    """Lay out all scenes and their copies."""
    rng = np.random.default_rng((seed, files, 0x91A2))
    count = max(12, round(files * SCENES_PER_FILE))
    keys = [_pick_camera(rng, index) for index in range(count)]
    shots = _plan_shots(rng, keys)
    scenes = [_plan_scene(rng, seed, index, keys[index], shots[index], count)
              for index in range(count)]  # fmt: skip
    made = sum(scene.frames for scene in scenes if scene.is_present)
    return _deal_copies(rng, scenes, max(12, files - made - ODD_FILES))


def _pick_camera(rng: np.random.Generator, index: int) -> str:
    keys = list(read_cameras())
    return keys[index % len(keys)] if index < len(keys) else str(rng.choice(keys))


def _plan_shots(rng: np.random.Generator, keys: list[str]) -> list[Shot]:
    minutes = np.sort(rng.integers(0, DAYS * 24 * 60 // 4, len(keys))) * 4
    counters: dict[str, int] = {}
    shots = []
    for key, minute in zip(keys, rng.permutation(minutes), strict=True):
        camera = read_cameras()[key]
        counters[key] = counters.get(key, 100) + int(rng.integers(8, 30))
        taken = FIRST_SHOT + timedelta(minutes=int(minute), seconds=int(rng.integers(0, 60)))
        spot = SEA[int(rng.integers(len(SEA)))]
        place = None
        if camera.has_place and rng.random() < 0.7:
            place = (spot[0] + rng.normal(0, 0.01), spot[1] + rng.normal(0, 0.01))
        turned = bool(camera.turns and rng.random() < 0.3)
        shots.append(Shot(taken, place, turned, counters[key]))
    return shots


def _plan_scene(
    rng: np.random.Generator, seed: int, index: int, key: str, shot: Shot, count: int
) -> ScenePlan:
    camera = read_cameras()[key]
    source = str(rng.choice(camera.home))
    is_listed = index % LISTED_EVERY == 0
    role = index // LISTED_EVERY % 4
    is_present = not (is_listed and role in (2, 3))
    elsewhere = None
    if is_listed and role == 3:
        elsewhere = "List C"
    elif not is_listed and index % 19 == 1:
        elsewhere = "List B"
    thumbnail = "none"
    if camera.thumbnail and is_present and rng.random() < min(0.4, 60 / count):
        thumbnail = "own" if is_listed or elsewhere or rng.random() < 0.7 else "before-edit"
    frames = int(rng.integers(3, 6)) if index % 12 in (5, 9) and is_present else 1
    return ScenePlan(
        index, seed, list(THEMES)[index % len(THEMES)], key, source, shot,
        _original_path(camera, source, shot, index),
        is_listed=is_listed, is_present=is_present, has_listed_pdq=is_listed and role in (1, 2),
        listed_elsewhere=elsewhere, frames=1 if thumbnail == "before-edit" else frames,
        thumbnail=thumbnail,
    )  # fmt: skip


def _original_path(camera: Camera, source: str, shot: Shot, index: int) -> bytes:
    stem = file_stem(camera, shot)
    if source == "phone":
        folder = f"phone/DCIM/{100 + index // 1000}{camera.key.upper():_<5.5}"
    else:
        folder = f"laptop/Pictures/{shot.taken:%Y}/{shot.taken:%m} {camera.key}"
    return f"{folder}/{stem}.{'jpg' if camera.style == 'dated' else 'JPG'}".encode()


def _deal_copies(rng: np.random.Generator, scenes: list[ScenePlan], wanted: int) -> list[ScenePlan]:
    """Deal copies out so that every sort falls on listed and unlisted scenes alike."""
    fair = [scene for scene in scenes if scene.thumbnail != "before-edit"]
    pools = (
        [scene.index for scene in fair if scene.is_listed],
        [scene.index for scene in fair if not scene.is_listed and not scene.listed_elsewhere],
        [scene.index for scene in fair if scene.listed_elsewhere == "List B"],
    )
    present = [[index for index in pool if scenes[index].is_present] for pool in pools]
    dealt: dict[int, list[CopyPlan]] = {}
    for number, (kind, variant, nth) in enumerate(_deck(wanted)):
        turn = 2 if number % 11 == 7 and pools[2] else nth % 2
        pool = present[turn] if kind in ("exact-copy", "edited") else pools[turn]
        scene = scenes[int(rng.choice(pool))]
        dealt.setdefault(scene.index, []).append(_plan_copy(rng, scene, kind, variant, number))
    return [replace(scene, copies=tuple(dealt.get(scene.index, ()))) for scene in scenes]


def _shares() -> dict[str, tuple[tuple[str, ...], float]]:
    """Name the copies of each kind: their variants, and how many of each among 600 files."""
    codings = tuple(name for name, coding in CODINGS.items() if not coding.missing())
    return {
        "near-copy": (tuple(CHANGES), 9),
        "coding": (codings, 6),
        "platform": (tuple(PLATFORMS), 8),
        "exact-copy": (("",), 40),
        "edited": (("",), 12),
    }


def _deck(wanted: int) -> list[tuple[str, str, int]]:
    """List the copies to make: kind, variant, and how many of that sort came before."""
    sorts = [(kind, name, share) for kind, (names, share) in _shares().items() for name in names]
    total = sum(share for _, _, share in sorts)
    return [
        (kind, name, nth)
        for kind, name, share in sorts
        for nth in range(max(1, round(share * wanted / total)))
    ]


def _plan_copy(
    rng: np.random.Generator, scene: ScenePlan, kind: str, variant: str, number: int
) -> CopyPlan:
    keeps_camera = kind in ("exact-copy", "edited") or variant == "heic"
    homes = read_cameras()[scene.camera].home if keeps_camera else ["laptop", "phone"]
    source = str(rng.choice(homes))
    if kind == "platform":
        name = platform_name(rng, variant, scene.shot.taken, number)
        folder = {"laptop": "Downloads", "phone": "Messenger/Media/Images"}[source]
    else:
        name = copy_name(rng, kind, variant, scene.path, number)
        folder = str(rng.choice(FOLDERS[source]))
    return CopyPlan(kind, variant, source, f"{source}/{folder}/{name}".encode())


FOLDERS: dict[str, tuple[str, ...]] = {
    "laptop": ("Downloads", "Desktop/New folder", "Pictures/sorted/a", "Documents/misc"),
    "phone": ("Download", "Pictures/Saved", "Android/media/cache"),
}
