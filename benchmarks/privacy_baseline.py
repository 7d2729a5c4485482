# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What an attacker undoes of ``scrample`` and ``dp_noise`` with little work: no trained attacker, so only a floor.

``scrample``: the attacker fits the segments' edges to each other. Across a true border the sound goes on, so a linear
predictor fitted to the end of one segment predicts the beginning of the right next one best (J. Makhoul, "Linear
prediction", Proc. IEEE 63, 1975); the best order is searched among all. ``dp_noise``: the attacker averages the answers
to repeated requests, and filters with a Wiener gain per band from the known noise level. Figures are signal-to-noise
ratios of the speech that comes back.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.signal import istft, lfilter, stft

from anonymizers.base import os_random
from anonymizers.laplace_noise import EPSILON, SENSITIVITY, LaplaceNoise
from anonymizers.scramble import shuffled
from benchmarks import report
from benchmarks.accuracy import proportion_interval
from benchmarks.pack import pack_folder, recordings, waveform

RATE_HZ = 16_000
SEGMENTS = 5
CLIPS = 200
ORDER = 32
CONTEXT = 512
AHEAD = 32
REPEATS = 16
SPEECH_DBFS = -26.0
COLLECTION = "librispeech"

Sound = NDArray[np.float64]


def main() -> None:
    """Measure on natural speech of the pack and write the result."""
    pack = pack_folder()
    if pack is None:
        print("privacy_baseline: left out, it needs HEARKEN_AUDIO_PACK")
        return
    speech = [one for one in recordings(pack) if one.collection == COLLECTION]
    sounds = [waveform(one).astype(np.float64) for one in speech]
    sounds = [sound[: SEGMENTS * RATE_HZ] for sound in sounds if sound.size >= SEGMENTS * RATE_HZ][:CLIPS]
    figures = {"speech": {"clips": len(sounds), "seconds_each": SEGMENTS, "from": COLLECTION, "dbfs": SPEECH_DBFS}}
    result = report.write("privacy_baseline", {**figures, "scrample": scrample(sounds), "dp_noise": dp_noise(sounds)})
    print(f"wrote {result.name}")


def scrample(sounds: list[Sound]) -> dict[str, Any]:
    """Count how often the order of five segments of one second is found again."""
    exact = neighbours = 0
    for sound in sounds:
        order = shuffled(SEGMENTS, os_random)
        segments = sound.reshape(SEGMENTS, RATE_HZ)[order]
        guessed = [order[index] for index in unshuffle(segments)]
        exact += guessed == list(range(SEGMENTS))
        neighbours += sum(second == first + 1 for first, second in itertools.pairwise(guessed))
    pairs = len(sounds) * (SEGMENTS - 1)
    return {
        "order_recovered": round(exact / len(sounds), 3),
        "order_recovered_interval_95": proportion_interval(exact, len(sounds)),
        "by_guessing": round(1 / 120, 4),
        "borders_recovered": round(neighbours / pairs, 3),
        "borders_by_guessing": round(1 / SEGMENTS, 3),
    }


def unshuffle(segments: Sound) -> list[int]:
    """Return the order in which the segments, shape (k, n), continue each other best."""
    count = len(segments)
    cost = np.full((count, count), np.inf)
    for first, second in itertools.permutations(range(count), 2):
        cost[first, second] = surprise(segments[first], segments[second])
    return list(
        min(
            itertools.permutations(range(count)),
            key=lambda order: sum(cost[first, second] for first, second in itertools.pairwise(order)),
        )
    )


def surprise(before: Sound, after: Sound) -> float:
    """Return how badly `after` continues `before`: log of the prediction error over what is usual within `before`."""
    past = before[-CONTEXT:] + 1e-7 * np.random.default_rng(0).normal(size=CONTEXT)
    correlation = np.correlate(past, past, "full")[CONTEXT - 1 : CONTEXT + ORDER]
    correlation[0] *= 1.0001
    predictor = solve_toeplitz(correlation[:ORDER], correlation[1 : ORDER + 1])
    whitening = np.concatenate(([1.0], -predictor))
    errors = lfilter(whitening, [1.0], np.concatenate((past, after[:AHEAD])))
    usual = np.mean(errors[ORDER:CONTEXT] ** 2)
    return float(np.log(np.mean(errors[CONTEXT:] ** 2) + 1e-12) - np.log(usual + 1e-12))


def dp_noise(sounds: list[Sound]) -> dict[str, Any]:
    """Measure how much of the speech comes back after averaging and denoising."""
    method = LaplaceNoise()
    level = 10 ** (SPEECH_DBFS / 20)
    gains: dict[str, list[float]] = {"as_sent": [], "denoised": [], "averaged": [], "averaged_and_denoised": []}
    for sound in sounds[:40]:
        clean = np.clip(sound * level / np.sqrt(np.mean(sound**2)), -1, 1)
        noisy = [method.anonymize(clean.astype(np.float32), RATE_HZ).waveform for _ in range(REPEATS)]
        average = np.stack(noisy).astype(np.float64).mean(axis=0)
        variance = 2 * (SENSITIVITY / EPSILON) ** 2
        gains["as_sent"].append(snr_db(clean, noisy[0].astype(np.float64)))
        gains["denoised"].append(snr_db(clean, wiener(noisy[0].astype(np.float64), variance)))
        gains["averaged"].append(snr_db(clean, average))
        gains["averaged_and_denoised"].append(snr_db(clean, wiener(average, variance / REPEATS)))
    return {
        "scale": SENSITIVITY / EPSILON,
        "repeats": REPEATS,
        "clips": len(gains["as_sent"]),
        "snr_db": {name: round(float(np.median(values)), 1) for name, values in gains.items()},
    }


def wiener(noisy: Sound, noise_variance: float) -> Sound:
    """Filter with the Wiener gain per bin, speech power estimated by subtracting the known noise power."""
    _, _, spectrum = stft(noisy, RATE_HZ, nperseg=512, noverlap=384)
    power = np.abs(spectrum) ** 2
    window = np.hanning(513)[:-1]
    noise = noise_variance * np.sum(window**2) / np.sum(window) ** 2
    smoothed = lfilter([0.4], [1, -0.6], power, axis=1)
    gain = np.maximum(1 - noise / np.maximum(smoothed, 1e-15), 0.03)
    _, clean = istft(spectrum * gain, RATE_HZ, nperseg=512, noverlap=384)
    denoised: Sound = clean[: noisy.size]
    return denoised


def snr_db(clean: Sound, found: Sound) -> float:
    """Return the power of `clean` over that of the difference, in dB."""
    return float(10 * np.log10(np.sum(clean**2) / np.sum((clean - found) ** 2)))


if __name__ == "__main__":
    main()
