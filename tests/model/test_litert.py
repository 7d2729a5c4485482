# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from model import litert
from model.errors import BadTaggerFile, BadWaveform
from model.frontend import LogMel
from model.labels import labels
from model.litert import LiteRtTagger, sigmoid
from model.store import Installed
from model.tagger import Tagged, Tagger, TaggerCard, Window, plan_windows, top

CARD = TaggerCard("tiny", "1", "made-up weights", "MIT", "tests")
Waveform = NDArray[np.float32]


def sound(samples: int, seed: int = 1) -> Waveform:
    """Noise that swells and fades, so that no two windows of it are alike."""
    swell = 0.1 + 0.1 * np.sin(np.arange(samples) / 9_000 + seed)
    return (swell * np.random.default_rng(seed).uniform(-1, 1, samples)).astype(np.float32)


def same(found: Tagged, wanted: Tagged, within: float = 1e-5) -> bool:
    return (
        found.windows == wanted.windows
        and float(np.abs(found.scores - wanted.scores).max()) < within
        and float(np.abs(found.embeddings - wanted.embeddings).max()) < within
    )


def direct(tagger: LiteRtTagger, waveform: Waveform, times: int = 1) -> NDArray[np.float32]:
    """Scores of a waveform whose log-mel is heard so many times in a row."""
    log_mel = np.tile(LogMel()(waveform), (times, 1))
    scores: NDArray[np.float32] = expit(tagger.logits(log_mel[None])[0][0])
    return scores


def test_it_is_a_tagger_that_says_who_speaks(tiny: LiteRtTagger) -> None:
    tagger: Tagger = tiny
    assert tagger.card == CARD


def test_a_clip_gives_a_row_of_527_probabilities_a_window(tiny: LiteRtTagger) -> None:
    tagged = tiny.tag(sound(17 * 16_000))
    assert tagged.windows == plan_windows(17 * 16_000)
    assert (tagged.scores.shape, tagged.scores.dtype) == ((3, 527), np.dtype(np.float32))
    assert (tagged.embeddings.shape, tagged.embeddings.dtype) == ((3, 192), np.dtype(np.float32))
    assert (tagged.scores >= 0).all()
    assert (tagged.scores <= 1).all()
    assert np.abs(tagged.scores[0] - tagged.scores[1]).max() > 1e-3


def test_scores_are_the_networks_answer_to_the_front_end(tiny: LiteRtTagger) -> None:
    waveform = sound(40_000)
    assert np.abs(tiny.tag(waveform).scores[0] - direct(tiny, waveform)).max() < 1e-5


