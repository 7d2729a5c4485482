# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import inspect
import re

import pytest

from model import errors
from model.errors import (
    BadCheckpoint,
    BadTaggerFile,
    BadWaveform,
    ConverterMissing,
    FetchFailed,
    ModelError,
    TaggerNotInstalled,
    UnknownTagger,
)

EVERY = [
    BadWaveform("a waveform is short"),
    BadCheckpoint("a.pt", "reason"),
    UnknownTagger("x", ["a", "b"]),
    TaggerNotInstalled("mn04_as", "/models"),
    BadTaggerFile("a.tflite", "reason"),
    FetchFailed("mn04_as", "reason"),
    ConverterMissing(),
]


def test_the_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    drawn = re.findall(r"^    (\w+)  ", errors.__doc__ or "", flags=re.MULTILINE)
    written = [name for name, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
    assert sorted([*drawn, "ModelError"]) == sorted(written)


def test_every_error_of_the_tree_is_a_model_error_and_shown_here() -> None:
    assert {type(error) for error in EVERY} == set(ModelError.__subclasses__())


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_a_message_is_one_line(error: ModelError) -> None:
    assert str(error)
    assert "\n" not in str(error)


def test_errors_carry_their_facts() -> None:
    checkpoint, file = BadCheckpoint("a.pt", "no zip"), BadTaggerFile("a.tflite", "no model")
    assert (checkpoint.path, checkpoint.reason, str(checkpoint)) == (
        "a.pt",
        "no zip",
        "cannot use the checkpoint a.pt: no zip",
    )
    assert (file.path, file.reason, str(file)) == (
        "a.tflite",
        "no model",
        "cannot use the tagger file a.tflite: no model",
    )
    fetch = FetchFailed("mn04_as", "HTTP 404")
    assert (fetch.name, fetch.reason) == ("mn04_as", "HTTP 404")
    assert str(fetch) == "could not fetch mn04_as: HTTP 404; nothing was changed"


def test_an_unknown_tagger_lists_the_known_ones() -> None:
    error = UnknownTagger("mn99", ["a", "b"])
    assert (error.name, error.known) == ("mn99", ("a", "b"))
    assert str(error) == "unknown tagger 'mn99'; known: a, b"


def test_a_tagger_that_is_not_installed_names_the_command_that_fetches_it() -> None:
    error = TaggerNotInstalled("mn04_as", "/models")
    assert (error.name, error.folder) == ("mn04_as", "/models")
    assert "hearken model fetch mn04_as" in str(error)
    assert "/models" in str(error)


def test_a_missing_converter_names_the_extra_and_the_way_round_it() -> None:
    assert "hearken[tensorflow]" in str(ConverterMissing())
    assert ".tflite" in str(ConverterMissing())
