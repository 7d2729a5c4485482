# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The report: all that is told, drawn and kept of one recording. It is made of values; no sound is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = 1


@dataclass(frozen=True, slots=True)
class Sounding:
    """A class was heard from `onset_s` to `offset_s`; `score` is its highest window's, 0..1."""

    onset_s: float
    offset_s: float
    mid: str
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Loudness:
    """A surge, as `analytic.events.surges` finds them, with the class that scored highest around its peak."""

    onset_s: float
    offset_s: float
    peak_s: float
    peak_dbfs: float
    background_dbfs: float
    prominence_db: float
    attack_s: float
    mid: str
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Scored:
    """A class with its probability in the whole recording, 0..1."""

    mid: str
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class LevelTrack:
    """How loud it was, in neighbouring steps of one length.

    Attributes
    ----------
    step_s
        Length of a step in seconds.
    rms_dbfs, peak_dbfs
        Of each step, dB relative to full scale, -120 or more; as many of one as of the other.
    """

    step_s: float
    rms_dbfs: tuple[float, ...]
    peak_dbfs: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """What a picture shows of the spectrum. It is never kept on disk: the finer it is, the more it tells of words.

    Attributes
    ----------
    step_s
        Length of a column in seconds, 0.125 or more.
    centres_hz
        Centre frequencies of the mel bands, shape (bands,), rising.
    power_db
        float32, shape (bands, columns): power in dB, 0 for a sine of full scale, -120 or more.
    """

    step_s: float
    centres_hz: NDArray[np.float64]
    power_db: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Report:
    """What was heard in one recording.

    Attributes
    ----------
    id
        Of the job, or the analysis, that made it.
    title
        What the recording is called: a file's name, an address without its secrets.
    created
        RFC 3339, UTC.
    duration_s
        Seconds analysed.
    model, model_version
        The tagger.
    method, mode
        The anonymiser, and where: ``server`` or ``client``.
    preprocessing
        What was done to the sound before it was tagged, in order; empty by default.
    settings
        What else was set, for people: name and value.
    container, encoding, sample_rate_hz, channels
        What the recording was.
    alarms
        The alarms, each the last message of its event, by onset.
    heard
        What was heard when, of all 527 classes, by onset.
    surges
        Where it was suddenly loud, by onset.
    classes
        The highest classes of the whole recording, highest first.
    levels
        How loud it was.
    difficulties
        What made it hard to hear: low level, clipping, much at once, noise; a sentence each, with its figure.
    warnings
        What else must be known.
    spectrogram
        For the picture; None once the report has been kept.
    """

    id: str
    title: str
    created: str
    duration_s: float
    model: str
    model_version: str
    method: str = "none"
    mode: str = "server"
    preprocessing: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    container: str = ""
    encoding: str = ""
    sample_rate_hz: int = 0
    channels: int = 0
    alarms: tuple[Mapping[str, Any], ...] = ()
    heard: tuple[Sounding, ...] = ()
    surges: tuple[Loudness, ...] = ()
    classes: tuple[Scored, ...] = ()
    levels: LevelTrack = field(default_factory=lambda: LevelTrack(1.0, (), ()))
    difficulties: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    spectrogram: Spectrogram | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values, without its spectrogram."""
        return {"version": VERSION, **asdict(replace(self, spectrogram=None))}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Report:
        """Return the report that `to_json` gave.

        Raises
        ------
        KeyError, TypeError
            It is none.
        """
        found = {name: value for name, value in stored.items() if name != "version"}
        levels = found["levels"]
        kinds = {"heard": Sounding, "surges": Loudness, "classes": Scored}
        more = {name: tuple(kind(**one) for one in found[name]) for name, kind in kinds.items()}
        texts = {name: tuple(found[name]) for name in ("preprocessing", "alarms", "difficulties", "warnings")}
        track = LevelTrack(levels["step_s"], tuple(levels["rms_dbfs"]), tuple(levels["peak_dbfs"]))
        return cls(**{**found, **more, **texts, "levels": track})