def test_windows_in_one_batch_score_as_one_by_one(tiny: LiteRtTagger) -> None:
    waveform = sound(320_000)
    windows = plan_windows(waveform.size, 32_000, 16_000)
    assert len(windows) > 3 * (litert.BATCH_SAMPLES // 32_000)
    together = tiny.tag(waveform, windows)
    alone = [tiny.tag(waveform, [window]) for window in windows]
    wanted = Tagged(
        windows,
        np.concatenate([tagged.scores for tagged in alone]),
        np.concatenate([tagged.embeddings for tagged in alone]),
    )
    assert same(together, wanted)


def test_a_window_is_heard_as_the_same_piece_on_its_own(tiny: LiteRtTagger) -> None:
    waveform = sound(90_000)
    window = Window(20_000, 50_000)
    cut = tiny.tag(waveform[window.start : window.stop].copy())
    assert np.abs(tiny.tag(waveform, [window]).scores - cut.scores).max() < 1e-5


def test_windows_of_different_lengths_may_be_mixed_in_any_order(tiny: LiteRtTagger) -> None:
    waveform = sound(200_000)
    windows = [Window(0, 32_000), Window(5_000, 9_000), Window(0, 160_000), Window(7_000, 39_000), Window(100, 32_100)]
    tagged = tiny.tag(waveform, windows)
    assert tagged.windows == tuple(windows)
    for row, window in enumerate(windows):
        assert np.abs(tagged.scores[row] - tiny.tag(waveform, [window]).scores[0]).max() < 1e-5


@pytest.mark.parametrize(
    ("lengths", "batches"),
    [
        ([160_000] * 3, [1, 1, 1]),
        ([80_000] * 5, [2, 2, 1]),
        ([32_000] * 11, [5, 5, 1]),
        ([400_000, 400_000], [1, 1]),
        ([16_000, 16_000, 8_000, 16_000], [2, 1, 1]),
    ],
)
def test_neighbours_of_one_length_go_together_up_to_10_s(lengths: list[int], batches: list[int]) -> None:
    windows = [Window(100, 100 + length) for length in lengths]
    found = list(litert._batches(windows))
    assert [len(batch) for batch in found] == batches
    assert [window for batch in found for window in batch] == windows


@pytest.mark.parametrize(("samples", "times"), [(8_000, 3), (12_000, 3), (15_840, 3), (15_841, 1), (16_000, 1)])
def test_a_log_mel_under_1_s_is_heard_three_times(tiny: LiteRtTagger, samples: int, times: int) -> None:
    waveform = sound(samples)
    found = tiny.tag(waveform).scores[0]
    assert np.abs(found - direct(tiny, waveform, times)).max() < 1e-5
    assert np.abs(found - direct(tiny, waveform, 4 - times)).max() > 1e-4


@pytest.mark.parametrize("samples", [1, 100, 3_000, 7_999])
def test_sound_under_half_a_second_is_padded_with_silence_to_half_a_second(tiny: LiteRtTagger, samples: int) -> None:
    waveform = sound(samples)
    padded = np.concatenate([waveform, np.zeros(8_000 - samples, np.float32)])
    assert np.abs(tiny.tag(waveform).scores - tiny.tag(padded).scores).max() < 1e-5
    assert np.abs(tiny.tag(waveform).scores[0] - direct(tiny, padded, 3)).max() < 1e-5


def test_a_lane_forgets_what_it_heard_before(tiny: LiteRtTagger) -> None:
    first, others = sound(50_000), [sound(160_000, 2), sound(3_000, 3), sound(50_000, 4)]
    wanted = tiny.tag(first)
    for other in others:
        tiny.tag(other)
        assert same(tiny.tag(first), wanted, 1e-6)


def test_an_answer_is_not_changed_by_the_next_one(tiny: LiteRtTagger) -> None:
    tagged = tiny.tag(sound(50_000))
    scores, embeddings = tagged.scores.copy(), tagged.embeddings.copy()
    for seed in (5, 6, 7):
        tiny.tag(sound(50_000, seed))
    assert np.array_equal(tagged.scores, scores)
    assert np.array_equal(tagged.embeddings, embeddings)


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_many_threads_may_tag_at_once_and_hear_what_one_hears(tiny_flatbuffer: bytes, lanes: int) -> None:
    tagger = LiteRtTagger(tiny_flatbuffer, CARD, lanes=lanes)
    clips = [sound(9_000 * (1 + seed % 5), seed) for seed in range(24)]
    wanted = [tagger.tag(clip) for clip in clips]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(tagger.tag, clips))
    assert all(same(*pair, 1e-6) for pair in zip(found, wanted, strict=True))


def test_an_interpreter_may_use_more_threads_of_its_own(tiny_flatbuffer: bytes, tiny: LiteRtTagger) -> None:
    waveform = sound(50_000)
    assert same(LiteRtTagger(tiny_flatbuffer, CARD, lanes=1, threads=2).tag(waveform), tiny.tag(waveform), 1e-4)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (np.zeros(16_000), "found float64"),
        (np.zeros((16_000, 2), np.float32), r"found \(16000, 2\)"),
        (np.zeros(0, np.float32), r"found \(0,\)"),
        (np.array([0, np.nan], np.float32), r"found nan\.\.nan"),
        (np.array([0, 1.5], np.float32), r"found 0\.\.1\.5"),
    ],
)
def test_a_waveform_that_breaks_the_contract_is_refused_by_name(
    tiny: LiteRtTagger, bad: NDArray[Any], sentence: str
) -> None:
    with pytest.raises(BadWaveform, match=sentence):
        tiny.tag(bad)


def test_a_refused_waveform_does_not_take_a_lane_with_it(tiny_flatbuffer: bytes) -> None:
    tagger = LiteRtTagger(tiny_flatbuffer, CARD, lanes=1)
    for _ in range(2):
        with pytest.raises(BadWaveform):
            tagger.tag(np.zeros(0, np.float32))
        with pytest.raises(ValueError, match="broadcast"):
            tagger.logits(np.zeros((1, 50, 64), np.float32))
    assert tagger.tag(sound(8_000)).scores.shape == (1, 527)


def test_no_windows_are_refused(tiny: LiteRtTagger) -> None:
    with pytest.raises(BadWaveform, match="at least one window"):
        tiny.tag(sound(16_000), [])


