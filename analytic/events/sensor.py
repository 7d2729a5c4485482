# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Whether a source hears at all: it is lost, silent, deaf or clipping, or all is well.

- lost: no sound has come for 10 s.
- silent: the samples have not moved for 2 s. A microphone that works has noise.
- deaf: for 60 s the level was below -75 dBFS and stayed within 1.5 dB from second to second: a covered or dead
  microphone. A good one in a quiet room at night may look the same, so this is a hint.
- clipping: a twentieth of the blocks of the last 10 s has clipped samples.

The worst of them is the status, in the order lost, silent, deaf, clipping. It is decided once in each second of sound,
and at each call for lost. A worse status is told at once; a better one when it has lasted for `recovery_s`, and the
limits that end a fault are wider than those that begin it, so that the status does not flap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from analytic.events.level import BLOCK_S, BLOCK_SAMPLES, BLOCKS_A_SECOND, FLOOR_DBFS, Levels

Status = Literal["ok", "silent", "clipping", "deaf", "lost"]

GRAVITY: Mapping[Status, int] = {"ok": 0, "lost": 0, "clipping": 1, "deaf": 2, "silent": 3}
"""What may take over at once from what. Lost yields to all: where a second of sound is judged, it is over."""

DEAF_MARGIN_DB = 3.0


@dataclass(frozen=True, slots=True)
class SensorSettings:
    """When a source is unwell.

    Attributes
    ----------
    lost_s
        Age of the last sound beyond which the source is lost.
    silent_s
        How long the samples do not move.
    deaf_dbfs, deaf_spread_db, deaf_s
        Each whole second is quieter than this, and all within this range, for so many seconds.
    clipped_share, clipped_s
        Share of blocks with clipped samples, 0..1, among those of the last whole seconds, so many.
    recovery_s
        Whole seconds for which a fault must be gone.
    """

    lost_s: float = 10.0
    silent_s: float = 2.0
    deaf_dbfs: float = -75.0
    deaf_spread_db: float = 1.5
    deaf_s: int = 60
    clipped_share: float = 0.05
    clipped_s: int = 10
    recovery_s: int = 5


DEFAULT = SensorSettings()


@dataclass(frozen=True, slots=True)
class SensorReport:
    """How a source is.

    Attributes
    ----------
    status
        ``ok``, ``silent``, ``clipping``, ``deaf`` or ``lost``.
    since_s
        Since when, by the caller's clock.
    last_audio_age_s
        How long ago the last sound came, seconds.
    level_dbfs
        RMS level of the last whole second; None where there is none.
    clipped_share
        Share of blocks with clipped samples in the last 10 s, 0..1.
    """

    status: Status
    since_s: float
    last_audio_age_s: float
    level_dbfs: float | None
    clipped_share: float


@dataclass(frozen=True, slots=True)
class Second:
    """An unfinished second: its blocks, their summed power, and how many of them clip or do not move."""

    blocks: int = 0
    power: float = 0.0
    clipped: int = 0
    still: int = 0


