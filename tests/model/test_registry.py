# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path

import pytest

from model.errors import UnknownTagger
from model.registry import DEFAULT, PUBLISHED, by_sha256, published


def test_the_default_is_mn04_as_and_it_is_published() -> None:
    assert DEFAULT == "mn04_as"
    assert published(DEFAULT).sha256 == "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c"


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_tagger_is_known_by_its_cards_name_and_comes_over_https(name: str) -> None:
    tagger = published(name)
    assert tagger.card.name == name
    assert tagger.url.startswith("https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/")
    assert tagger.url.endswith("/" + tagger.filename)
    assert Path(tagger.filename).name == tagger.filename
    assert tagger.card.licence == "MIT"
    assert str(tagger.audioset_map) in tagger.card.description


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_pinned_sha256_is_64_hexadecimal_digits_and_finds_its_tagger(name: str) -> None:
    tagger = published(name)
    assert re.fullmatch(r"[0-9a-f]{64}", tagger.sha256)
    assert by_sha256(tagger.sha256) is tagger


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownTagger, match="unknown tagger 'mn99'; known: mn04_as, mn10_as"):
        published("mn99")


@pytest.mark.parametrize("sha256", ["", "0" * 64, "None"])
def test_an_unknown_sha256_belongs_to_no_tagger(sha256: str) -> None:
    assert by_sha256(sha256) is None


def test_what_is_published_cannot_be_changed_by_accident() -> None:
    field = "sha256"
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(published(DEFAULT), field, "")


def test_the_pins_are_those_of_the_published_file(weights: Path) -> None:
    tagger = published("mn04_as")
    content = (weights / tagger.filename).read_bytes()
    assert tagger.size_bytes == len(content)
    assert tagger.sha256 == hashlib.sha256(content).hexdigest()
