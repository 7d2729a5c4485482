# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest

from benchmarks.privacy.attackers import ge2e
from benchmarks.privacy.clips import SENTENCE_S, Condition, at_level, in_clip, trimmed
from benchmarks.privacy.methods import ATTACKER, HOUSEHOLD, Method, known_as, names
from benchmarks.privacy.sentences import SENTENCES, STOP_WORDS, pins, spoken, words
from benchmarks.privacy.synthesis import different
from benchmarks.scenes.levels import active_level_dbfs

TALK = np.sin(np.arange(40_000) * 0.1).astype(np.float32)


def test_of_voices_that_are_alike_the_first_is_taken() -> None:
    similarity = np.array([[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]])
    assert different(similarity, 3, similar=0.8) == [0, 2]
    assert different(similarity, 1, similar=0.8) == [0]


@pytest.mark.parametrize("condition", [Condition(-32.0), Condition(-14.0, room=True)], ids=lambda one: one.name)
def test_speech_comes_at_its_level_whatever_the_room(condition: Condition) -> None:
    assert active_level_dbfs(at_level(TALK, condition)) == pytest.approx(condition.level_dbfs, abs=0.5)


def test_clips_are_equally_long_whatever_is_said() -> None:
    for talk in (TALK, TALK[:500], np.tile(TALK, 4)):
        assert in_clip(talk, SENTENCE_S, seed=1).size == SENTENCE_S * 16_000


def test_trimming_takes_off_silence_and_leaves_silence_alone() -> None:
    quiet = np.zeros(8000, np.float32)
    assert trimmed(np.concatenate([quiet, TALK, quiet])).size == pytest.approx(TALK.size, abs=320)
    assert trimmed(quiet).size == quiet.size


def test_there_are_twenty_sentences_and_each_has_words_that_matter() -> None:
    assert len(set(SENTENCES)) == 20
    assert all(len(set(words(one)) - STOP_WORDS) >= 3 for one in SENTENCES)


def test_pins_differ_and_are_read_digit_by_digit() -> None:
    assert len(set(pins(100))) == 100
    assert spoken("4719") == "four seven one nine"


def test_each_method_is_attacked_once() -> None:
    assert "none" in names()
    assert "scramble" not in names()
    assert known_as("anonymizers.scramble:SegmentShuffle") == "scrample"


def test_the_attacker_has_another_key_and_a_run_can_be_repeated() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32)
    ours, again, theirs = (Method("dp_noise", key)(sound) for key in (HOUSEHOLD, HOUSEHOLD, ATTACKER))
    assert np.array_equal(ours, again)
    assert not np.array_equal(ours, theirs)


def test_a_recurrent_layer_with_open_gates_counts_its_steps() -> None:
    bias = np.full(4 * ge2e.HIDDEN, 30, np.float32)
    bias[2 * ge2e.HIDDEN : 3 * ge2e.HIDDEN] = 0.25
    into, back = np.zeros((40, bias.size), np.float32), np.zeros((ge2e.HIDDEN, bias.size), np.float32)
    found = ge2e.lstm(np.zeros((1, 5, 40), np.float32), into, back, bias)
    assert found[0, :, 0] == pytest.approx(np.tanh(np.arange(1, 6) * np.tanh(0.25)), abs=1e-5)


def test_every_mel_filter_hears_something() -> None:
    filters = ge2e.slaney_filters()
    assert filters.shape == (40, 201)
    assert (filters.sum(axis=1) > 0).all()


def test_a_short_sound_is_one_piece_and_a_long_one_is_cut_twice_in_its_length() -> None:
    assert [one.shape for one in ge2e.cut(np.ones((90, 40), np.float32))] == [(160, 40)]
    assert len(ge2e.cut(np.ones((320, 40), np.float32))) == 3
