# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Band energies: 29 levels eight times a second, and nothing else; and noise that has these levels.

`features` is what a client can send in place of sound; the method ``band_energy`` makes sound of the features alone, so
that a tagger which knows nothing of them can hear it: noise of random phase. Averaging over 250 ms takes out what tells
the sounds of speech apart, and phase and fine structure are gone. Source: third-octave levels at the pace "fast" as a
private form of sound, whether diffusion models can undo them, and that one trained on the very speaker can, in M.
Tailleur et al., EUSIPCO 2025 (hal-05096000); bands as in IEC 61260-1:2014.

Differences: IEC filters have skirts and a time weighting that decays; here a frame's power spectrum (sine window of 250
ms, every 125 ms, whose squares add up to 1) is shared out to the bands by where each bin lies. Below 40 Hz, where bands
are narrower than what 250 ms resolve, levels are smeared over neighbours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from anonymizers.bands import (
    LEAST_DB,
    MOST_DB,
    RATE_BIT_S,
    BadBandLevels,
    BandEnergies,
    check_length,
    edges_hz,
    frame_count,
    hop_samples,
)
from anonymizers.base import Anonymized, Guarantee, Nothing, RandomBytes, Waveform, os_random
from anonymizers.frames import cut, join, raised_cosine
from anonymizers.repeatable import chance

__all__ = ["BadBandLevels", "BandEnergies", "BandEnergy", "features", "synthesise"]


class BandEnergy:
    """Make sound of the band energies alone.

    Parameters
    ----------
    random_bytes
        Where the phases come from.
    secret
        Where it is given, they come from it and the clip, and are the same for the same clip.
    """

    keeps_time = True  # to within a frame, 125 ms
    guarantee: Guarantee = Nothing()  # attacked, and found to hide little: benchmarks/results/privacy.json
    hides = (
        "All but the levels of 29 third-octave bands every 125 ms, in whole dB: at most "
        f"{RATE_BIT_S:,.0f} bit/s are left of the sound, without pitch and phase."
    )
    leaks = (
        "When somebody speaks, how loud and for how long; and who knows which sentences or speakers to expect can tell "
        "many of them apart by these levels: use it after what takes speech out, not alone."
    )

    def __init__(
        self, name: str = "band_energy", random_bytes: RandomBytes = os_random, secret: bytes | None = None
    ) -> None:
        self.name = name
        self._random_bytes, self._secret = random_bytes, secret

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        """Measure the levels and make noise of them."""
        draw = chance(self._random_bytes, self._secret, waveform, "band energy")
        return Anonymized(synthesise(features(waveform, sample_rate_hz), draw))


def features(waveform: Waveform, sample_rate_hz: int) -> BandEnergies:
    """Return the band energies of a sound.

    Parameters
    ----------
    waveform
        float32, shape (n,), n >= 1, mono, within -1..1.
    sample_rate_hz
        1000 to 192 000. What lies above half of it has no level.

    Raises
    ------
    BadBandLevels
        The sound is longer than an hour, or its rate is outside the limits.
    """
    check_length(sample_rate_hz, waveform.size)
    hop = hop_samples(sample_rate_hz)
    window = raised_cosine(2 * hop)
    spectra = rfft(cut(waveform, hop) * np.sqrt(window))
    power = (np.square(spectra.real) + np.square(spectra.imag)) * _sides(hop)
    within = np.einsum(
        "ij,j->i", cut(np.ones(waveform.size), hop), window
    )  # at the ends, where the window reaches beyond the sound, less
    mean_square = _in_bands(power, _edges_in_bins(sample_rate_hz)) / (2 * hop * within[:, np.newaxis])
    levels = np.rint(10 * np.log10(np.maximum(mean_square, 1e-30)))
    return BandEnergies(np.clip(levels, LEAST_DB, MOST_DB).astype(np.int16), sample_rate_hz, waveform.size)


def synthesise(energies: BandEnergies, random_bytes: RandomBytes) -> Waveform:
    """Make noise with these band energies: float32, shape (samples,), within -1..1.

    A level of -120 dB is silence. Peaks beyond full scale are clipped.
    """
    rate_hz, samples = energies.sample_rate_hz, energies.samples
    hop, frames = hop_samples(rate_hz), frame_count(samples, rate_hz)
    given = np.where(energies.levels_db > LEAST_DB, 10 ** (energies.levels_db / 10), 0)
    power = _in_bins(given, _edges_in_bins(rate_hz), hop + 1)
    magnitude = 2 * hop * np.sqrt(power / _sides(hop))
    words = np.frombuffer(random_bytes(2 * magnitude.size), np.uint16).reshape(frames, hop + 1)
    noise = irfft(magnitude * _TURNS[words], 2 * hop) * np.sqrt(raised_cosine(2 * hop))
    return np.clip(join(noise, samples), -1, 1).astype(np.float32)


_TURNS = np.exp(2j * np.pi * np.arange(1 << 16) / (1 << 16))  # the phases that a word of 16 bits can draw


def _sides(hop: int) -> NDArray[np.float64]:
    """Return how often each bin of a one-sided spectrum counts: float64, shape (hop + 1,), 1 at the ends, else 2."""
    return np.concatenate(([1.0], np.full(hop - 1, 2.0), [1.0]))


def _edges_in_bins(sample_rate_hz: int) -> NDArray[np.float64]:
    """Return where the bands' edges lie, in bins: float64, shape (30,); bin k reaches from k to k + 1.

    What lies above half the rate is cut off there.
    """
    width_hz = sample_rate_hz / (2 * hop_samples(sample_rate_hz))
    return np.minimum(edges_hz(), sample_rate_hz / 2) / width_hz + 0.5


def _in_bands(power: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add up the power of bins, shape (frames, bins), between edges: float64, shape (frames, bands).

    A bin that lies in two bands is shared out by how much of it lies in each.
    """
    whole = edges.astype(np.intp)
    below = np.cumsum(power, axis=1)[:, whole] - power[:, whole]
    return np.diff(below + (edges - whole) * power[:, whole], axis=1)


def _in_bins(power: NDArray[np.float64], edges: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """Spread the power of bands, shape (frames, bands), evenly between their edges: float64, shape (frames, bins)."""
    width = np.diff(edges)
    power = np.where(width > 0, power, 0)
    at = np.arange(bins + 1)
    band = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, width.size - 1)
    part = np.clip((at - edges[band]) / np.maximum(width[band], 1e-9), 0, 1)
    below = np.cumsum(power, axis=1)[:, band] - power[:, band]
    return np.maximum(np.diff(below + part * power[:, band], axis=1), 0)
