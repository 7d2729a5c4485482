# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from model import litert
from model.errors import BadTaggerFile, BadWaveform
from model.frontend import LogMel, frame_count
from model.labels import labels
from model.litert import LiteRtStream, LiteRtTagger, sigmoid
from model.store import Installed, TaggerStore
from model.stream import LONG, SHORT, Heard, StreamingTagger, Stride
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


def alarm(samples: int, seed: int = 0) -> Waveform:
    """A smoke alarm, half a second on and half a second off, in noise that swells."""
    times = np.arange(samples) / 16_000
    beeps = 0.25 * np.sign(np.sin(2 * np.pi * 3100 * times)) * ((times + 0.1 * seed) % 1.0 < 0.5)
    noise = np.random.default_rng(seed).normal(0, 0.02, samples) * (1 + np.sin(times + seed))
    made: Waveform = (beeps + noise).astype(np.float32)
    return made


def pieces(waveform: Waveform, cuts: list[int]) -> list[Waveform]:
    return [waveform[first:stop] for first, stop in pairwise([0, *cuts, waveform.size])]


def hear(stream: LiteRtStream, parts: list[Waveform]) -> list[Heard]:
    heard = [one for part in parts for one in stream.push(part)]
    return heard + stream.finish()


def alike(found: list[Heard], wanted: list[Heard], within: float = 1e-5) -> bool:
    return [one.window for one in found] == [one.window for one in wanted] and all(
        float(np.abs(one.scores - same.scores).max()) < within
        and float(np.abs(one.embedding - same.embedding).max()) < within
        for one, same in zip(found, wanted, strict=True)
    )


@pytest.fixture
def bundled(nothing_bundled: Path, tmp_path: Path) -> LiteRtTagger:
    """The tagger that comes with the package; opening it takes 30 ms."""
    installed = TaggerStore(tmp_path, nothing_bundled).find("hearken_small")
    return LiteRtTagger.open(installed.path, installed.card)


