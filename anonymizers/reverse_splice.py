# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Reversal and splicing: speech backwards in short pieces, and these in another order.

What is voice-like, or all sound where no gate is given, is cut at random into pieces of 100 to 250 ms; each piece is
reversed in time, the pieces of some 2 s change places, and they are joined with cross-fades. A spectrum stays what it
was, so what is not speech is still heard. Source: M. Tailleur et al. on segment-wise waveform reversal (arXiv
2507.08412, 2025), with the splicing of F. Burkhardt et al., "Masking speech contents by random splicing" (ICASSP 2023).

Differences: there a separator takes the speech out of the mixture first; here a gate says when there is speech, and
what sounds at the same time is reversed with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymizers.base import Anonymized, Guarantee, Nothing, RandomBytes, Waveform, os_random
from anonymizers.laplace_noise import uniforms
from anonymizers.ranges import in_range
from anonymizers.repeatable import chance

Gate = Callable[[Waveform, int], NDArray[np.bool_]]
"""Takes a waveform and its rate in Hz; returns for each sample whether it is voice-like: bool, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of a sound in a new order, which together are as long as the sound.

    Attributes
    ----------
    starts, lengths
        intp, shape (k,): where each lies in the sound it is taken from, and its length, >= 1, in samples.
    turned
        bool, shape (k,): whether it is played backwards.
    """

    starts: NDArray[np.intp]
    lengths: NDArray[np.intp]
    turned: NDArray[np.bool_]


class ReverseSplice:
    """Reverse short pieces and shuffle them within groups.

    Parameters
    ----------
    shortest_s, longest_s
        Length of a piece in seconds, 0.05 to 0.5, the longest at least twice the shortest. Shorter only is a region
        that is shorter itself.
    group_s
        Length of the groups in which pieces change places, in seconds, 0.5 to 10.
    fade_s
        Length of a cross-fade in seconds, 0 to 0.05.
    gate
        Says what is voice-like; the rest is left as it was. Without one all sound is taken for voice.
    random_bytes
        Where cuts and orders come from.
    secret
        Where it is given, they come from it and the clip, and are the same for the same clip.
    """

    keeps_time = False
    guarantee: Guarantee = Nothing()  # attacked, and found to hide little: benchmarks/results/privacy.json

    def __init__(
        self,
        name: str = "reverse_splice",
        shortest_s: float = 0.1,
        longest_s: float = 0.25,
        group_s: float = 2.0,
        fade_s: float = 0.01,
        gate: Gate | None = None,
        random_bytes: RandomBytes = os_random,
        secret: bytes | None = None,
    ) -> None:
        self._shortest_s = in_range("shortest piece", shortest_s, 0.05, 0.25, "s")
        self._longest_s = in_range("longest piece", longest_s, 2 * shortest_s, 0.5, "s")
        self._group_s = in_range("group of pieces", group_s, 0.5, 10, "s")
        self._fade_s = in_range("cross-fade", fade_s, 0, 0.05, "s")
        self.name = name
        where = "all sound" if gate is None else "what its gate takes for speech"
        self.hides = (
            f"Words, in {where}: pieces of {1000 * shortest_s:g} to {1000 * longest_s:g} ms are reversed and change "
            f"places within {group_s:g} s."
        )
        missed = "" if gate is None else "speech that the gate misses is left as it was, "
        self.leaks = (
            f"The speaker's voice is untouched, {missed}and pieces can be turned and put back in part by who finds "
            "the cuts."
        )
        self._gate = gate
        self._random_bytes, self._secret = random_bytes, secret
        self._purpose = f"reverse splice {shortest_s!r} {longest_s!r} {group_s!r}"

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        """Reverse and splice; a warning says where nothing was found to reverse."""
        voiced = self._regions(waveform, sample_rate_hz)
        if not len(voiced):
            return Anonymized(waveform, (f"{self.name} changed nothing: its gate found no speech",))
        draw = chance(self._random_bytes, self._secret, waveform, self._purpose)
        parts, at = [], 0
        for start, stop in voiced:
            parts.append(_as_it_was(at, start))
            parts.append(self._spliced(start, stop, sample_rate_hz, draw))
            at = stop
        parts.append(_as_it_was(at, waveform.size))
        pieces = Pieces(
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.lengths for part in parts]),
            np.concatenate([part.turned for part in parts]),
        )
        return Anonymized(render(waveform, pieces, round(self._fade_s * sample_rate_hz / 2)))

    def _regions(self, waveform: Waveform, sample_rate_hz: int) -> NDArray[np.intp]:
        """Return start and stop of what is voice-like, shape (k, 2); gaps that a cross-fade would fill are closed."""
        if self._gate is None:
            return np.array([[0, waveform.size]])
        mask = self._gate(waveform, sample_rate_hz)
        if mask.shape != waveform.shape or mask.dtype != np.bool_:
            raise ValueError(f"a gate gives bool of shape {waveform.shape}, found {mask.dtype} of shape {mask.shape}")
        edges = np.flatnonzero(np.diff(mask, prepend=False, append=False)).reshape(-1, 2)
        if not len(edges):
            return edges
        apart = edges[1:, 0] - edges[:-1, 1] >= max(1, round(self._fade_s * sample_rate_hz))
        return np.stack((edges[np.append(True, apart), 0], edges[np.append(apart, True), 1]), axis=1)

    def _spliced(self, start: int, stop: int, sample_rate_hz: int, draw: RandomBytes) -> Pieces:
        shortest = max(1, round(self._shortest_s * sample_rate_hz))
        edges = cuts(stop - start, shortest, max(2 * shortest, round(self._longest_s * sample_rate_hz)), draw)
        order = shuffled_in_groups(edges, self._group_s * sample_rate_hz, draw)
        return Pieces(start + edges[:-1][order], np.diff(edges)[order], np.ones(len(order), bool))