@dataclass(frozen=True, slots=True)
class SensorState:
    """All that a source's past means for its health, bounded in size.

    Attributes
    ----------
    since_s, audio_s
        When the status began, and when the last sound came, by the caller's clock; at the start both are its start.
    status, better_s
        The status, and for how many seconds a better one has been seen.
    still_blocks
        For how many blocks the samples have not moved.
    second
        The unfinished second.
    levels, clipped
        Of the last whole seconds, 60 and 10 at most: the RMS level, dBFS, and the number of clipped blocks.
    """

    since_s: float
    audio_s: float
    status: Status = "ok"
    better_s: int = 0
    still_blocks: int = 0
    second: Second = Second()
    levels: tuple[float, ...] = ()
    clipped: tuple[int, ...] = ()

    @classmethod
    def starting(cls, now_s: float) -> SensorState:
        """Return the state of a source that starts now: well, unless no sound comes."""
        return cls(since_s=now_s, audio_s=now_s)

    def to_json(self) -> dict[str, Any]:
        """Return the state as a dictionary of JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> SensorState:
        """Return the state that `to_json` stored."""
        lists = {name: tuple(stored[name]) for name in ("levels", "clipped")}
        return cls(**{**stored, **lists, "second": Second(**stored["second"])})

    def report(self, now_s: float, settings: SensorSettings = DEFAULT) -> SensorReport:
        """Return how the source is at this time, as far as `step` has told."""
        return SensorReport(
            status=self.status,
            since_s=self.since_s,
            last_audio_age_s=max(0.0, now_s - self.audio_s),
            level_dbfs=self.levels[-1] if self.levels else None,
            clipped_share=sum(self.clipped) / (settings.clipped_s * BLOCKS_A_SECOND),
        )


def step(
    state: SensorState, levels: Levels | None, now_s: float, settings: SensorSettings = DEFAULT
) -> tuple[SensorState, tuple[SensorReport, ...]]:
    """Take in what has been heard since the last call; to be called without sound too, so that a loss is noticed.

    Parameters
    ----------
    state
        What the last call returned; `SensorState.starting` at the start.
    levels
        The blocks, the last of which has just ended; None where no sound has come.
    now_s
        The time, seconds, on a clock that does not go back.
    settings
        The same ones for the whole stream.

    Returns
    -------
    state
        To go on with.
    reports
        One for each change of status, in order of time; mostly none.
    """
    tracks = () if levels is None else (levels.rms_dbfs, levels.clipped, levels.constant)
    rows = list(zip(*(track.tolist() for track in tracks), strict=True))
    after = _waited(state, now_s - len(rows) * BLOCK_S, settings)
    reports = [after.report(after.since_s, settings)] if after.status != state.status else []
    for left, (rms_dbfs, clipped, constant) in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
        is_still = rms_dbfs <= FLOOR_DBFS and constant == BLOCK_SAMPLES
        before, after = after, _heard(after, rms_dbfs, clipped > 0, is_still, now_s - left * BLOCK_S, settings)
        if after.status != before.status:
            reports.append(after.report(after.since_s, settings))
    return after, tuple(reports)


def _waited(state: SensorState, heard_s: float, settings: SensorSettings) -> SensorState:
    """Take in that no sound came until `heard_s`. What was heard before a loss says nothing about what comes after."""
    lost_at_s = state.audio_s + settings.lost_s
    if heard_s <= lost_at_s:
        return state
    return SensorState(state.since_s if state.status == "lost" else lost_at_s, state.audio_s, "lost")


def _heard(
    state: SensorState, rms_dbfs: float, is_clipped: bool, is_still: bool, ended_s: float, settings: SensorSettings
) -> SensorState:
    second = Second(
        blocks=state.second.blocks + 1,
        power=state.second.power + 10 ** (rms_dbfs / 10),
        clipped=state.second.clipped + is_clipped,
        still=state.second.still + is_still,
    )
    still_blocks = state.still_blocks + 1 if is_still else 0
    heard = replace(state, audio_s=ended_s, still_blocks=still_blocks, second=second)
    return heard if second.blocks < BLOCKS_A_SECOND else _judged(heard, settings)


def _judged(state: SensorState, settings: SensorSettings) -> SensorState:
    """Close the second and decide on the status."""
    level_dbfs = 10 * math.log10(state.second.power / BLOCKS_A_SECOND)
    levels = (*state.levels, level_dbfs)[-settings.deaf_s :]
    clipped = (*state.clipped, state.second.clipped)[-settings.clipped_s :]
    closed = replace(state, second=Second(), levels=levels, clipped=clipped)
    shown = _shown(closed, state.second.still > 0, settings)
    if shown == state.status:
        return replace(closed, better_s=0)
    if GRAVITY[shown] > GRAVITY[state.status] or state.better_s + 1 >= settings.recovery_s:
        return replace(closed, status=shown, since_s=state.audio_s, better_s=0)
    return replace(closed, better_s=state.better_s + 1)


def _shown(state: SensorState, was_still: bool, settings: SensorSettings) -> Status:
    """Return the gravest fault that the sound shows; the limits are wider for the one that is the status already."""
    if state.still_blocks >= round(settings.silent_s / BLOCK_S) or (state.status == "silent" and was_still):
        return "silent"
    margin_db, factor = (DEAF_MARGIN_DB, 2.0) if state.status == "deaf" else (0.0, 1.0)
    loudest, quietest = max(state.levels), min(state.levels)
    is_narrow = len(state.levels) == settings.deaf_s and loudest - quietest < settings.deaf_spread_db * factor
    if is_narrow and loudest < settings.deaf_dbfs + margin_db:
        return "deaf"
    needed = settings.clipped_share * (0.5 if state.status == "clipping" else 1.0)
    return "clipping" if sum(state.clipped) >= needed * settings.clipped_s * BLOCKS_A_SECOND else "ok"
