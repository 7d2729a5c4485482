# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Settings of long recordings: jobs, and what may be fetched by address."""

from __future__ import annotations

from pathlib import Path

import platformdirs
from pydantic import Field

from analytic.settings.section import Section


class JobsSettings(Section):
    """Long recordings, heard in the background."""

    dir: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("hearken") / "jobs",
        description="Folder of jobs and reports; no sound is in it.",
    )
    workers: int = Field(1, ge=1, le=64, description="Recordings heard at once.")
    max_waiting: int = Field(
        16, ge=1, le=10_000, description="Recordings that may wait; further ones are answered 503."
    )
    max_held_bytes: int = Field(256 << 20, ge=1024, description="Bytes of uploads held in memory for their jobs.")
    max_duration_s: float = Field(8 * 3600.0, gt=0, le=48 * 3600, description="Longest recording in seconds.")
    kept_days: float = Field(30.0, gt=0, description="How long reports are kept, in days.")
    max_kept: int = Field(500, ge=1, description="Reports kept; the oldest go first.")


class FetchSettings(Section):
    """Recordings by address: `POST /analyze/url`."""

    enabled: bool = Field(False, description="Fetch what an address names, for whoever may use the REST API.")
    allowed: tuple[str, ...] = Field(
        (), description="What may be fetched from although it is not public: `HOST:PORT` or `NETWORK:PORT`."
    )
    max_bytes: int = Field(8 << 30, ge=1024, description="Most bytes of one recording.")
    read_s: float = Field(20.0, gt=0, description="Seconds without a byte after which a fetch is given up.")
    total_s: float = Field(6 * 3600.0, gt=0, description="Seconds that one fetch may take in all.")
