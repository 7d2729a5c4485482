# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What leaks does not grow unnoticed: a small attack on every method, held to what the whole benchmark measured."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from benchmarks import report
from benchmarks.privacy import quick, synthesis
from benchmarks.privacy.attackers import words
from benchmarks.privacy.clips import MAIN
from benchmarks.privacy.material import Spoken
from benchmarks.privacy.methods import names

MARGIN = 0.15  # twenty clips: three of them

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Spoken, words.Templates]]:
    if shutil.which("espeak-ng") is None:
        pytest.skip("synthetic speech needs espeak-ng: apt-get install espeak-ng")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(synthesis, "CACHE", tmp_path_factory.mktemp("speech"))
        yield quick.material()


def test_clean_sentences_are_identified(material: tuple[Spoken, words.Templates]) -> None:
    assert quick.identified("none", *material) >= 0.95


def test_the_one_second_shuffle_is_broken(material: tuple[Spoken, words.Templates]) -> None:
    assert quick.identified("scrample", *material) >= 0.8


@pytest.mark.parametrize("name", [name for name in names() if name not in ("none", "scrample")])
def test_a_method_leaks_no_more_than_was_measured(name: str, material: tuple[Spoken, words.Templates]) -> None:
    try:
        measured = report.read("privacy")["methods"]
    except FileNotFoundError:
        measured = {}
    if name not in measured:
        pytest.skip(f"{name} does not stand in benchmarks/results/privacy.json yet: make bench-privacy")
    allowed = measured[name]["sentences"][MAIN.name]["identified"]
    assert quick.identified(name, *material) <= allowed + MARGIN
