# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a method costs: alarms that are still heard, and what talk over an alarm then tells.

The tagger and its alarm heads are those of the service, unchanged. A class's threshold is the score that 1 % of the
validation clips without it reach, as they are; it stays for the sound that a method leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytic.events.classes import alert_classes
from benchmarks.accuracy import threshold_at
from benchmarks.pack import Recording, recordings, waveform
from benchmarks.privacy.clips import Condition, at_level
from benchmarks.privacy.material import Hide, Said, Size, Spoken
from benchmarks.privacy.metrics import interval
from benchmarks.privacy.sentences import SENTENCES
from benchmarks.privacy.synthesis import CACHE, say
from benchmarks.scenes.levels import active_level_dbfs, gain
from model.heads.alarm import AlarmHeads
from model.heads.shipped import heads_of
from model.labels import index_of
from model.stream import SHORT, StreamingTagger, Stride
from model.tagger import HOP_SAMPLES, WINDOW_SAMPLES, Waveform, pool

FALSE_ALARMS = 0.01
ALARM_DBFS = -20.0
SPEECH_OVER_ALARM_DB = (-5.0, 0.0, 5.0, 10.0)
_CLIP = Stride(WINDOW_SAMPLES, HOP_SAMPLES)
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Sounds:
    """Validation clips.

    Attributes
    ----------
    alarms
        Clips with alarms.
    others, all_others
        Some clips without, and all of them.
    classes
        The alarms.
    """

    alarms: tuple[Recording, ...]
    others: tuple[Recording, ...]
    all_others: tuple[Recording, ...]
    classes: tuple[str, ...]

    def holds(self, clips: Sequence[Recording]) -> NDArray[np.bool_]:
        """Return bool, shape (clips, classes)."""
        members = {one.name: {index_of(mid) for mid in one.mids} for one in alert_classes("mn04_as")}
        return np.array([[not clip.labels.isdisjoint(members[name]) for name in self.classes] for clip in clips])


def sounds(pack: Path, size: Size) -> Sounds:
    """Return validation clips with alarms of the classes that are on by default, and clips without."""
    every = [one for one in recordings(pack) if one.split == "val"]
    classes = [one for one in alert_classes("mn04_as") if one.enabled]
    members = {one.name: {index_of(mid) for mid in one.mids} for one in classes}
    chosen: dict[Any, Recording] = {}
    for wanted in members.values():
        of_class = [one for one in every if not one.labels.isdisjoint(wanted)]
        chosen |= {one.path: one for one in of_class[: 2 * size.alarms_a_class]}
    all_members = set().union(*members.values())
    rest = [one for one in every if one.labels.isdisjoint(all_members)]
    step = max(1, len(rest) // max(1, size.other_clips))
    return Sounds(tuple(chosen.values()), tuple(rest[::step][: size.other_clips]), tuple(rest), tuple(members))


@dataclass
class Ear:
    """A tagger with its heads, and the thresholds that clean sound gave."""

    tagger: StreamingTagger
    classes: tuple[str, ...]
    heads: AlarmHeads
    thresholds: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    @classmethod
    def of(cls, tagger: StreamingTagger, material: Sounds) -> Ear:
        """Take thresholds from clean clips without alarms."""
        ear = cls(tagger, material.classes, heads_of(tagger.card.name))
        clean = ear.hear_clean(material.all_others)[1]
        ear.thresholds = np.array([threshold_at(column, FALSE_ALARMS) for column in clean.T], np.float32)
        return ear

    def hear_clean(self, clips: Sequence[Recording]) -> tuple[Scores, Scores]:
        """Return both scores of clips as they are, shapes (clips, 527) and (clips, classes); kept for all methods."""
        digest = hashlib.sha256(f"{self.tagger.card}{self.classes}{[one.path.name for one in clips]}".encode())
        path = CACHE / "heard" / f"{digest.hexdigest()[:24]}.npz"
        if path.is_file():
            with np.load(path) as stored:
                return stored["scores"], stored["alarms"]
        heard = [self.hear(waveform(one)) for one in clips]
        scores, alarms = (np.stack(one) for one in zip(*heard, strict=True))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, scores=scores, alarms=alarms)
        return scores, alarms

    def hear(self, sound: Waveform) -> tuple[Scores, Scores]:
        """Return the scores of 527 classes over the clip, and each alarm's highest over windows of 2 s."""
        stream = self.tagger.stream((_CLIP, SHORT))
        heard = stream.push(sound) + stream.finish()
        short = [one for one in heard if one.stride == SHORT]
        alarms = self.heads(np.stack([one.scores for one in short]), np.stack([one.embedding for one in short]))
        columns = [self.heads.classes.index(name) for name in self.classes]
        return pool(np.stack([one.scores for one in heard if one.stride == _CLIP])), alarms[:, columns].max(axis=0)