class TestStreams:
    SOUND = alarm(200_123)

    def test_it_hears_endless_sound(self, bundled: LiteRtTagger) -> None:
        tagger: StreamingTagger = bundled
        heard = tagger.stream((SHORT,)).push(self.SOUND)
        assert [one.window for one in heard] == [Window(at, at + 32_000) for at in range(0, 168_001, 8_000)]
        assert {one.stride for one in heard} == {SHORT}
        assert (heard[0].scores.shape, heard[0].scores.dtype) == ((527,), np.dtype(np.float32))
        assert heard[0].embedding.shape == bundled.tag(self.SOUND[:16_000]).embeddings[0].shape

    def test_a_window_is_the_networks_answer_to_its_frames_of_the_whole(self, bundled: LiteRtTagger) -> None:
        frames = LogMel()(self.SOUND)
        heard = hear(bundled.stream((SHORT, LONG)), [self.SOUND])
        assert len(heard) == 22 + 1 + 2 + 1
        for one in heard:
            stop = frame_count(one.window.stop)
            cut = frames[stop - one.stride.length // 160 : stop]
            assert np.abs(one.scores - sigmoid(bundled.logits(cut[None])[0][0])).max() < 1e-5

    def test_it_agrees_with_tag_but_for_the_mirrored_edges(self, bundled: LiteRtTagger) -> None:
        heard = hear(bundled.stream((SHORT, LONG)), [self.SOUND])
        tagged = bundled.tag(self.SOUND, [one.window for one in heard])
        differences = np.abs(np.stack([one.scores for one in heard]) - tagged.scores).max(axis=1)
        assert tagged.scores.max(axis=1).min() > 0.1, "there is something to agree about"
        assert np.median(differences) < 0.005
        assert np.quantile(differences, 0.9) < 0.02
        assert differences.max() < 0.03, "where a beep lies on the edge"
        long = np.array([one.stride == LONG and one.window.start % 160 == 0 for one in heard])
        assert differences[long].max() < 0.005, "of 1000 frames four are at the edges"
        assert differences[0] < 0.001, "the first window begins where the sound does"

    @pytest.mark.parametrize(
        "cuts",
        [
            [1],
            [159, 160, 161, 200, 201],
            [32_000, 32_039, 32_040, 32_041],
            [160_000],
            list(range(3_777, 200_123, 3_777)),
            list(range(1_600, 200_123, 1_600)),
            [199_999],
        ],
    )
    def test_cut_anywhere_a_stream_gives_the_same(self, bundled: LiteRtTagger, cuts: list[int]) -> None:
        strides = (SHORT, LONG)
        whole = hear(bundled.stream(strides), [self.SOUND])
        assert alike(hear(bundled.stream(strides), pieces(self.SOUND, cuts)), whole)

    def test_a_window_comes_40_samples_after_its_end(self, bundled: LiteRtTagger) -> None:
        stream = bundled.stream((SHORT,))
        assert stream.push(self.SOUND[:32_039]) == []
        assert [one.window for one in stream.push(self.SOUND[32_039:32_040])] == [Window(0, 32_000)]

    def test_or_with_the_end_of_the_sound(self, bundled: LiteRtTagger) -> None:
        stream = bundled.stream((SHORT,))
        assert stream.push(self.SOUND[:32_000]) == []
        (one,) = stream.finish()
        assert one.window == Window(0, 32_000)
        assert np.abs(one.scores - bundled.tag(self.SOUND[:32_000]).scores[0]).max() < 1e-5

    @pytest.mark.parametrize(
        "samples", [1, 2, 100, 199, 200, 201, 3_000, 7_999, 8_000, 12_000, 15_840, 15_841, 16_000, 31_999]
    )
    def test_a_sound_shorter_than_a_window_gives_one_window_that_scores_as_tag_does(
        self, bundled: LiteRtTagger, samples: int
    ) -> None:
        waveform = self.SOUND[20_000 : 20_000 + samples]
        (one,) = hear(bundled.stream((SHORT,)), pieces(waveform, [1] if samples > 1 else []))
        assert one.window == Window(0, samples)
        tagged = bundled.tag(waveform)
        assert np.abs(one.scores - tagged.scores[0]).max() < 1e-5
        assert np.abs(one.embedding - tagged.embeddings[0]).max() < 1e-5

    def test_a_stream_that_was_never_fed_hears_nothing(self, bundled: LiteRtTagger) -> None:
        assert bundled.stream((SHORT, LONG)).finish() == []

    def test_windows_of_half_a_second_are_heard_three_times_as_tag_hears_them(self, bundled: LiteRtTagger) -> None:
        heard = hear(bundled.stream((Stride(8_000, 8_000),)), [self.SOUND[:16_000]])
        assert [one.window for one in heard] == [Window(0, 8_000), Window(8_000, 16_000)]
        assert np.abs(heard[0].scores - bundled.tag(self.SOUND[:8_000]).scores[0]).max() < 0.1

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ((Stride(32_001, 8_000),), "multiples of 160"),
            ((Stride(32_000, 8_001),), "multiples of 160"),
            ((SHORT, Stride(32_000, 0)), "multiples of 160"),
            ((Stride(7_840, 160),), "each of 8000 samples or more"),
            ((), "a stream has strides"),
        ],
    )
    def test_wrong_strides_are_refused_before_anything_is_made(
        self, bundled: LiteRtTagger, wrong: tuple[Stride, ...], sentence: str
    ) -> None:
        with pytest.raises(ValueError, match=sentence):
            bundled.stream(wrong)
        assert bundled._stream_lanes == {}

    @pytest.mark.parametrize("bad", [np.zeros(10), np.zeros(0, np.float32), np.full(4, 2.0, np.float32)])
    def test_what_is_no_waveform_is_refused_and_leaves_the_stream_as_it_was(
        self, bundled: LiteRtTagger, bad: NDArray[Any]
    ) -> None:
        stream = bundled.stream((SHORT,))
        stream.push(self.SOUND[:20_000])
        with pytest.raises(BadWaveform):
            stream.push(bad)
        heard = stream.push(self.SOUND[20_000:40_000])
        assert alike(heard, bundled.stream((SHORT,)).push(self.SOUND[:40_000])[:1])

    @pytest.mark.parametrize("lanes", [1, 2])
    def test_two_threads_on_two_streams_hear_what_one_hears(self, nothing_bundled: Path, lanes: int) -> None:
        tagger = LiteRtTagger.open(nothing_bundled / "hearken_small.tflite", CARD, lanes=lanes)
        sounds = [alarm(100_000, seed) for seed in (1, 2)]
        parts = [pieces(one, list(range(5_000, 100_000, 5_000))) for one in sounds]
        wanted = [hear(tagger.stream((SHORT, Stride(16_000, 8_000))), part) for part in parts]
        assert not alike(wanted[0], wanted[1]), "they are two sounds"
        streams = [tagger.stream((SHORT, Stride(16_000, 8_000))) for _ in parts]
        with ThreadPoolExecutor(2) as threads:
            found = list(threads.map(hear, streams, parts))
        assert all(alike(*pair) for pair in zip(found, wanted, strict=True))

    def test_streams_and_clips_may_take_turns(self, bundled: LiteRtTagger) -> None:
        wanted = hear(bundled.stream((SHORT,)), [self.SOUND])
        clip = bundled.tag(self.SOUND[:50_000])
        stream, found = bundled.stream((SHORT,)), []
        for part in pieces(self.SOUND, list(range(20_000, 200_000, 20_000))):
            found += stream.push(part)
            assert same(bundled.tag(self.SOUND[:50_000]), clip)
        assert alike(found + stream.finish(), wanted)

    def test_streams_of_one_length_share_their_interpreters(self, bundled: LiteRtTagger) -> None:
        bundled.stream((SHORT,))
        lanes = bundled._stream_lanes[200]
        bundled.stream((SHORT, Stride(32_000, 16_000)))
        assert bundled._stream_lanes == {200: lanes}
        assert lanes.qsize() == 2

    def test_ten_minutes_of_noise_leave_no_more_than_the_longest_window_and_a_piece(
        self, bundled: LiteRtTagger
    ) -> None:
        stream = bundled.stream((Stride(32_000, 320_000), Stride(160_000, 1_600_000)))
        room = stream._frames._frames
        for minute in range(10):
            waveform = np.random.default_rng(minute).normal(0, 0.1, 960_000).clip(-1, 1).astype(np.float32)
            stream.push(waveform)
            assert stream._frames._frames is room
            assert stream._front_end._held.nbytes < 4_000
        assert stream._due.taken == 9_600_000
        assert room.nbytes == 2 * (160_000 + litert.BATCH_SAMPLES) // 160 * 128 * 4
        assert len(stream.finish()) <= 2

    def test_a_sound_pushed_at_once_keeps_every_window(self, bundled: LiteRtTagger) -> None:
        waveform = alarm(480_000)
        assert alike(
            hear(bundled.stream((SHORT,)), [waveform]),
            hear(bundled.stream((SHORT,)), pieces(waveform, list(range(8_000, 480_000, 8_000)))),
        )
