# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What an attacker is, and which there are.

An installed package adds its own through the entry point group ``hearken.attackers``: a callable without arguments that
returns a `Transcriber` or a `VoiceReader`. They listen to the same sounds as ours, after the same inverters.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Literal, Protocol

from benchmarks.privacy.attackers.embeddings import Embeddings
from model.tagger import Waveform

GROUP = "hearken.attackers"


class Transcriber(Protocol):
    """Writes down what is said."""

    kind: Literal["transcriber"]
    name: str

    def transcribe(self, sound: Waveform) -> list[str]:
        """Return the words, in lower case, of float32, shape (n,), 16 000 Hz, within -1..1."""
        ...


class VoiceReader(Protocol):
    """Tells voices apart."""

    kind: Literal["voice"]
    name: str

    def embed(self, sounds: Sequence[Waveform]) -> Embeddings:
        """Return float64, shape (sounds, d), d of the reader's choice, of float32 waveforms at 16 000 Hz."""
        ...


def plugged_in() -> list[Transcriber | VoiceReader]:
    """Return the attackers of installed packages."""
    return [one.load()() for one in entry_points(group=GROUP)]


def transcribers() -> list[Transcriber]:
    """Return ours, if its package is here, and those of other packages."""
    from benchmarks.privacy.attackers.sphinx import OpenVocabulary, available

    ours: list[Transcriber] = [OpenVocabulary()] if available() else []
    return ours + [one for one in plugged_in() if one.kind == "transcriber"]


def voice_readers() -> list[VoiceReader]:
    """Return ours, those whose weights are here, and those of other packages."""
    from benchmarks.privacy.attackers.ge2e import VoiceEncoder, weights_file
    from benchmarks.privacy.attackers.voices import Statistics

    ours: list[VoiceReader] = [Statistics()]
    if (weights := weights_file()) is not None:
        ours.append(VoiceEncoder(weights))
    return ours + [one for one in plugged_in() if one.kind == "voice"]
