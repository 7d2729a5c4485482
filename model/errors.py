# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What can go wrong in `model`: one tree, drawn here.

ModelError
    BadWaveform         an array that is not what the docstring asks for
    BadCheckpoint       a checkpoint that cannot be read, or does not fit the network
    UnknownTagger       a name that the registry does not know
    TaggerNotInstalled  a known tagger without its file on this machine
    BadTaggerFile       an installed file whose checksum or shape is wrong
    FetchFailed         a download that did not come, or came with the wrong checksum
    ConverterMissing    turning a checkpoint into LiteRT needs the tensorflow extra
"""

from __future__ import annotations

from collections.abc import Sequence


class ModelError(Exception):
    """Anything that `model` refuses or cannot do; the message is one line for a person."""


class BadWaveform(ModelError, ValueError):
    """A waveform that breaks the contract "float32, shape (n,), mono, 16 000 Hz, within -1..1"."""


class BadCheckpoint(ModelError):
    """A checkpoint that cannot be read safely, or whose tensors do not fit the network."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot use the checkpoint {path}: {reason}")
        self.path, self.reason = path, reason


class UnknownTagger(ModelError):
    """A tagger name that the registry does not know."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"unknown tagger {name!r}; known: {', '.join(known)}")
        self.name, self.known = name, tuple(known)


class TaggerNotInstalled(ModelError):
    """A tagger that is known, but whose file is not on this machine."""

    def __init__(self, name: str, folder: str) -> None:
        super().__init__(
            f"the tagger {name} is not installed in {folder}: run `hearken model fetch {name}`, "
            f"or `hearken model install FILE` with its published checkpoint or a converted .tflite"
        )
        self.name, self.folder = name, folder


class BadTaggerFile(ModelError):
    """An installed or offered tagger file that is not what it should be."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot use the tagger file {path}: {reason}")
        self.path, self.reason = path, reason


class FetchFailed(ModelError):
    """A published checkpoint that could not be had whole."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"could not fetch {name}: {reason}; nothing was changed")
        self.name, self.reason = name, reason


class ConverterMissing(ModelError):
    """Conversion was asked for where TensorFlow is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "turning a checkpoint into a LiteRT file needs the tensorflow extra: "
            'pip install "hearken[tensorflow]", or install a .tflite converted elsewhere; nothing was changed'
        )
