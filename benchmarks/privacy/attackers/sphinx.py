# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""PocketSphinx with the American English model of its package: what is said, with any words; PINs, with a grammar.

``pip install pocketsphinx==5.1.1``. A recogniser from before neural networks: what it hears is a lower bound.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from typing import Any, Literal

import numpy as np

from benchmarks.privacy.sentences import DIGITS
from model.tagger import Waveform

LEVEL_DBFS = -20.0
MOST_MODELS = 3000  # looked at in a frame; with all of them it takes twice as long
GRAMMAR = "#JSGF V1.0; grammar pin; public <pin> = <digit> <digit> <digit> <digit>; <digit> = "


def available() -> bool:
    """Say whether it can be imported."""
    return importlib.util.find_spec("pocketsphinx") is not None


class OpenVocabulary:
    """Writes down any words."""

    kind: Literal["transcriber"] = "transcriber"
    name = "pocketsphinx"

    def transcribe(self, sound: Waveform) -> list[str]:
        """Return the words."""
        return [word.partition("(")[0] for word in decode(_decoder(grammar=False), sound).lower().split()]


def pin(sound: Waveform) -> str:
    """Return the four digits that it hears, or nothing."""
    heard = decode(_decoder(grammar=True), sound).split()
    return "".join(str(DIGITS.index(word)) for word in heard if word in DIGITS)


def decode(decoder: Any, sound: Waveform) -> str:
    """Return what a decoder hears, at a level that suits it."""
    power = float(np.mean(sound.astype(np.float64) ** 2)) + 1e-12
    samples = np.clip(sound * (10 ** (LEVEL_DBFS / 20) / power**0.5), -1, 1)
    decoder.start_utt()
    decoder.process_raw((samples * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return found.hypstr if found else ""


@cache
def _decoder(*, grammar: bool) -> Any:
    pocketsphinx = importlib.import_module("pocketsphinx")

    if not grammar:
        return pocketsphinx.Decoder(loglevel="FATAL", maxhmmpf=MOST_MODELS)
    decoder = pocketsphinx.Decoder(loglevel="FATAL", lm=None)
    decoder.add_jsgf_string("pin", GRAMMAR + " | ".join(DIGITS) + ";")
    decoder.activate_search("pin")
    return decoder
