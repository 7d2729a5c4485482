# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The anonymisers, with what they need of others: the install's secret, who hears alarms, sound made of features."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import SAMPLE_RATE_HZ, Clip
from analytic.errors import BadFeatures
from analytic.settings import AnonymizerSettings
from anonymizers.band_energy import BadBandLevels, BandEnergies, features, synthesise
from anonymizers.base import Anonymizer, os_random
from anonymizers.registry import anonymizers
from model.heads.shipped import ShippedHeads
from model.stream import SHORT, StreamingTagger

SPARED = ("scream", "glass_break", "gunshot", "explosion", "fire", "smoke_alarm", "baby_cry")
"""Alarms that the alert veto spares: people may be in danger, or call for somebody."""

Scores = NDArray[np.float32]
WindowScores = Callable[[Scores, int], Scores]


def make_anonymizers(
    settings: AnonymizerSettings, secret: bytes | None = None, alarms: WindowScores | None = None
) -> Mapping[str, Anonymizer]:
    """Return the methods by name.

    Parameters
    ----------
    secret
        The same clip is anonymised the same way for as long as this is the same.
    alarms
        Says where an alarm is heard, for the veto, where the settings have it on.
    """
    return anonymizers(segment_s=settings.segment_s, secret=secret, alert_veto=alarms if settings.alert_veto else None)


def alarm_scores(tagger: StreamingTagger, heads: ShippedHeads) -> WindowScores:
    """Return what says where an alarm is heard: the highest score of the alarms that are spared, every 0.5 s.

    It takes float32, shape (n,), 16 kHz, and gives float32, shape (ceil(n / 8000),), probabilities. Each half second
    gets the highest score of the windows of 2 s that hold it.
    """
    rows = [heads.heads.classes.index(name) for name in SPARED if name in heads.heads.classes]

    def scores(waveform: Scores, sample_rate_hz: int) -> Scores:
        del sample_rate_hz  # the gate takes one rate alone, and it is ours
        stream = tagger.stream((SHORT,))
        heard = stream.push(waveform) + stream.finish()
        found = np.zeros(-(-waveform.size // SHORT.hop), np.float32)
        if not heard or not rows:
            return found
        answers = heads.heads(np.stack([one.scores for one in heard]), np.stack([one.embedding for one in heard]))[
            :, rows
        ].max(axis=1)
        for one, score in zip(heard, answers, strict=True):
            held = slice(one.window.start // SHORT.hop, -(-one.window.stop // SHORT.hop))
            found[held] = np.maximum(found[held], score)
        return found

    return scores


def features_of(clip: Clip) -> BandEnergies:
    """Return the band energies of a clip: what can be sent in its place."""
    return features(clip.waveform, SAMPLE_RATE_HZ)


def sound_of_features(content: bytes) -> Clip:
    """Make sound of band energies that were sent in its place, in their binary or their JSON form.

    Raises
    ------
    BadFeatures
        They are not what they must be.
    """
    try:
        is_json = content[:1] in (b"{", b" ", b"\n")
        energies = BandEnergies.from_json(content.decode()) if is_json else BandEnergies.from_bytes(content)
    except (BadBandLevels, UnicodeDecodeError) as error:
        raise BadFeatures(str(error)) from error
    if energies.sample_rate_hz != SAMPLE_RATE_HZ:
        raise BadFeatures(f"band levels: sample rate: {SAMPLE_RATE_HZ} Hz, found {energies.sample_rate_hz} Hz")
    return Clip(synthesise(energies, os_random))
