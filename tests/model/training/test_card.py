# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import numpy as np
import pytest

from model.litert import LiteRtTagger
from model.tagger import TaggerCard
from model.training import card

MOST_BYTES = 3_000_000


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((card.WEIGHTS / card.FACTS).read_text(encoding="utf-8"))
    return read


def test_the_card_is_what_its_numbers_make_it(facts: dict[str, Any]) -> None:
    assert (card.WEIGHTS / card.CARD).read_text(encoding="utf-8") == card.text(facts)


def test_another_number_makes_another_card(facts: dict[str, Any]) -> None:
    changed = copy.deepcopy(facts)
    changed["evaluation"]["agreement"]["top_1_in_reference_top_5"] = 0.1234
    assert "12.3 %" in card.text(changed)
    assert "| no |" in card.text(changed)


def test_the_file_is_the_one_that_was_measured(facts: dict[str, Any]) -> None:
    content = (card.WEIGHTS / facts["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == facts["sha256"]
    assert len(content) == facts["bytes"] <= MOST_BYTES


def test_the_bundled_tagger_opens_and_hears(facts: dict[str, Any]) -> None:
    tagger = LiteRtTagger.open(card.WEIGHTS / facts["file"], TaggerCard(**facts["card"]), lanes=1)
    time = np.arange(160_000) / 16_000
    sounding = (time % 4.0 < 3.0) & (time % 1.0 < 0.5)  # temporal-three: 0.5 s on and off, three times, then 1.5 s
    smoke_alarm = (0.25 * np.sign(np.sin(2 * np.pi * 3100 * time)) * sounding).astype(np.float32)
    noise = np.random.default_rng(1).normal(0, 0.001, time.size).astype(np.float32)
    index = 399  # Smoke detector, smoke alarm
    heard, quiet = (tagger.tag(sound).scores[0] for sound in (smoke_alarm + noise, noise))
    assert heard[index] > 0.1 > 10 * quiet[index]