def _as_it_was(start: int, stop: int) -> Pieces:
    some = int(stop > start)
    return Pieces(np.full(some, start), np.full(some, stop - start), np.zeros(some, bool))


def cuts(samples: int, shortest: int, longest: int, random_bytes: RandomBytes) -> NDArray[np.intp]:
    """Cut `samples` into pieces of `shortest` to `longest`, 2 * shortest <= longest; a shorter whole is one piece.

    Returns
    -------
    NDArray
        intp, shape (pieces + 1,): the edges, from 0 to `samples`.
    """
    drawn = uniforms(samples // shortest + 1, random_bytes)
    edges = np.cumsum(shortest + np.floor(drawn * (longest - shortest + 1)).astype(np.intp))
    edges = np.concatenate(([0], edges[edges <= samples - shortest], [samples]))
    if edges[-1] - edges[-2] > longest:  # what remains is shorter than both together: two halves
        edges = np.insert(edges, -1, (edges[-2] + edges[-1]) // 2)
    return edges


def shuffled_in_groups(edges: NDArray[np.intp], group: float, random_bytes: RandomBytes) -> NDArray[np.intp]:
    """Draw an order in which pieces change places with those of their group only: intp, shape (pieces,).

    The whole has as many groups, of one length, as come nearest to `group` samples each; a piece belongs where its
    middle lies.
    """
    groups = max(1, round(edges[-1] / group))
    member = (edges[:-1] + edges[1:]) * groups // (2 * edges[-1])
    return np.lexsort((uniforms(len(member), random_bytes), member))


def render(waveform: Waveform, pieces: Pieces, fade: int) -> Waveform:
    """Play the pieces one after the other, cross-faded over up to `fade` samples either side of each joint.

    In a cross-fade both pieces go on into what lay beside them in the sound they are taken from. Weights add up to 1,
    so no sample becomes louder than the loudest there was.
    """
    begins = np.cumsum(pieces.lengths) - pieces.lengths
    step = np.where(pieces.turned, -1, 1)
    first = np.where(pieces.turned, pieces.starts + pieces.lengths - 1, pieces.starts)
    base = first - step * begins  # sample `at` of the answer comes from base + step * at
    of = np.repeat(np.arange(len(begins)), pieces.lengths)
    answer: Waveform = waveform[base[of] + step[of] * np.arange(waveform.size)]
    if fade < 1 or len(begins) < 2:
        return answer
    offset = np.arange(-fade, fade)
    reach = np.minimum(np.minimum(pieces.lengths[:-1], pieces.lengths[1:]) // 2, fade)[:, np.newaxis]
    joint, which = np.nonzero((offset >= -reach) & (offset < reach))
    at = begins[1:][joint] + offset[which]
    left, right = (
        waveform[np.clip(base[piece] + step[piece] * at, 0, waveform.size - 1)] for piece in (joint, joint + 1)
    )
    weight = 0.5 + 0.5 * np.sin(np.pi / 2 * (offset[which] + 0.5) / reach[joint, 0])
    answer[at] = left + weight * (right - left)
    return answer
