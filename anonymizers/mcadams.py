# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""McAdams coefficient: another voice for the ear. A comparator, no anonymity.

Linear prediction splits each frame of sound into an excitation and a filter. The angles of the filter's complex poles
are raised to a power alpha, which moves the formants and leaves the pitch; the excitation goes through the new filter.
Source: J. Patino et al., "Speaker anonymisation using the McAdams coefficient" (Interspeech 2021), baseline B2 of the
VoicePrivacy challenges; alpha is drawn from 0.5..0.9 for each clip, as the challenge of 2022 does.

A clip's alpha is a single number, which an attacker can search; one who trains on such speech recognises the speaker as
if nothing had been done (VoicePrivacy 2024: equal error rate 4.5 % against 4.6 % of the original).

Differences, the first two for speed: frames of 40 ms every 20 ms, there 20 and 10; prediction of order 16, there 20;
each frame keeps its energy, there the clip its peak; poles come no nearer to the unit circle than 0.99; both filters
are applied at once, as their quotient in the spectrum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from anonymizers.base import Anonymized, Guarantee, Nothing, RandomBytes, Waveform, os_random
from anonymizers.frames import cut, join, raised_cosine
from anonymizers.laplace_noise import uniforms
from anonymizers.ranges import in_range
from anonymizers.repeatable import chance

FARTHEST_POLE = 0.99
_FLOOR = 1e-5  # white noise, of the frame's own power, that keeps the prediction of a pure tone solvable
_BLOCK = 128  # frames at once: their spectra stay in the cache
_SILENCE = 1e-12  # power of a frame below which there is nothing to predict


class McAdams:
    """Move the formants by a power of their angles.

    Parameters
    ----------
    alpha
        Lowest and highest power, each 0.3 to 1.2; 1 changes nothing. One is drawn for each clip.
    window_s
        Length of a frame in seconds, 0.01 to 0.05; it overlaps the next by half.
    order
        Order of the prediction, 2 to 40.
    random_bytes
        Where alpha comes from.
    secret
        Where it is given, alpha comes from it and the clip, and is the same for the same clip.
    """

    keeps_time = True
    guarantee: Guarantee = Nothing()
    hides = "How a voice sounds to the ear: its formants are moved."
    leaks = (
        "Words, melody and rhythm stay, and who knows the method recognises the speaker: this is a voice change, not "
        "anonymity. It is here to compare with."
    )

    def __init__(
        self,
        name: str = "mcadams",
        alpha: tuple[float, float] = (0.5, 0.9),
        window_s: float = 0.04,
        order: int = 16,
        random_bytes: RandomBytes = os_random,
        secret: bytes | None = None,
    ) -> None:
        self._least = in_range("lowest alpha", alpha[0], 0.3, 1.2)
        self._most = in_range("highest alpha", alpha[1], alpha[0], 1.2)
        self._window_s = in_range("length of a frame", window_s, 0.01, 0.05, "s")
        self._order = int(in_range("order of the prediction", order, 2, 40))
        self.name = name
        self._random_bytes, self._secret = random_bytes, secret
        self._purpose = f"mcadams {alpha[0]!r} {alpha[1]!r}"

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        """Draw an alpha and move the formants."""
        draw = chance(self._random_bytes, self._secret, waveform, self._purpose)
        alpha = self._least + (self._most - self._least) * float(uniforms(1, draw)[0])
        hop = max(self._order, round(self._window_s * sample_rate_hz / 2))
        moved = move_formants(waveform, alpha, hop, self._order)
        return Anonymized(np.clip(moved, -1, 1).astype(np.float32))


def move_formants(waveform: Waveform, alpha: float, hop: int, order: int) -> NDArray[np.float64]:
    """Raise the angles of the poles to the power `alpha` in frames of 2 * hop samples: float64, shape (n,).

    It may leave -1..1: energy that came spread over a frame may go out in peaks.
    """
    window = np.sqrt(raised_cosine(2 * hop))
    frames = cut(waveform, hop)
    for first in range(0, len(frames), _BLOCK):
        block = frames[first : first + _BLOCK]
        block[:] = _moved((block * window).astype(np.float32), alpha, order) * window
    return join(frames, waveform.size)


def _moved(frames: NDArray[np.float32], alpha: float, order: int) -> NDArray[np.float32]:
    """Move the formants of windowed frames; each keeps its energy."""
    length = frames.shape[1]
    size = next_fast_len(
        length + length // 2, real=True
    )  # what rings on longer, at 0.99 a sample, comes round at -42 dB
    spectra = rfft(frames, size)
    correlation = irfft(np.square(spectra.real) + np.square(spectra.imag), size)[:, : order + 1]
    predictor = levinson(correlation.astype(np.float64))
    moved = from_roots(turned(roots(predictor), alpha))
    # Coefficients have either sign and are up to 1e5, so their transforms need float64. Not as a product with a matrix,
    # though that is faster: BLAS would share it out to threads, which wait for each other where cores are busy.
    quotient = (rfft(predictor, size) / rfft(moved, size)).astype(np.complex64)
    answer: NDArray[np.float32] = irfft(spectra * quotient, size)[:, :length]
    energy, found = (np.einsum("ij,ij->i", sound, sound, dtype=np.float64) for sound in (frames, answer))
    answer *= np.sqrt(energy / np.maximum(found, 1e-30))[:, np.newaxis]
    return answer


def levinson(correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve for the prediction error filters of autocorrelations, both float64, shape (frames, order + 1).

    Each filter begins with 1 and has its zeros within the unit circle; that of silence is 1, 0, 0, ... (J. Makhoul,
    "Linear prediction", Proc. IEEE 63, 1975).
    """
    order = correlation.shape[1] - 1
    found = np.zeros_like(correlation)
    found[:, 0] = 1
    error = correlation[:, 0] * (1 + _FLOOR) + _SILENCE
    for step in range(1, order + 1):
        turned_back = correlation[:, step:0:-1]
        reflection = -np.einsum("ij,ij->i", found[:, :step], turned_back) / error
        found[:, 1 : step + 1] += reflection[:, np.newaxis] * found[:, step - 1 :: -1][:, :step]
        error = error * (1 - reflection**2)
    return found


def roots(polynomials: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Return the roots of polynomials, shape (frames, order + 1), that begin with 1: complex128, (frames, order)."""
    frames, order = polynomials.shape[0], polynomials.shape[1] - 1
    companion = np.zeros((frames, order, order))
    companion[:, 0, :] = -polynomials[:, 1:]
    companion[:, np.arange(1, order), np.arange(order - 1)] = 1
    return np.linalg.eigvals(companion).astype(np.complex128, copy=False)


def turned(poles: NDArray[np.complex128], alpha: float) -> NDArray[np.complex128]:
    """Raise the angles of complex poles to the power `alpha`; real ones stay real."""
    angle = np.angle(poles)
    angle = np.where(poles.imag == 0, angle, np.sign(angle) * np.abs(angle) ** alpha)
    moved: NDArray[np.complex128] = np.minimum(np.abs(poles), FARTHEST_POLE) * np.exp(1j * angle)
    return moved


def from_roots(poles: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Multiply out polynomials with these roots, which come in conjugate pairs: float64, shape (frames, order + 1)."""
    frames, order = poles.shape
    product = np.zeros((frames, order + 1), np.complex128)
    product[:, 0] = 1
    for index in range(order):
        product[:, 1 : index + 2] -= poles[:, index : index + 1] * product[:, : index + 1]
    return product.real
