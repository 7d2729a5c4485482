# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Noises and mechanisms: coloured noise, hum, engines, clicks, knocks, rhythmic machines, babble."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.tagger import SAMPLE_RATE_HZ, Waveform
from model.training.synthesis.tones import oscillator, place

Sound = tuple[Waveform, tuple[str, ...]]


def shaped_noise(random: np.random.Generator, samples: int, gain: NDArray[np.float64]) -> Waveform:
    """Filter white noise by `gain`, float64, any number of points from 0 to 8 000 Hz, to RMS 0.1."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    points = np.linspace(0.0, 1.0, gain.size)
    spectrum *= np.interp(np.linspace(0.0, 1.0, spectrum.size), points, gain)
    noise = np.fft.irfft(spectrum, samples)
    scaled: Waveform = np.clip(0.1 * noise / (np.sqrt(np.mean(noise**2)) + 1e-9), -1, 1).astype(np.float32)
    return scaled


def coloured_noise(random: np.random.Generator, seconds: float) -> Sound:
    """Make white, pink, brown or band noise, steady or swelling."""
    samples = round(seconds * SAMPLE_RATE_HZ)
    frequency = np.linspace(20.0, 8000.0, 400)
    exponent = float(random.choice([0.0, 0.5, 1.0, random.uniform(-0.5, 1.5)]))
    gain = frequency**-exponent
    names: tuple[str, ...] = {0.0: ("White noise",), 0.5: ("Pink noise",)}.get(exponent, ())
    if random.random() < 0.4:
        centre, width = np.exp(random.uniform(np.log(100), np.log(7000))), random.uniform(0.1, 1.5)
        gain = gain * np.exp(-0.5 * (np.log(frequency / centre) / width) ** 2)
        names = ()
    noise = shaped_noise(random, samples, gain)
    if random.random() < 0.5:
        knots = random.uniform(0.05, 1.0, max(2, int(seconds * random.uniform(0.5, 8))))
        noise *= np.interp(np.linspace(0, 1, samples), np.linspace(0, 1, knots.size), knots).astype(np.float32)
        names = ()
    return random.uniform(0.1, 2.0) * noise, names


def hum(random: np.random.Generator, seconds: float) -> Sound:
    """Make mains hum: 50 or 60 Hz and its harmonics."""
    mains = float(random.choice([50.0, 60.0]))
    samples = round(seconds * SAMPLE_RATE_HZ)
    out = np.zeros(samples)
    for harmonic in range(1, int(random.integers(4, 30))):
        level = random.uniform(0, 1) / harmonic ** random.uniform(0.3, 1.2)
        out += level * np.sin(2 * np.pi * mains * harmonic * np.arange(samples) / SAMPLE_RATE_HZ + random.uniform(0, 6))
    return (random.uniform(0.03, 0.4) * out / np.abs(out).max()).astype(np.float32), ("Mains hum", "Hum")


def engine(random: np.random.Generator, seconds: float) -> Sound:
    """Make an engine or motor: a rough sawtooth whose speed wanders, with noise through it."""
    samples = round(seconds * SAMPLE_RATE_HZ)
    knots = np.exp(random.uniform(np.log(20), np.log(400))) * np.exp(random.normal(0, 0.3, 4))
    frequency = np.interp(np.linspace(0, 1, samples), np.linspace(0, 1, 4), knots)
    rough = 1 + 0.3 * np.interp(
        np.arange(samples), np.arange(0, samples, 160), random.standard_normal(-(-samples // 160))
    )
    tone = oscillator(frequency, "sawtooth", 0.3) * rough
    noise = shaped_noise(random, samples, np.linspace(40.0, 8000.0, 300) ** -random.uniform(0.2, 1.0))
    return np.clip(tone * random.uniform(0.2, 1) + noise * random.uniform(0.1, 2), -1, 1).astype(np.float32), ()


def strokes(random: np.random.Generator, seconds: float) -> Sound:
    """Make clicks, knocks, taps or ticks: short resonant bursts, single or in a rhythm."""
    out = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)
    centre, ring = np.exp(random.uniform(np.log(80), np.log(6000))), random.uniform(8.0, 400.0)
    time = np.arange(4000) / SAMPLE_RATE_HZ
    noisiness = random.random()
    steady, gap, now = random.random() < 0.6, random.uniform(0.05, 1.2), random.uniform(0, 0.4)
    while now < seconds:
        body = (1 - noisiness) * np.sin(2 * np.pi * centre * time) + noisiness * random.standard_normal(time.size)
        place(out, (random.uniform(0.3, 0.9) * body * np.exp(-ring * time)).astype(np.float32), float(now))
        now += gap if steady else random.exponential(gap) + 0.02
    return np.clip(out, -1, 1), ()


def babble(random: np.random.Generator, seconds: float) -> Sound:
    """Make speech-like babble: a glottal buzz through wandering formants, in syllables."""
    samples = round(seconds * SAMPLE_RATE_HZ)
    knots = max(4, int(seconds * 4))
    grid, place_of = np.linspace(0, 1, samples), np.linspace(0, 1, knots)
    pitch = np.interp(grid, place_of, random.uniform(80, 260) * np.exp(random.normal(0, 0.12, knots)))
    out = np.zeros(samples)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE_HZ
    formants = [
        np.interp(grid, place_of, random.uniform(low, high, knots))
        for low, high in ((250, 850), (800, 2400), (2300, 3300))
    ]
    for harmonic in range(1, 30):
        frequency = harmonic * pitch
        level = sum(np.exp(-0.5 * ((frequency - formant) / 120) ** 2) for formant in formants)
        out += level * np.sin(harmonic * phase) * (frequency < 7500) / harmonic**0.5
    syllables = np.interp(grid, np.linspace(0, 1, 2 * knots), random.uniform(0, 1, 2 * knots) ** 1.5)
    return (random.uniform(0.1, 0.5) * out * syllables / (np.abs(out).max() + 1e-9)).astype(np.float32), ()
