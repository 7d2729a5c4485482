# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Speech gate: what sounds like a voice is deleted, and noise as loud as the background put in its place.

A small network (anonymizers/gate, its figures in gate/GATE.md) says for every 16 ms how likely somebody speaks. Where
it is likely, and a little before and after, every sample is replaced. What is taken out is gone: nothing of it is left
to invert, average or denoise. What the network misses stays as it was.

The idea of removing speech on the device, by a classifier small enough for it, is Kirigami's (S. Boovaraghavan et al.,
"Kirigami: Lightweight Speech Filtering for Privacy-Preserving Activity Recognition using Audio", IMWUT 2024).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizers.base import Anonymized, Empirical, Guarantee, RandomBytes, Waveform, os_random
from anonymizers.gate.comfort import replaced
from anonymizers.gate.features import HOP_SAMPLES, SAMPLE_RATE_HZ, frame_count
from anonymizers.gate.masking import Mask, by_frame, smoothed, spoken, widened
from anonymizers.gate.network import shipped
from anonymizers.repeatable import chance

Floats = NDArray[np.float32]

WindowScores = Callable[[Waveform, int], Floats]
"""Takes a waveform, float32, shape (n,), and its rate in Hz; gives scores, float32, shape (w,), w >= 1, within 0..1.
The w windows are of one length and tile the waveform: window i holds the samples i n / w up to (i + 1) n / w."""

