# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``POST /analyze/surges``: a clip split at its silences, and what suddenly stands out in it, each with its classes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analytic.api.parameters import start_time
from analytic.api.predict import METHOD_NONE, UPLOAD, listed, surge_figures
from analytic.audio.clip import Clip
from analytic.audio.decode import AudioLimits
from analytic.audio.excerpt import excerpt, to_wav
from analytic.audio.preprocessing.registry import Preprocessing
from analytic.audio.sandbox.decoders import Decoders, Here
from analytic.errors import InvalidParameter
from analytic.events.silence import LEAST_SILENCE_S, silence_level_dbfs, stretches
from analytic.events.surges import Surge
from analytic.events.types import Source
from analytic.pipeline import Analysis, Pipeline, Task

CLASSES = 3
AROUND_S = 0.5
_NUMBER, _WHOLE = re.compile(r"-?[0-9]{1,4}(\.[0-9]{1,3})?"), re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class SurgesRequest:
    """What one request asks, as it came; None where it did not say."""

    method: str | None = None
    start_time: str | None = None
    preprocess: str | None = None
    silence_dbfs: str | None = None
    least_silence_s: str | None = None
    excerpt: str | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The sound around a surge, as a file: what the anonymiser left of it."""

    content: bytes
    file_name: str


class Surges:
    """Answers requests; knows no web framework.

    Parameters
    ----------
    pipeline
        What analyses.
    limits
        What sound is accepted.
    decoders
        Decode.
    """

    def __init__(self, pipeline: Pipeline, limits: AudioLimits, decoders: Decoders | None = None) -> None:
        self._pipeline = pipeline
        self._limits = limits
        self._decoders = decoders or Here()

    def find(self, request: SurgesRequest, audio: Callable[[], bytes]) -> dict[str, Any] | Excerpt:
        """Find what stands out in a clip; with `excerpt`, return the sound around that one.

        Raises
        ------
        BadRequest, BadAudio
            What is wrong with the request, or with its sound.
        """
        method = request.method or METHOD_NONE
        self._pipeline.anonymizer(method)
        preprocessing = Preprocessing.of(request.preprocess or "")
        silence_dbfs = _number("silence_dbfs", request.silence_dbfs, -120.0, 0.0, "dBFS")
        least_silence_s = _number("least_silence_s", request.least_silence_s, 0.05, 60.0, "s") or LEAST_SILENCE_S
        wanted = _number("excerpt", request.excerpt, 1, 9999, "the number of a surge", _WHOLE)
        start_s = start_time(request.start_time)
        decoded = self._decoders.decode(audio(), self._limits)
        task = Task(method, Source(UPLOAD), surges=True, preprocess=preprocessing if preprocessing.names else None)
        analysis = self._pipeline.analyse(decoded.clip.starting_at(start_s), task)
        found = [surge for surge, _ in analysis.surges()]
        if wanted is not None:
            return _excerpt(analysis.heard, found, int(wanted))
        levels = analysis.levels.rms_dbfs if analysis.levels is not None else None
        parts = stretches(levels, silence_dbfs, least_silence_s, analysis.start_s) if levels is not None else []
        return {
            "status": "ok",
            "surges": [self._surge(analysis, number, surge) for number, surge in enumerate(found, 1)],
            "parts": [
                {
                    "onset_s": round(part.onset_s, 3),
                    "offset_s": round(part.offset_s, 3),
                    "duration_s": round(part.offset_s - part.onset_s, 3),
                    "rms_dbfs": round(part.rms_dbfs, 1),
                    "peak_dbfs": round(part.peak_dbfs, 1),
                    "predictions": listed(analysis.between(part.onset_s, part.offset_s, CLASSES)),
                }
                for part in parts
            ],
            "silence_dbfs": round(_level(silence_dbfs, analysis), 1),
            "alerts": list(analysis.alerts),
            "duration_s": round(analysis.duration_s, 4),
            "method": method,
            "preprocessing": list(preprocessing.names),
            "model": {"name": analysis.card.name, "version": analysis.card.version},
            "warnings": [*decoded.warnings, *analysis.warnings],
        }

    def _surge(self, analysis: Analysis, number: int, surge: Surge) -> dict[str, Any]:
        alarms = [
            alarm["event_class"]
            for alarm in analysis.alerts
            if alarm["onset_s"] < surge.offset_s + AROUND_S
            and (alarm["offset_s"] is None or alarm["offset_s"] > surge.onset_s - AROUND_S)
        ]
        return {
            "number": number,
            "duration_s": round(surge.offset_s - surge.onset_s, 3),
            **surge_figures(surge),
            "alert_classes": list(dict.fromkeys(alarms)),
            "predictions": listed(analysis.between(surge.onset_s - AROUND_S, surge.offset_s + AROUND_S, CLASSES)),
        }


def _level(silence_dbfs: float | None, analysis: Analysis) -> float:
    if silence_dbfs is not None or analysis.levels is None:
        return silence_dbfs or 0.0
    return silence_level_dbfs(analysis.levels.rms_dbfs)


def _excerpt(heard: Clip, found: list[Surge], number: int) -> Excerpt:
    if not number <= len(found):
        raise InvalidParameter("excerpt", f"the number of one of {len(found)} surges", str(number))
    surge = found[number - 1]
    piece = excerpt(heard, surge.onset_s - AROUND_S, surge.offset_s + AROUND_S)
    return Excerpt(to_wav(piece), f"surge-{number}.wav")


def _number(
    name: str, text: str | None, least: float, most: float, unit: str, form: re.Pattern[str] = _NUMBER
) -> float | None:
    if text is None or text == "":
        return None
    if not form.fullmatch(text) or not least <= float(text) <= most:
        raise InvalidParameter(name, f"{least:g} to {most:g} ({unit})", text)
    return float(text)