def cost(ear: Ear, material: Sounds, hide: Hide) -> dict[str, Any]:
    """Return recall of alarms, false alarms, and agreement with what is heard in the clean clip."""
    clips = [*material.alarms, *material.others]
    clean = ear.hear_clean(clips)[0]
    hidden = [ear.hear(hide(waveform(one))) for one in clips]
    scores, alarms = (np.stack(one) for one in zip(*hidden, strict=True))
    found = alarms >= ear.thresholds
    before, after = average_precision(clean, clips), average_precision(scores, clips)
    return {
        **recall(found[: len(material.alarms)], material.holds(material.alarms), material.classes),
        "others_with_a_false_alarm": round(float(found[len(material.alarms) :].any(axis=1).mean()), 4),
        "same_top_class": round(float((clean.argmax(axis=1) == scores.argmax(axis=1)).mean()), 4),
        "mean_average_precision": round(after, 4),
        "mean_average_precision_lost": round(before - after, 4),
    }


def recall(found: NDArray[np.bool_], holds: NDArray[np.bool_], classes: Sequence[str]) -> dict[str, Any]:
    """Return the share of alarms that are found, by class and as their mean; both shapes (clips, classes)."""
    rows, columns = np.nonzero(holds)
    right = found[rows, columns].astype(float)
    by_class = {
        name: round(float(right[columns == index].mean()), 4)
        for index, name in enumerate(classes)
        if (columns == index).any()
    }
    weights = 1 / np.bincount(columns, minlength=len(classes))[columns]
    return {
        "alarm_recall": round(float(np.mean(list(by_class.values()))), 4),
        "alarm_recall_interval_95": interval(right * weights / weights.mean(), rows),
        "alarms": int(right.size),
        "by_class": by_class,
    }


def average_precision(scores: Scores, clips: Sequence[Recording]) -> float:
    """Return the mean over classes that three clips or more hold."""
    held = np.array([[index in clip.labels for index in range(scores.shape[1])] for clip in clips])
    return float(np.mean([_precision(scores[:, one], held[:, one]) for one in np.flatnonzero(held.sum(axis=0) >= 3)]))


def _precision(scores: Scores, held: NDArray[np.bool_]) -> float:
    right = held[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(right)[right] / (np.flatnonzero(right) + 1)).mean())


@dataclass(frozen=True)
class Mix:
    """An alarm with talk over it."""

    alarm: int
    said: Said
    sound: Waveform


def mixes(material: Sounds, spoken: Spoken, size: Size, over_db: float) -> list[Mix]:
    """Return alarms with a sentence each, the speech so much louder than the alarm, both over their active frames."""
    made: list[Mix] = []
    per_class: dict[int, int] = {}
    for index, (clip, row) in enumerate(zip(material.alarms, material.holds(material.alarms), strict=True)):
        kind = int(np.argmax(row))
        per_class[kind] = per_class.get(kind, 0) + 1
        if per_class[kind] > size.alarms_a_class:
            continue
        said = spoken.tried[len(made) % len(spoken.tried)]
        speech = at_level(say(SENTENCES[said.sentence], spoken.ours[said.voice]), Condition(ALARM_DBFS + over_db))
        alarm = waveform(clip)
        alarm = alarm * gain(ALARM_DBFS - active_level_dbfs(alarm))
        samples = max(alarm.size, speech.size)
        sound = np.zeros(samples, np.float32)
        sound[: alarm.size] += alarm
        start = (samples - speech.size) // 2 if alarm.size > speech.size else 0
        sound[start : start + speech.size] += speech
        made.append(Mix(index, said, np.clip(sound, -1, 1)))
    return made
