"""Settings: from the environment (``FIRSTLIGHT_...``), with documented defaults."""

from __future__ import annotations

import os
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from firstlight.errors import SettingError


class Settings(BaseSettings):
    """Every setting, its default and its unit; ``docs/reference/settings.md`` explains each.

    The bounds repeat ``model.bounds.Bounds`` field by field (a test holds them equal), since
    the kernel may not read settings; ``app`` copies them over.
    """

    model_config = SettingsConfigDict(env_prefix="FIRSTLIGHT_", extra="ignore", frozen=True)

    home: str | None = None
    reason: str | None = None
    key_file: str | None = None
    passphrase_file: str | None = None
    key_store: str = Field(default="auto", pattern="^(auto|file|passphrase|keyring)$")
    passwords: str | None = None
    original_max_bytes: int = Field(default=1 << 32, ge=1)
    workers: int = Field(default=0, ge=0, le=256)
    strict_pdq: bool = False
    require_isolation: bool = False
    metadata_reader: str = Field(default="auto", pattern="^(auto|exiftool|own|none)$")
    burst_gap_s: float = Field(default=10.0, gt=0)
    recent_days: int = Field(default=730, ge=0)
    log_level: str = Field(default="warning", pattern="^(debug|info|warning|error)$")

    archive_depth_max: int = Field(default=6, ge=1, le=32)
    archive_members_max: int = Field(default=1_000_000, ge=1)
    archive_ratio_max: int = Field(default=400, ge=1)
    archive_total_max_bytes: int = Field(default=1 << 40, ge=1)
    nested_archive_max_bytes: int = Field(default=1 << 29, ge=1)
    member_max_bytes: int = Field(default=1 << 29, ge=1)
    picture_max_bytes: int = Field(default=1 << 29, ge=1)
    picture_max_pixels: int = Field(default=250_000_000, ge=1)
    video_max_s: float = Field(default=4 * 3600.0, gt=0)
    video_frame_interval_s: float = Field(default=1.0, gt=0)
    video_frames_max: int = Field(default=600, ge=1)
    metadata_timeout_s: float = Field(default=20.0, gt=0)
    tool_timeout_s: float = Field(default=120.0, gt=0)
    tag_text_max_chars: int = Field(default=4096, ge=16)
    tags_max: int = Field(default=4000, ge=1)
    item_wall_s: float = Field(default=180.0, gt=0)
    item_cpu_s: float = Field(default=150.0, gt=0)
    worker_memory_bytes: int = Field(default=4 << 30, ge=1 << 30)

    @property
    def worker_count(self) -> int:
        """Workers to run; 0 in the setting means one per processor."""
        return self.workers or max(1, len(os.sched_getaffinity(0)))


def load_settings(**overrides: Any) -> Settings:
    """Read the settings of this process.

    Args:
        overrides: Values from the command line; None leaves the environment's.

    Raises:
        SettingError: A value cannot be used; names the setting.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        names = ", ".join(".".join(str(part) for part in item["loc"]) for item in error.errors())
        bounds = "; ".join(item["msg"] for item in error.errors())
        raise SettingError(f"setting cannot be used: {names}", detail=bounds) from error