def test_the_waveform_is_not_written_to(tiny: LiteRtTagger) -> None:
    waveform = sound(5_000)
    waveform.flags.writeable = False
    assert tiny.tag(waveform).scores.shape == (1, 527)


def test_silence_and_full_scale_give_finite_scores(tiny: LiteRtTagger) -> None:
    for waveform in (np.zeros(16_000, np.float32), np.ones(16_000, np.float32), -np.ones(1, np.float32)):
        assert np.isfinite(tiny.tag(waveform).scores).all()


def test_logits_become_probabilities_without_overflow() -> None:
    logits = np.array([-1e4, -100, -20, -1, 0, 1, 20, 100, 1e4], np.float32)
    scores = sigmoid(logits)
    assert scores.dtype == np.float32
    assert np.abs(scores - expit(logits.astype(np.float64))).max() < 1e-7
    assert (scores >= 0).all()
    assert (scores <= 1).all()


def test_a_file_is_opened_by_its_path(tmp_path: Path, tiny_flatbuffer: bytes, tiny: LiteRtTagger) -> None:
    path = tmp_path / "tiny.tflite"
    path.write_bytes(tiny_flatbuffer)
    assert same(LiteRtTagger.open(path, CARD, lanes=1).tag(sound(9_000)), tiny.tag(sound(9_000)), 1e-6)


@pytest.mark.parametrize("content", [b"", b"TFL3", b"not a model", b"\x1c\x00\x00\x00TFL3" + bytes(200)])
def test_what_is_no_model_is_refused_by_the_taggers_name(content: bytes) -> None:
    with pytest.raises(BadTaggerFile, match="cannot use the tagger file tiny: no LiteRT model") as error:
        LiteRtTagger(content, CARD)
    assert error.value.path == "tiny"


@pytest.mark.parametrize("part", [0.01, 0.5, 0.999])
def test_a_model_that_was_cut_short_is_refused(tiny_flatbuffer: bytes, part: float) -> None:
    with pytest.raises(BadTaggerFile):
        LiteRtTagger(tiny_flatbuffer[: int(part * len(tiny_flatbuffer))], CARD, lanes=1)


@pytest.mark.parametrize(
    ("bands", "classes", "second", "sentence"),
    [
        (128, 527, "features", "expected the outputs logits and embedding, found"),
        (64, 527, "embedding", "expected a log-mel of 128 bands in and 527 logits out"),
        (128, 521, "embedding", "expected a log-mel of 128 bands in and 527 logits out"),
    ],
)
def test_a_model_of_another_signature_is_refused(bands: int, classes: int, second: str, sentence: str) -> None:
    tensorflow = pytest.importorskip("tensorflow", reason="making another model needs the tensorflow extra")
    import keras

    entry = keras.Input((None, bands, 1), name="log_mel")
    pooled = keras.layers.GlobalAveragePooling2D()(entry)
    outputs = {"logits": keras.layers.Dense(classes)(pooled), second: pooled}
    converter = tensorflow.lite.TFLiteConverter.from_keras_model(keras.Model(entry, outputs))
    with pytest.raises(BadTaggerFile, match=sentence):
        LiteRtTagger(converter.convert(), CARD, lanes=1)


def test_opening_a_model_writes_nothing(tiny_flatbuffer: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    LiteRtTagger(tiny_flatbuffer, CARD, lanes=1)
    assert capfd.readouterr() == ("", "")


def test_the_published_tagger_hears_the_alarm_of_the_reference_answers(mn04: Installed) -> None:
    """The T3 pattern, and the scores that the published network gives for it."""
    times = np.arange(160_000) / 16_000
    place = times % 4.5
    on = (place < 3.0) & (place % 1.0 < 0.5)
    alarm = 0.25 * np.sign(np.sin(2 * np.pi * 3100 * times)) * on
    waveform = (alarm + np.random.default_rng(0).normal(0, 0.001, times.size)).astype(np.float32)
    scores = LiteRtTagger.open(mn04.path, mn04.card, lanes=1).tag(waveform).scores[0]
    wanted = {"Fire alarm": 0.51, "Buzzer": 0.49, "Smoke detector, smoke alarm": 0.29, "Beep, bleep": 0.24}
    found = {labels()[index].name: float(scores[index]) for index in top(scores, 4)}
    assert found == pytest.approx(wanted, abs=0.05)  # the same four, each close
