# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Alarms with known temporal patterns: smoke and CO alarms, sirens, doorbells, telephones, beeps.

Patterns: ISO 8201 / NFPA 72 temporal-three (0.5 s on, 0.5 s off, three times, then 1.5 s off) for smoke; UL 2034
temporal-four (0.1 s on, 0.1 s off, four times, then 5 s off; many devices pause less) for CO; sounders of 2.8 to
3.6 kHz (piezo discs) or 520 Hz square waves (UL 217, low frequency).
"""

from __future__ import annotations

import numpy as np

from model.tagger import SAMPLE_RATE_HZ, Waveform
from model.training.synthesis.tones import chirp, fade, oscillator, place

ALARM, SMOKE, FIRE_ALARM = "Alarm", "Smoke detector, smoke alarm", "Fire alarm"
Sound = tuple[Waveform, tuple[str, ...]]


def smoke_alarm(random: np.random.Generator, seconds: float) -> Sound:
    """Make a smoke alarm: temporal-three, continuous or fast beeps, from a piezo disc, a low sounder or a sweep."""
    tone = _sounder(random)
    kind = random.random()
    if kind < 0.6:
        on, off, beeps, rest = 0.5, 0.5, 3, 1.5
    elif kind < 0.9:
        on = random.uniform(0.05, 0.4)
        off, beeps, rest = on * random.uniform(0.3, 1.5), 4, random.uniform(0.0, 0.8)
    else:
        on, off, beeps, rest = seconds, 0.0, 1, 0.0
    return pattern(random, tone, seconds, on, off, beeps, rest), (SMOKE, FIRE_ALARM, ALARM)


def carbon_monoxide_alarm(random: np.random.Generator, seconds: float) -> Sound:
    """Make a CO alarm: temporal-four."""
    rest = float(random.choice([5.0, random.uniform(0.8, 3.0)]))
    return pattern(random, _sounder(random), seconds, 0.1, 0.1, 4, rest), (SMOKE, ALARM)


def siren(random: np.random.Generator, seconds: float) -> Sound:
    """Make a siren: wail, yelp or two alternating notes."""
    time = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    low, high = random.uniform(350, 750), random.uniform(1000, 1800)
    kind = random.choice(["wail", "yelp", "hi-lo"])
    if kind == "hi-lo":
        high = low * random.uniform(1.2, 1.5)
        phase = np.where((time * random.uniform(0.7, 1.4) + random.random()) % 1.0 < 0.5, 1.0, 0.0)
    else:
        rate = random.uniform(0.1, 0.4) if kind == "wail" else random.uniform(2.0, 4.0)
        phase = 0.5 - 0.5 * np.cos(2 * np.pi * (time * rate + random.random()))
    frequency = low + (high - low) * phase
    wave = oscillator(
        frequency.astype(np.float64), str(random.choice(["square", "sawtooth", "triangle"])), random.uniform(0.2, 0.5)
    )
    return wave, ("Siren", "Emergency vehicle") if kind == "hi-lo" else ("Siren",)


def doorbell(random: np.random.Generator, seconds: float) -> Sound:
    """Make a doorbell: two or more struck notes, or a buzzer."""
    samples = round(seconds * SAMPLE_RATE_HZ)
    out = np.zeros(samples, np.float32)
    if random.random() < 0.25:
        buzz = oscillator(np.full(samples, random.uniform(80, 160)), "square", 0.3)
        return fade(buzz, 0.01), ("Buzzer", "Doorbell")
    root, start = random.uniform(350, 900), random.uniform(0.0, 0.4)
    while start < seconds:
        for interval in (1.26, 1.0) if random.random() < 0.7 else random.choice([1.0, 1.125, 1.26, 1.5, 2.0], 4):
            place(out, struck(random, root * interval, 1.5), start)
            start += random.uniform(0.3, 0.7)
        start += random.uniform(0.8, 3.0)
    return 0.6 * out, ("Doorbell", "Ding-dong")


def telephone(random: np.random.Generator, seconds: float) -> Sound:
    """Make a ringing telephone: a bell, a warble, or dialling tones."""
    samples = round(seconds * SAMPLE_RATE_HZ)
    time = np.arange(samples) / SAMPLE_RATE_HZ
    cadence = (time % random.choice([3.0, 6.0, 1.5])) < random.choice([0.8, 1.0, 2.0])
    kind = random.choice(["bell", "warble", "dialling"])
    if kind == "dialling":
        out = np.zeros(samples, np.float32)
        for start in np.arange(0.1, seconds, random.uniform(0.15, 0.4)):
            low, high = random.choice([697, 770, 852, 941]), random.choice([1209, 1336, 1477])
            pair = [oscillator(np.full(1600, float(f)), "sine", 0.3) for f in (low, high)]
            place(out, fade(pair[0] + pair[1], 0.003), float(start))
        return out, ("Telephone", "Telephone dialing, DTMF")
    low, high = random.uniform(700, 1300), random.uniform(1.1, 1.4)
    rate = random.uniform(15, 28)
    if kind == "warble":
        frequency = low * np.where((time * rate) % 1.0 < 0.5, 1.0, high)
        return oscillator(frequency, "square", 0.3) * cadence.astype(np.float32), ("Telephone", "Ringtone")
    out = np.zeros(samples, np.float32)
    for index, start in enumerate(np.arange(0.0, seconds, 1 / rate)):
        if cadence[min(samples - 1, int(start * SAMPLE_RATE_HZ))]:
            place(out, struck(random, low * (high if index % 2 else 1.0), 0.4), float(start))
    return 0.4 * out, ("Telephone", "Telephone bell ringing")


def beeps(random: np.random.Generator, seconds: float) -> Sound:
    """Make beeps of a household device: an alarm clock, an oven, a reversing lorry."""
    tone = float(np.exp(random.uniform(np.log(400), np.log(4500)))), str(random.choice(["sine", "square", "triangle"]))
    on = random.uniform(0.04, 0.8)
    rest = float(random.choice([0.0, 0.5, 1.5]))
    return pattern(random, tone, seconds, on, on * random.uniform(0.4, 2.0), int(random.integers(1, 5)), rest), (
        "Beep, bleep",
    )


def chirping_battery(random: np.random.Generator, seconds: float) -> Sound:
    """Make the short chirp of a smoke alarm with a low battery, or a swept tone."""
    out = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)
    first, last = random.uniform(1500, 3800), random.uniform(1500, 3800)
    start = random.uniform(0.0, 0.6 * seconds)
    place(out, fade(chirp(first, last, random.uniform(0.03, 0.5)), 0.005), start)
    return random.uniform(0.2, 0.7) * out, ()


def struck(random: np.random.Generator, frequency_hz: float, seconds: float) -> Waveform:
    """Make a struck bar or bell: a few inharmonic partials that die away."""
    time = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    decay = random.uniform(2.0, 8.0)
    out = np.zeros(time.size)
    for ratio, level in ((1.0, 1.0), (2.0, 0.4), (2.76, 0.3), (4.1, 0.2), (5.4, 0.12)):
        partial = ratio * frequency_hz * random.uniform(0.995, 1.005)
        if partial < SAMPLE_RATE_HZ / 2:
            out += level * np.sin(2 * np.pi * partial * time) * np.exp(-decay * ratio**0.7 * time)
    return (0.5 * out).astype(np.float32)


def _sounder(random: np.random.Generator) -> tuple[float, str]:
    if random.random() < 0.25:
        return 520.0 * random.uniform(0.97, 1.03), "square"
    return random.uniform(2800, 3600), str(random.choice(["square", "sine", "triangle"]))


def pattern(
    random: np.random.Generator, tone: tuple[float, str], seconds: float, on: float, off: float, beeps: int, rest: float
) -> Waveform:
    """Sound `tone` (Hz, shape) for `on`, pause for `off`, `beeps` times, then `rest`; all in seconds, from anywhere."""
    period = beeps * (on + off) + rest
    time = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    phase = (time + random.uniform(0.0, period)) % period
    sounding = (phase < beeps * (on + off)) & (phase % (on + off) < on)
    frequency, shape = tone
    modulation = random.uniform(0, 0.15) * frequency if random.random() < 0.25 else 0.0
    swept = frequency + modulation * np.sin(2 * np.pi * random.uniform(2, 20) * time)
    envelope = np.convolve(sounding, np.full(40, 1 / 40), "same")
    return (oscillator(swept, shape, random.uniform(0.1, 0.6)) * envelope).astype(np.float32)