FrameScores = Callable[[Waveform], Floats]
"""Takes a waveform of 16 000 Hz; gives one score within 0..1 for each frame of 256 samples, the last one begun too."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """How the gate acts.

    Attributes
    ----------
    threshold
        Probability of speech from which a stretch is taken out, within 0..1.
    low_threshold
        Probability down to which such a stretch reaches, within 0..threshold.
    smoothing_s
        Length over which probabilities are averaged where that raises them, >= 0.
    before_s, after_s
        What is taken out before and after each stretch as well, >= 0: weak consonants, and the room's answer.
    background_s
        How far before and after a stretch the sound is looked at that the noise is made after, >= 0.
    fade_s
        In how much sound changes over to noise, >= 0; it lies outside of what is taken out.
    silence_dbfs
        Level of the noise where no sound is left to make it after, < 0.
    """

    threshold: float = 0.85
    low_threshold: float = 0.3
    smoothing_s: float = 0.08
    before_s: float = 0.1
    after_s: float = 0.15
    background_s: float = 2.0
    fade_s: float = 0.01
    silence_dbfs: float = -75.0

    def __post_init__(self) -> None:
        if not 0 <= self.low_threshold <= self.threshold <= 1:
            found = f"{self.low_threshold} and {self.threshold}"
            raise ValueError(f"the gate has thresholds 0 <= low_threshold <= threshold <= 1, found {found}")
        for name in ("smoothing_s", "before_s", "after_s", "background_s", "fade_s"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"the gate's {name} is finite and 0 or more, found {getattr(self, name)}")
        if not self.silence_dbfs < 0:
            raise ValueError(f"the gate's silence_dbfs is below 0, found {self.silence_dbfs}")


class SpeechGate:
    """Delete what sounds like speech, put comfort noise in its place, leave all else as it is.

    Parameters
    ----------
    settings
        Thresholds and times.
    detector
        Says where speech is; by default the network that comes with the package.
    speech_score
        A second opinion, such as a tagger's score for Speech. Of both the higher counts.
    alert_veto
        Says where an alarm is heard. Sound is spared there, but only where this score is above the probability of
        speech. **What is spared leaks**: words shouted over an alarm are then heard. Without it nothing is spared.
    random_bytes
        Where the noise comes from.
    secret
        Where it is given, the noise comes from it and from what is left of the clip, and is the same for the same
        clip: so that what follows in a chain gets the same sound each time. What is taken out has no part in it.
    """

    keeps_time = True
    guarantee: Guarantee = Empirical(evidence="benchmarks/results/privacy.json")
    hides = "What a speech detector takes for a voice: those samples are deleted and replaced by quiet noise."

    def __init__(
        self,
        name: str = "speech_gate",
        settings: GateSettings | None = None,
        *,
        detector: FrameScores | None = None,
        speech_score: WindowScores | None = None,
        alert_veto: WindowScores | None = None,
        random_bytes: RandomBytes = os_random,
        secret: bytes | None = None,
    ) -> None:
        self.name = name
        self.leaks = (
            "When somebody spoke and for how long; speech that the detector misses, most of all quiet words under "
            "loud sound; voices that say nothing, such as coughs, cries and screams; and alarms that sound under "
            "speech are lost."
        )
        if alert_veto:
            self.leaks += " Speech over what is heard as an alarm is spared, and so leaks."
        self._settings = settings or GateSettings()
        self._detector = detector
        self._speech_score = speech_score
        self._alert_veto = alert_veto
        self._random_bytes, self._secret = random_bytes, secret

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        """Take out what sounds like speech; sound without any is given back as it came.

        Raises
        ------
        ValueError
            The rate is not 16 000 Hz.
        """
        masked = self.mask(waveform, sample_rate_hz)
        if not masked.any():
            return Anonymized(waveform)
        settings = self._settings
        kept = np.where(_samples(masked, waveform.size), np.float32(0), waveform)
        quiet = replaced(
            kept,
            masked,
            beside_frames=_frames(settings.background_s),
            fade=round(settings.fade_s * SAMPLE_RATE_HZ),
            silence=10 ** (settings.silence_dbfs / 20),
            random_bytes=chance(self._random_bytes, self._secret, kept, f"speech gate {settings}"),
        )
        return Anonymized(quiet, self._warnings(masked, waveform.size))

    def where(self, waveform: Waveform, sample_rate_hz: int) -> NDArray[np.bool_]:
        """Say which samples are taken out: bool, shape (n,); the form that `reverse_splice` takes a gate in.

        Raises
        ------
        ValueError
            The rate is not 16 000 Hz.
        """
        return _samples(self.mask(waveform, sample_rate_hz), waveform.size)

    def mask(self, waveform: Waveform, sample_rate_hz: int) -> Mask:
        """Say which frames of 16 ms are taken out: bool, shape (frames,), frame i from sample 256 i.

        Raises
        ------
        ValueError
            The rate is not 16 000 Hz.
        """
        if sample_rate_hz != SAMPLE_RATE_HZ:
            raise ValueError(f"{self.name} takes sound of {SAMPLE_RATE_HZ} Hz, found {sample_rate_hz}")
        if not waveform.size:
            return np.zeros(0, bool)
        settings = self._settings
        probability = smoothed(self._probability(waveform), _frames(settings.smoothing_s))
        if self._alert_veto:
            alarm = by_frame(self._alert_veto(waveform, sample_rate_hz), waveform.size)
            probability = np.where(alarm > probability, np.float32(0), probability)
        found = spoken(probability, settings.threshold, settings.low_threshold)
        return widened(found, _frames(settings.before_s), _frames(settings.after_s))

    def _probability(self, waveform: Waveform) -> Floats:
        probability = (self._detector or shipped())(waveform)
        if probability.shape != (frame_count(waveform.size),):
            expected = (frame_count(waveform.size),)
            raise ValueError(f"a detector gives a score a frame, shape {expected}, found {probability.shape}")
        if self._speech_score:
            second = by_frame(self._speech_score(waveform, SAMPLE_RATE_HZ), waveform.size)
            probability = np.maximum(probability, second)
        return probability

    def _warnings(self, masked: Mask, samples: int) -> tuple[str, ...]:
        if not masked.mean() > 0.5:
            return ()
        gone_s = float(_samples(masked, samples).sum()) / SAMPLE_RATE_HZ
        return (
            f"{self.name} took out {gone_s:.2f} s of {samples / SAMPLE_RATE_HZ:.2f} s: no alarm can be heard there",
        )


def _samples(masked: Mask, samples: int) -> NDArray[np.bool_]:
    return np.repeat(masked, HOP_SAMPLES)[:samples]


def _frames(length_s: float) -> int:
    """Return how many frames cover a time."""
    return int(np.ceil(length_s * SAMPLE_RATE_HZ / HOP_SAMPLES))
