# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Who spoke: compare what a voice reader makes of two sounds, plainly or as a discriminant of voices weighs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.privacy.attackers.embeddings import Embeddings
from benchmarks.privacy.features import voice_statistics
from model.tagger import Waveform

SHRINKAGE = 0.1


class Statistics:
    """The small reader: means and deviations of cepstra and spectrum. Needs nothing but NumPy."""

    kind: Literal["voice"] = "voice"
    name = "statistics"

    def embed(self, sounds: Sequence[Waveform]) -> Embeddings:
        """Return float64, shape (sounds, 99)."""
        return np.stack([voice_statistics(sound) for sound in sounds])


class Discriminant(NamedTuple):
    """A linear map after which the same voice stays together and different voices lie apart."""

    centre: Embeddings
    weights: Embeddings

    def __call__(self, embeddings: Embeddings) -> Embeddings:
        """Map shape (n, d) to (n, r)."""
        return (embeddings - self.centre) @ self.weights


def fit(embeddings: Embeddings, who: NDArray[np.int64]) -> Discriminant:
    """Fit a linear discriminant (R. Fisher, Annals of Eugenics 7, 1936), its scatter within voices shrunk to a sphere.

    Parameters
    ----------
    embeddings
        float64, shape (n, d).
    who
        int64, shape (n,), the voice of each; the more voices the better.
    """
    spread = embeddings.std(axis=0) + 1e-6 * (embeddings.std() + 1e-12)
    scaled = (embeddings - embeddings.mean(axis=0)) / spread
    names, which = np.unique(who, return_inverse=True)
    means = np.stack([scaled[which == index].mean(axis=0) for index in range(names.size)])
    within = np.cov((scaled - means[which]).T)
    size = within.shape[0]
    within = (1 - SHRINKAGE) * within + (SHRINKAGE * np.trace(within) / size + 1e-9) * np.eye(size)
    values, vectors = np.linalg.eigh(within)
    whitening = vectors / np.sqrt(values)
    between = np.cov((means @ whitening).T)
    values, vectors = np.linalg.eigh(between)
    kept = vectors[:, ::-1][:, : min(names.size - 1, size)] * np.sqrt(np.maximum(values[::-1][: names.size - 1], 0))
    weights = (whitening @ kept) / spread[:, None]
    return Discriminant(embeddings.mean(axis=0), weights)


def cosines(enrolled: Embeddings, trials: Embeddings) -> NDArray[np.float64]:
    """Compare voices on file with sounds on trial.

    Parameters
    ----------
    enrolled
        float64, shape (voices, d): the mean of each voice's recordings on file.
    trials
        float64, shape (voices, trials, d), of the same voices.

    Returns
    -------
    numpy.ndarray
        float64, shape (voices on file, voices on trial, trials).
    """
    on_file = enrolled / (np.linalg.norm(enrolled, axis=-1, keepdims=True) + 1e-12)
    on_trial = trials / (np.linalg.norm(trials, axis=-1, keepdims=True) + 1e-12)
    scores: NDArray[np.float64] = np.einsum("ed,vtd->evt", on_file, on_trial)
    return scores
