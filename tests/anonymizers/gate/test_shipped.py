# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The weights that are shipped: they are the ones on the card, and hear speech that is made on the spot."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from anonymizers.gate import pack, voices
from anonymizers.gate.lessons import SPOKEN, marks
from anonymizers.gate.network import WEIGHTS, shipped
from anonymizers.gate.release import CARD, FIGURES, sample, sampled
from anonymizers.speech_gate import GateSettings, SpeechGate

RATE_HZ = 16_000
FOUND = json.loads(FIGURES.read_text("utf-8"))


def test_the_card_is_of_these_weights_and_settings() -> None:
    digest = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert FOUND["sha256"] == digest
    assert digest in CARD.read_text("utf-8")
    assert FOUND["settings"] == asdict(GateSettings())


def test_the_weights_are_small() -> None:
    assert FOUND["bytes"] == WEIGHTS.stat().st_size < 300 * 1024


@pytest.mark.slow
def test_the_weights_find_in_recordings_what_the_card_says(audio_pack: Path) -> None:
    sounds = [sound for sound in pack.read(audio_pack) if sound.name in FOUND["sample"]]
    assert {sound.name for sound in sampled(sounds)} == set(FOUND["sample"])
    for sound in sampled(sounds):
        found, expected = sample(sound, shipped()), FOUND["sample"][sound.name]
        assert found["mean_probability"] == pytest.approx(expected["mean_probability"], abs=0.002), sound.name
        assert found["taken"] == pytest.approx(expected["taken"], abs=0.02), sound.name


def said(engine: str, text: str) -> np.ndarray:
    """Let an engine speak; skip where it is not installed."""
    speakers: dict[str, tuple[str, Callable[[], np.ndarray]]] = {
        "espeak-ng": ("espeak-ng", lambda: voices.espeak(text, "en-gb+f5", 50, 160)),
        "flite": ("flite", lambda: voices.flite(text, "slt")),
    }
    program, speak = speakers[engine]
    if not voices.is_installed(program):
        pytest.skip(f"needs {program}")
    return speak()


@pytest.mark.parametrize("engine", ["espeak-ng", "flite"])
@pytest.mark.parametrize("level_dbfs", [-15, -30, -45])
def test_speech_that_is_made_on_the_spot_is_taken_out(engine: str, level_dbfs: float) -> None:
    text = "The code of the alarm is four seven one nine, and the key lies under the mat."
    clean = np.pad(said(engine, text), RATE_HZ)
    found = marks(clean) == SPOKEN
    clean *= 10 ** (level_dbfs / 20) / np.sqrt(np.square(clean).mean())
    noisy = clean + np.random.default_rng(1).normal(0, 10 ** (level_dbfs / 20 - 1.5), clean.size)
    masked = SpeechGate().mask(np.clip(noisy, -1, 1).astype(np.float32), RATE_HZ)
    assert masked[found].mean() >= 0.99
    assert not masked[:30].any()
    assert not masked[-30:].any()


@pytest.mark.parametrize("engine", ["espeak-ng", "flite"])
def test_what_is_taken_out_is_not_found_again(engine: str) -> None:
    speech = np.pad(said(engine, "My daughter has lost the key of the house."), RATE_HZ)
    sound = (speech + np.random.default_rng(1).normal(0, 0.002, speech.size)).astype(np.float32)
    gate = SpeechGate()
    once = gate.anonymize(np.clip(sound, -1, 1), RATE_HZ).waveform
    assert gate.mask(np.clip(sound, -1, 1), RATE_HZ).any()
    assert not gate.mask(once, RATE_HZ).any()


def test_ten_seconds_take_a_fraction_of_the_time_allowed() -> None:
    sound = np.random.default_rng(1).normal(0, 0.05, 10 * RATE_HZ).astype(np.float32)
    shipped()(sound)
    taken = []
    for _ in range(5):
        started = time.thread_time()
        shipped()(sound)
        taken.append(time.thread_time() - started)
    assert min(taken) < 0.1  # 15 ms where nothing else runs
