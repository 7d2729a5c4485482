# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``POST /model/predict``: sound in; top five, alarms and what was done to the sound out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from analytic.api.parameters import flag, identifier, label_filter, start_time
from analytic.audio.clip import Clip
from analytic.audio.decode import AudioLimits
from analytic.audio.preprocessing.registry import Preprocessing
from analytic.audio.sandbox.decoders import Decoders, Here
from analytic.errors import AudioTooLong, BadFeatures, InvalidParameter
from analytic.events.surges import Surge
from analytic.events.types import Requestor, Source
from analytic.pipeline import Analysis, Pipeline, Prediction, Task
from model.labels import labels

METHOD_NONE = "none"
FEATURES = "band_energy"

Sound = tuple[Clip, tuple[str, ...]]
"""A clip, and what the caller must know of how it was read."""
UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """What one request asks, as it came; None where it did not say."""

    audio_file: str | None = None
    method: str | None = None
    requestor_id: str | None = None
    requestor_type: str | None = None
    request_id: str | None = None
    start_time: str | None = None
    filter: tuple[str, ...] = ()
    source: str | None = None
    timeline: str | None = None
    surges: str | None = None
    explain: str | None = None
    anonymized: str | None = None
    preprocess: str | None = None


def _no_features(_content: bytes) -> Clip:
    raise BadFeatures("features are not taken here")


class Predictor:
    """Answers predict requests; knows no web framework.

    Parameters
    ----------
    pipeline
        What analyses.
    limits
        What sound is accepted.
    analyzer_id
        The name of this analyser in answers.
    analysed
        Told the length of each clip in seconds.
    features
        Makes sound of features that were sent in its place; raises `BadFeatures`.
    decoders
        Decode; by default this process.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        limits: AudioLimits,
        analyzer_id: str,
        analysed: Callable[[float], None] = lambda _duration_s: None,
        features: Callable[[bytes], Clip] = _no_features,
        decoders: Decoders | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._limits = limits
        self._analyzer_id = analyzer_id
        self._analysed = analysed
        self._features = features
        self._decoders = decoders or Here()

    def predict(self, request: PredictRequest, audio: Callable[[], bytes]) -> dict[str, Any]:
        """Analyse a request's sound.

        Parameters
        ----------
        request
            What is asked.
        audio
            Returns the file's bytes; called after the request itself is found right.

        Raises
        ------
        BadRequest, BadAudio
            What is wrong with the request, or with its sound.
        """

        def read() -> Sound:
            decoded = self._decoders.decode(audio(), self._limits)
            return decoded.clip, decoded.warnings

        return self._predict(request, read)

    def predict_features(self, request: PredictRequest, features: Callable[[], bytes]) -> dict[str, Any]:
        """Analyse features that were sent in place of sound.

        Parameters
        ----------
        request
            What is asked; the sound was anonymised by whoever sent it.
        features
            Returns their bytes; called after the request itself is found right.

        Raises
        ------
        BadRequest, BadAudio
            What is wrong with the request, or with its features.
        """

        def read() -> Sound:
            clip = self._features(features())
            if clip.duration_s > self._limits.max_duration_s:
                raise AudioTooLong(self._limits.max_duration_s, clip.duration_s)
            return clip, ()

        return self._predict(replace(request, method=None, anonymized=FEATURES), read)

    def _predict(self, request: PredictRequest, read: Callable[[], Sound]) -> dict[str, Any]:
        ids = {
            field: None if found is None else identifier(field, found)
            for field, found in (
                ("audio_file", request.audio_file),
                ("requestor_id", request.requestor_id),
                ("requestor_type", request.requestor_type),
                ("request_id", request.request_id),
                ("source", request.source),
            )
        }
        more = {name: flag(name, getattr(request, name)) for name in ("timeline", "surges", "explain")}
        method = METHOD_NONE if request.method is None else request.method
        self._pipeline.anonymizer(method)
        done = request.anonymized
        if done is not None:
            self._pipeline.anonymizer(done)
            if method != METHOD_NONE:
                raise InvalidParameter("anonymized", "no method of the server's beside what was done before", done)
        preprocessing = Preprocessing.of(request.preprocess or "")
        start_s = start_time(request.start_time)
        wanted = label_filter(request.filter)
        clip, warnings = read()
        task = Task(
            method,
            Source(ids["source"] or UPLOAD),
            Requestor(ids["requestor_id"], ids["requestor_type"], ids["request_id"]),
            surges=more["surges"],
            client_method=done,
            preprocess=preprocessing if preprocessing.names else None,
        )
        analysis = self._pipeline.analyse(clip.starting_at(start_s), task)
        self._analysed(analysis.duration_s)
        predictions = analysis.of(wanted) if wanted else analysis.top()
        return {
            "status": "ok",
            "predictions": listed(predictions),
            "audio_file": ids["audio_file"],
            "method": done or method,
            "requestor_id": ids["requestor_id"],
            "requestor_type": ids["requestor_type"],
            "request_id": ids["request_id"],
            "analyzer_id": self._analyzer_id,
            "analysis_id": str(uuid.uuid4()),
            **additions(analysis, (*warnings, *_moved(analysis, more))),
            **({"preprocessing": list(preprocessing.names)} if preprocessing.names else {}),
            **({"timeline": timeline(analysis)} if more["timeline"] else {}),
            **({"surges": surges(analysis)} if more["surges"] else {}),
            **({"explanations": explanations(analysis)} if more["explain"] else {}),
        }


def listed(predictions: Iterable[Prediction]) -> list[dict[str, Any]]:
    """Return predictions as answers give them."""
    return [
        {"label_id": found.label.mid, "label": found.label.name, "probability": round(found.probability, 6)}
        for found in predictions
    ]


def additions(analysis: Analysis, warnings: Iterable[str]) -> dict[str, Any]:
    """Return what we tell beyond the predecessor's answer."""
    anonymizer = analysis.anonymizer
    return {
        "alerts": list(analysis.alerts),
        "model": {"name": analysis.card.name, "version": analysis.card.version},
        "anonymizer": {"method": anonymizer.name, "mode": analysis.mode, "guarantee": asdict(anonymizer.guarantee)},
        "duration_s": round(analysis.duration_s, 4),
        "warnings": [*warnings, *analysis.warnings],
    }


