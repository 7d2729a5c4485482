# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Run a tagger over clips and scenes: what it gives for each window, and what the window means to each alarm.

A window of a scene is cut from the scene's log-mel, not from its samples: the frames at its edges hear what lies
beyond, as they do in live sound, and nothing is padded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.frontend import HOP_SAMPLES, LogMel
from model.heads.clips import NEGATIVE, POSITIVE, UNKNOWN, Status
from model.heads.library import Library
from model.heads.scenes import FRAME, Scene
from model.litert import sigmoid
from model.tagger import SAMPLE_RATE_HZ, Scores, Tagged, Waveform

INSIDE, OUTSIDE = 0.3, 0.02
_FRAMES_AT_ONCE = 1000
_PARTS = 8


class Network(Protocol):
    """What scores log-mels and clips: a `model.litert.LiteRtTagger`."""

    def tag(self, waveform: Waveform) -> Tagged:
        """Score a clip."""
        ...

    def logits(self, log_mel: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the network alone: float32 (b, frames, 128) -> logits (b, 527) and embeddings (b, e)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """n windows that a tagger heard.

    Attributes
    ----------
    scores, embeddings
        float32, shapes (n, 527) and (n, e).
    status
        int8, shape (n, k), what each means to each of `clips.ALARMS`.
    parts
        int32, shape (n, 8), the clips of the library heard in it, backgrounds first, then -1.
    seconds
        float32, shape (n,), the window's length.
    """

    scores: Scores
    embeddings: NDArray[np.float32]
    status: Status
    parts: NDArray[np.int32]
    seconds: NDArray[np.float32]

    def __len__(self) -> int:
        """Return n."""
        return len(self.scores)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Windows:
        """Return some of them."""
        return Windows(*(getattr(self, field.name)[which] for field in fields(self)))


def joined(pieces: Sequence[Windows]) -> Windows:
    """Put windows one after another."""
    return Windows(*(np.concatenate([getattr(one, field.name) for one in pieces]) for field in fields(Windows)))


def of_clips(network: Network, library: Library, chosen: Sequence[int]) -> Windows:
    """Tag whole clips at their true length."""
    tagged = [network.tag(library.waveform(index)) for index in chosen]
    parts = np.full((len(chosen), _PARTS), -1, np.int32)
    parts[:, 0] = chosen
    return Windows(
        np.concatenate([one.scores[:1] for one in tagged]),
        np.concatenate([one.embeddings[:1] for one in tagged]),
        library.status[list(chosen)],
        parts,
        np.array([library.samples[index].size / SAMPLE_RATE_HZ for index in chosen], np.float32),
    )


def of_scenes(network: Network, library: Library, scenes: Iterable[Scene], seconds: float, hop_s: float) -> Windows:
    """Tag windows of `seconds`, one every `hop_s`, of each scene."""
    front_end = LogMel()
    length = round(seconds * SAMPLE_RATE_HZ) // HOP_SAMPLES
    hop = round(hop_s * SAMPLE_RATE_HZ) // HOP_SAMPLES
    pieces = []
    for scene in scenes:
        log_mel = front_end(scene.waveform)
        starts = range(0, len(log_mel) - length + 1, hop)
        cut = np.stack([log_mel[start : start + length] for start in starts])
        spans = [(start * HOP_SAMPLES / FRAME, (start + length) * HOP_SAMPLES / FRAME) for start in starts]
        meanings, parts = zip(*(_meaning(library, scene, *span) for span in spans), strict=True)
        logits, embeddings = _run(network, cut)
        lengths = np.full(len(spans), seconds, np.float32)
        pieces.append(Windows(sigmoid(logits), embeddings, np.stack(meanings), np.stack(parts), lengths))
    return joined(pieces)


def _run(network: Network, log_mel: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    step = max(1, _FRAMES_AT_ONCE // log_mel.shape[1])
    done = [network.logits(log_mel[first : first + step]) for first in range(0, len(log_mel), step)]
    return np.concatenate([logits for logits, _ in done]), np.concatenate([embeddings for _, embeddings in done])


def _meaning(library: Library, scene: Scene, first: float, last: float) -> tuple[Status, NDArray[np.int32]]:
    """Say what the frames of 50 ms from `first` to `last` mean to each alarm, and which clips are heard there."""
    meaning = np.full(library.status.shape[1], NEGATIVE, np.int8)
    heard = list(scene.backgrounds)
    for background in scene.backgrounds:
        meaning[library.status[background] != NEGATIVE] = UNKNOWN
    shares = [(one.clip, one.share(first, last)) for one in scene.placed]
    for clip, share in shares:
        if share > 0.0:
            heard.append(clip)
        if share > OUTSIDE:
            meaning[library.status[clip] != NEGATIVE] = UNKNOWN
    for clip, share in shares:
        if share >= INSIDE:
            meaning[library.status[clip] == POSITIVE] = POSITIVE
    parts = np.full(_PARTS, -1, np.int32)
    parts[: len(heard)] = heard[:_PARTS]
    return meaning, parts
