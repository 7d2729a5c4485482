# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Settings of live sound."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import platformdirs
from pydantic import Field, SecretStr, field_serializer, field_validator

from analytic.ids import is_identifier
from analytic.settings.section import Section


class ListenSettings(Section):
    """Live sound: which sources the service opens itself, and who may send it sound."""

    sources: Mapping[str, SecretStr] = Field(
        default_factory=lambda: MappingProxyType({}),
        description="Sources to open at the start, by name: `mic:`, `mic:DEVICE`, a file, or an rtsp or http address.",
    )
    tokens: Mapping[str, SecretStr] = Field(
        default_factory=lambda: MappingProxyType({}),
        description="By source, a token that may send sound as it on `/listen/<source>`, and do nothing else.",
    )
    max_sources: int = Field(64, ge=1, le=10_000, description="Live sources at once.")
    workers: int = Field(1, ge=1, le=64, description="Threads that analyse live sound.")
    backlog_s: float = Field(
        5.0, ge=1, le=60, description="Sound that may wait to be analysed, a source; the oldest beyond is left out."
    )
    lost_after_s: float = Field(
        10.0, ge=1, le=3600, description="How long after its last sound a source counts as lost."
    )
    state_dir: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("hearken") / "sources",
        description="Folder of what outlives a restart: cool-downs, and what is usual at each source. No sound.",
    )

    @field_validator("sources", "tokens")
    @classmethod
    def _named(cls, table: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in table:
            if not is_identifier(name):
                raise ValueError(f"{name!r}: a source's name has 1 to 64 characters of A-Z a-z 0-9 . _ -")
        return MappingProxyType(dict(table))

    @field_serializer("sources", "tokens")
    def _plain(self, table: Mapping[str, Any]) -> dict[str, Any]:
        return dict(table)
