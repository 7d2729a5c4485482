# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from model.errors import BadWaveform
from model.fake import FAKE_CARD, FakeTagger
from model.labels import index_of
from model.stream import StreamingTagger, Stride
from model.tagger import Tagger, TaggerCard, Waveform, Window, plan_windows


def loudness(piece: Waveform) -> Mapping[str, float]:
    return {"Speech": float(np.abs(piece).max())}


def test_it_is_a_tagger() -> None:
    tagger: Tagger = FakeTagger(loudness)
    assert tagger.card is FAKE_CARD


def test_a_class_that_the_function_names_gets_its_score_and_every_other_0() -> None:
    tagged = FakeTagger.always({"Speech": 0.25, "/m/01y3hg": 0.9}).tag(np.zeros(10, np.float32))
    assert tagged.scores.shape == (1, 527)
    assert tagged.scores.dtype == np.float32
    assert tagged.scores[0, index_of("/m/09x0r")] == np.float32(0.25)
    assert tagged.scores[0, index_of("/m/01y3hg")] == np.float32(0.9)
    assert np.count_nonzero(tagged.scores) == 2


def test_every_window_is_heard_on_its_own() -> None:
    waveform = np.linspace(0, 1, 17 * 16_000, dtype=np.float32)
    tagged = FakeTagger(loudness).tag(waveform)
    assert tagged.windows == plan_windows(waveform.size)
    assert tagged.scores[:, 0].tolist() == [float(waveform[window.stop - 1]) for window in tagged.windows]


def test_windows_may_be_chosen() -> None:
    windows = [Window(2, 4), Window(0, 10)]
    tagged = FakeTagger(loudness).tag(np.linspace(0, 0.9, 10, dtype=np.float32), windows)
    assert tagged.windows == (Window(2, 4), Window(0, 10))
    assert np.allclose(tagged.scores[:, 0], [0.3, 0.9])


def test_the_embedding_is_rms_and_peak() -> None:
    tagged = FakeTagger.always({}).tag(np.array([0.6, -0.8], np.float32))
    assert np.allclose(tagged.embeddings, [[np.sqrt(0.5), 0.8]])
    assert tagged.embeddings.dtype == np.float32


def test_a_class_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="no AudioSet class is called 'Dragon'"):
        FakeTagger.always({"Dragon": 1.0}).tag(np.zeros(1, np.float32))


def test_it_refuses_what_a_real_tagger_refuses() -> None:
    with pytest.raises(BadWaveform):
        FakeTagger(loudness).tag(np.full(4, 1.5, np.float32))


def test_it_may_speak_under_another_name() -> None:
    card = TaggerCard("other", "1", "", "", "")
    assert FakeTagger(loudness, card).card is card


def test_it_hears_endless_sound_window_by_window() -> None:
    tagger: StreamingTagger = FakeTagger(loudness)
    rising, stride = np.linspace(0, 1, 4_000, dtype=np.float32), Stride(1_600, 800)
    stream = tagger.stream((stride,))
    heard = stream.push(rising[:1_000]) + stream.push(rising[1_000:]) + stream.finish()
    assert [one.window for one in heard] == [Window(at, at + 1_600) for at in (0, 800, 1_600, 2_400)]
    assert [one.scores[0] for one in heard] == [rising[one.window.stop - 1] for one in heard]
    assert {one.stride for one in heard} == {stride}


def test_its_streams_do_not_hear_each_other() -> None:
    tagger, stride = FakeTagger(loudness), Stride(1_600, 1_600)
    loud, quiet = tagger.stream((stride,)), tagger.stream((stride,))
    assert loud.push(np.full(1_000, 0.9, np.float32)) == quiet.push(np.full(1_000, 0.1, np.float32)) == []
    (one,), (other,) = loud.push(np.full(600, 0.8, np.float32)), quiet.push(np.full(600, 0.2, np.float32))
    assert (one.scores[0], other.scores[0]) == (np.float32(0.9), np.float32(0.2))
