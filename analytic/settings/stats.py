# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Settings of statistics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import platformdirs
from pydantic import Field, SecretStr, field_serializer, field_validator, model_validator

from analytic.access import OWNER
from analytic.ids import is_identifier
from analytic.settings.section import Section

_LEAST, _MOST = Decimal("0.001"), Decimal(10)


class StatsSettings(Section):
    """Statistics for those who must not know of single alarms: noisy counts, and how much they may learn."""

    tokens: Mapping[str, SecretStr] = Field(
        default_factory=lambda: MappingProxyType({}),
        description="By requestor, a token that may ask for `/stats/daily`, and do nothing else.",
    )
    epsilon: Decimal = Field(
        Decimal("0.5"), ge=_LEAST, le=_MOST, decimal_places=3, description="What a release costs where nobody says."
    )
    requestor_cap: Decimal = Field(
        Decimal(1), ge=_LEAST, le=_MOST, decimal_places=3, description="Epsilon a requestor may spend on one day."
    )
    home_cap: Decimal = Field(
        Decimal(1),
        ge=_LEAST,
        le=_MOST,
        decimal_places=3,
        description="Epsilon that all requestors together may spend on one day.",
    )
    dir: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("hearken") / "stats",
        description="Folder of the privacy ledger.",
    )

    @field_validator("tokens")
    @classmethod
    def _named(cls, table: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        for name in table:
            if not is_identifier(name) or name == OWNER:
                raise ValueError(f"{name!r}: a name has 1 to 64 characters of A-Z a-z 0-9 . _ -, and is not {OWNER}")
        tokens = [one.get_secret_value() for one in table.values()]
        if not all(re.fullmatch("[!-~]+", token) for token in tokens):
            raise ValueError("a token has visible ASCII characters only, no blanks")
        if len(set(tokens)) < len(tokens):
            raise ValueError("two requestors have the same token")
        return MappingProxyType(dict(table))

    @model_validator(mode="after")
    def _fits(self) -> StatsSettings:
        if self.epsilon > min(self.requestor_cap, self.home_cap):
            raise ValueError("epsilon lies above a cap: nobody would get an answer")
        return self

    @field_serializer("tokens")
    def _plain(self, table: Mapping[str, Any]) -> dict[str, Any]:
        return dict(table)
