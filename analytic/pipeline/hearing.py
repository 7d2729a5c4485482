# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a tagger's stream gives, as the policy looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import to_samples, to_seconds
from analytic.events.judging import Look
from analytic.events.modes import Policies
from analytic.events.policy import Policy
from model.stream import Heard, StreamingTagger, Stride, TaggerStream

UNUSUAL = "unusual"
"""The class of unusual sound: nothing in a window alone says it, so its score is 0 unless somebody gives one."""


class Heads(Protocol):
    """Alarm heads: scores and embeddings of windows -> how likely each kind of alarm is."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the k kinds of alarm."""
        ...

    def __call__(self, scores: NDArray[np.float32], embeddings: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Return float32, shape (w, k), probabilities, for scores (w, 527) and embeddings (w, e)."""
        ...


class Hearing:
    """A tagger, its heads, and the policies of all modes.

    Parameters
    ----------
    tagger
        What hears.
    policies
        What is an alarm, by mode.
    heads
        The tagger's alarm heads; None where it has none.
    """

    def __init__(self, tagger: StreamingTagger, policies: Policies, heads: Heads | None = None) -> None:
        self.tagger = tagger
        self.policies = policies
        self._heads = heads
        self.strides = tuple(sorted(Stride(to_samples(length), to_samples(hop)) for length, hop in policies.windows))

    def stream(self, more: Iterable[Stride] = ()) -> TaggerStream:
        """Open a stream with the windows that the policies look at, and `more`."""
        return self.tagger.stream(tuple(dict.fromkeys((*self.strides, *more))))

    def head_scores(self, heard: Sequence[Heard]) -> Mapping[str, NDArray[np.float32]]:
        """Return the heads' answers, by class, shape (w,) each; empty without heads."""
        if self._heads is None or not heard:
            return {}
        scores, embeddings = (
            np.stack(part) for part in zip(*((one.scores, one.embedding) for one in heard), strict=True)
        )
        return dict(zip(self._heads.classes, self._heads(scores, embeddings).T, strict=True))

    def looks(
        self,
        policy: Policy,
        heard: Sequence[Heard],
        start_s: float,
        more: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> list[Look]:
        """Return windows as the policy looks at them.

        Parameters
        ----------
        heard
            w windows.
        start_s
            The time of the stream's first sample, on the policy's axis.
        more
            Scores by class, shape (w,), beside those of the heads.
        """
        if not heard:
            return []
        labels = np.stack([one.scores for one in heard])
        silent = {UNUSUAL: np.zeros(len(heard), np.float32)}
        scores = policy.class_scores(labels, {**silent, **self.head_scores(heard), **(more or {})})
        return [
            Look(
                start_s=start_s + to_seconds(one.window.start),
                stop_s=start_s + to_seconds(one.window.stop),
                window_s=to_seconds(one.stride.length),
                first=one.window.start == 0,
                scores=row,
                labels=one.scores,
            )
            for one, row in zip(heard, scores, strict=True)
        ]


def silenced(look: Look) -> Look:
    """Return a window of digital silence for the policy: nothing sounds in it, whatever the tagger made of it."""
    return look._replace(scores=np.zeros_like(look.scores))
