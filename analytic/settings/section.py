# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What every section of the settings is: frozen, and without keys that nobody knows."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from analytic.errors import BadSettings


class Section(BaseModel):
    """One section."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def read_secret(path: Path, setting: str) -> str:
    """Return the secret that a file holds, without the blanks around it.

    Raises
    ------
    BadSettings
        The file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{setting} {path} cannot be read: {error}") from error