def _moved(analysis: Analysis, more: Mapping[str, bool]) -> list[str]:
    """Say whose times the timeline and the surges have."""
    if analysis.anonymizer.keeps_time or not (more["timeline"] or more["surges"]):
        return []
    return [f"{analysis.anonymizer.name} moves sound in time: timeline and surges have the times of the moved sound"]


def timeline(analysis: Analysis) -> list[dict[str, Any]]:
    """Return what was heard when, by onset."""
    return [
        {
            "label_id": labels()[span.label_index].mid,
            "label": labels()[span.label_index].name,
            "onset_s": round(span.onset_s, 3),
            "offset_s": round(span.offset_s, 3),
            "score": round(span.score, 6),
        }
        for span in analysis.timeline()
    ]


def surges(analysis: Analysis) -> list[dict[str, Any]]:
    """Return where it was suddenly loud, each with the class that scored highest there."""
    return [{**surge_figures(surge), **listed([guess])[0]} for surge, guess in analysis.surges()]


def surge_figures(surge: Surge) -> dict[str, float]:
    """Return a surge's times in seconds and levels in dBFS and dB, rounded as answers give them."""
    return {name: round(value, 3 if name.endswith("_s") else 1) for name, value in asdict(surge).items()}


def explanations(analysis: Analysis) -> list[dict[str, Any]]:
    """Return for each alert class why there was an alarm, or none."""
    return [
        {
            "event_class": verdict.event_class,
            "reason": verdict.reason,
            "score": round(verdict.score, 6),
            "threshold": round(verdict.on, 6),
            "at_s": round(verdict.stop_s, 3),
            "sentence": verdict.sentence(),
        }
        for verdict in analysis.explanations()
    ]
