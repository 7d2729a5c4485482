# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
import soxr
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal.windows import hann

from model.frontend import (
    FFT_POINTS,
    HOP_SAMPLES,
    LOOKAHEAD_SAMPLES,
    MEL_BANDS,
    WINDOW_SAMPLES,
    FrameRing,
    LogMel,
    LogMelStream,
    frame_count,
    mel_matrix,
)

RATE_HZ = 16_000
SILENCE = (np.log(1e-5) + 4.5) / 5
LOUDEST = 3.2
TIMES = np.arange(3 * RATE_HZ) / RATE_HZ


@cache
def kaldi_bank() -> NDArray[np.float64]:
    """The reference's bank, shape (513, 128): triangles in mel, by Kaldi's formula, bin by bin."""
    edges = np.linspace(0, 1127 * np.log(1 + 15_000 / 700), 130)
    bank = np.zeros((513, 128))
    for k in range(513):
        mel = 1127 * np.log(1 + k * 31.25 / 700)
        for band, (left, centre, right) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
            if left < mel < right:
                bank[k, band] = (mel - left) / (centre - left) if mel <= centre else (right - mel) / (right - centre)
    return bank


def at_32_khz(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    """The reference front end as its authors wrote it, in float64: (frames, 128)."""
    sound = soxr.resample(waveform.astype(np.float64), 16_000, 32_000, quality="HQ")
    sound = np.pad(sound[1:] - 0.97 * sound[:-1], 512, mode="reflect")
    window = np.pad(hann(800, sym=True), 112)
    rows = [sound[start : start + 1024] * window for start in range(0, sound.size - 1023, 320)]
    power = np.abs(np.fft.rfft(rows, axis=1)) ** 2
    return (np.log(power @ kaldi_bank() + 1e-5) + 4.5) / 5


def mirrored(waveform: NDArray[np.float32], before: int, after: int) -> NDArray[np.float32]:
    """Continue a waveform by its own mirror image on both sides, sample by sample."""
    period = max(1, 2 * (waveform.size - 1))
    places = (place % period for place in range(-before, waveform.size + after))
    return waveform[[min(place, period - place) if waveform.size > 1 else 0 for place in places]]


def sounds() -> dict[str, NDArray[np.float32]]:
    voice = sum(np.sin(2 * np.pi * 120 * k * TIMES + 0.5 * k * np.sin(2 * np.pi * 3 * TIMES)) / k for k in range(1, 20))
    made = {
        "noise": np.random.default_rng(0).normal(0, 0.1, TIMES.size),
        "quiet noise": np.random.default_rng(1).normal(0, 0.001, TIMES.size),
        "tone": 0.5 * np.sin(2 * np.pi * 440 * TIMES),
        "alarm": 0.25 * np.sign(np.sin(2 * np.pi * 3100 * TIMES)),
        "speech-like": 0.15 * voice * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * TIMES)),
        "clicks": np.where(np.arange(TIMES.size) % 1600 == 0, 0.9, 0.0),
    }
    return {name: waveform.astype(np.float32) for name, waveform in made.items()}


@pytest.fixture(scope="module")
def reference(request: pytest.FixtureRequest) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The reference's waveform at 16 kHz and its log-mel, shape (1000, 128)."""
    file = np.load(request.getfixturevalue("weights") / "reference.npz")
    return (file["waveform_int16_16k"] / 32768).astype(np.float32), file["logmel"].T


def test_the_direct_computation_is_the_references(
    reference: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    waveform, wanted = reference
    assert np.abs(at_32_khz(waveform) - wanted).max() < 1e-4


def test_differences_from_the_reference_are_those_in_the_docstring(
    reference: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    waveform, wanted = reference
    differences = np.abs(LogMel()(waveform) - wanted)
    inside = differences[2:-2]
    assert differences.shape == (1000, 128)
    assert round(float(np.median(differences)), 4) == 0.0007
    assert round(float(differences.mean()), 3) == 0.005
    assert inside.max() < 0.54
    assert differences[:2].max() < 2.2


def test_only_bands_101_to_104_differ_by_more_than_a_fifth_inside(
    reference: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    waveform, wanted = reference
    inside = np.abs(LogMel()(waveform) - wanted)[2:-2]
    assert set(np.flatnonzero(inside.max(axis=0) > 0.2)) <= {101, 102, 103, 104}


@pytest.mark.parametrize(
    ("name", "median", "mean", "inside"),
    [
        ("noise", 0.001, 0.011, 0.6),
        ("quiet noise", 0.001, 0.011, 0.6),
        ("tone", 0.001, 0.036, 0.3),
        ("alarm", 0.002, 0.04, 0.6),
        ("speech-like", 0.001, 0.012, 0.5),
        ("clicks", 0.001, 0.011, 0.35),
    ],
)
def test_it_agrees_with_the_direct_computation_at_32_khz(name: str, median: float, mean: float, inside: float) -> None:
    waveform = sounds()[name]
    found, wanted = LogMel()(waveform), at_32_khz(waveform)
    assert found.shape == wanted.shape == (300, 128)
    differences = np.abs(found - wanted)
    assert np.median(differences) < median
    assert differences.mean() < mean
    assert differences[2:-2].max() < inside


@pytest.mark.parametrize("samples", [1, 2, 159, 160, 161, 320, 321, 8_000, 15_999, 16_000, 16_001, 160_000])
def test_frames_come_every_10_ms_from_sample_0(samples: int) -> None:
    assert frame_count(samples) == len(range(0, samples, 160))


@pytest.mark.parametrize("samples", [600, 1_000, 15_999, 16_000, 16_001, 16_160])
def test_there_are_as_many_frames_as_in_the_reference(samples: int) -> None:
    waveform = np.random.default_rng(samples).normal(0, 0.1, samples).astype(np.float32)
    assert LogMel()(waveform).shape == at_32_khz(waveform).shape == (frame_count(samples), MEL_BANDS)


@pytest.mark.parametrize(
    "samples", [1, 2, 3, 50, 159, 160, 161, 200, 201, 399, 400, 401, 519, 520, 521, 679, 680, 681, 1000]
)
def test_very_short_sound_is_heard_as_mirrored_at_its_ends(samples: int) -> None:
    waveform = np.random.default_rng(samples).uniform(-1, 1, samples).astype(np.float32)
    within = LogMel()(mirrored(waveform, 800, 800))[5 : 5 + frame_count(samples)]
    found = LogMel()(waveform)
    assert found.shape == (frame_count(samples), MEL_BANDS)
    assert np.abs(found - within).max() < 1e-4


@pytest.mark.parametrize("samples", [1, 159, 16_000, 30_000])
def test_silence_is_the_logarithm_of_the_floor_in_every_band(samples: int) -> None:
    found = LogMel()(np.zeros(samples, np.float32))
    assert np.abs(found - SILENCE).max() < 1e-6


def test_bands_above_8_khz_are_silent_whatever_is_heard() -> None:
    """The bands whose lower edge lies above what the resampler lets through: 9 kHz and higher."""
    lower_edges = np.linspace(0, 1127 * np.log(1 + 15_000 / 700), 130)[:-2]
    above = lower_edges > 1127 * np.log(1 + 9_000 / 700)
    found = LogMel()(np.random.default_rng(0).uniform(-1, 1, 16_000).astype(np.float32))
    assert above.sum() > 10
    assert np.abs(found[:, above] - SILENCE).max() < 1e-6
    assert (found[:, :95] > SILENCE + 0.5).all()


@pytest.mark.parametrize("hertz", [100, 440, 1_000, 3_100, 6_000])
def test_a_tone_is_loudest_in_the_band_that_holds_its_pitch(hertz: int) -> None:
    centres = np.linspace(0, 1127 * np.log(1 + 15_000 / 700), 130)[1:-1]
    nearest = int(np.argmin(np.abs(centres - 1127 * np.log(1 + hertz / 700))))
    found = LogMel()((0.5 * np.sin(2 * np.pi * hertz * TIMES)).astype(np.float32))
    assert abs(int(found[100].argmax()) - nearest) <= 2


def test_no_sound_within_the_range_goes_beyond_the_loudest() -> None:
    chirp = np.sin(2 * np.pi * 4_000 / 3 * TIMES**2 / 2)
    for waveform in (np.sign(chirp), chirp, np.ones(16_000), np.random.default_rng(0).choice([-1, 1], 48_000)):
        found = LogMel()(waveform.astype(np.float32))
        assert SILENCE - 1e-6 <= found.min() < found.max() < LOUDEST


def test_ten_times_the_amplitude_adds_the_same_to_every_loud_band() -> None:
    waveform = (sounds()["noise"] / 2).astype(np.float32)
    loud, quiet = LogMel()(waveform), LogMel()((waveform / 10).astype(np.float32))
    heard = quiet > SILENCE + np.log(1000) / 5  # a thousand times the floor, so that the floor adds nothing
    assert heard.sum() > 10_000
    assert np.abs((loud - quiet)[heard] - np.log(100) / 5).max() < 0.001


def test_a_shift_by_one_hop_moves_the_frames_by_one() -> None:
    waveform = sounds()["speech-like"]
    assert np.abs(LogMel()(waveform[HOP_SAMPLES:])[2:] - LogMel()(waveform)[3:]).max() < 1e-4


def test_it_writes_where_it_is_told_and_nowhere_else() -> None:
    waveform = sounds()["speech-like"]
    room = np.full((2, 302, MEL_BANDS), 7.0, np.float32)
    answer = LogMel()(waveform, room[1, 1:301])
    assert answer.base is room or np.shares_memory(answer, room)
    assert np.array_equal(room[1, 1:301], LogMel()(waveform))
    assert (room[0] == 7).all()
    assert (room[1, [0, 301]] == 7).all()


def test_what_was_heard_before_leaves_no_trace() -> None:
    loud, short, quiet = sounds()["noise"], sounds()["clicks"][:300], sounds()["speech-like"]
    used = LogMel()
    first = used(loud).copy()
    assert np.array_equal(used(short), LogMel()(short))
    assert np.array_equal(used(quiet), LogMel()(quiet))
    assert np.array_equal(used(loud), first)


def test_an_answer_is_not_changed_by_the_next_one() -> None:
    used = LogMel()
    first = used(sounds()["noise"])
    kept = first.copy()
    used(sounds()["clicks"])
    assert np.array_equal(first, kept)


def test_the_waveform_is_not_written_to() -> None:
    waveform = sounds()["tone"]
    waveform.flags.writeable = False
    assert np.isfinite(LogMel()(waveform)).all()


def test_a_strided_waveform_is_heard_as_its_copy() -> None:
    waveform = sounds()["noise"][::-3]
    assert np.array_equal(LogMel()(waveform), LogMel()(waveform.copy()))


def test_the_answer_is_float32_with_128_bands() -> None:
    answer = LogMel()(sounds()["tone"])
    assert answer.dtype == np.float32
    assert answer.shape == (300, 128)


def test_the_bins_are_those_of_the_reference_from_half_the_samples() -> None:
    assert (FFT_POINTS, WINDOW_SAMPLES, HOP_SAMPLES) == (1024 // 2, 800 // 2, 320 // 2)


def test_the_matrix_takes_257_bins_to_128_bands_and_nothing_is_negative() -> None:
    matrix = mel_matrix()
    assert matrix.shape == (257, 128)
    assert (matrix >= 0).all()


def test_below_the_resamplers_slope_the_matrix_is_kaldis_times_the_gains() -> None:
    bins = np.arange(1, 225)  # 7 kHz
    gain = np.abs(1 - 0.97 * np.exp(-2j * np.pi * bins / 1024)) ** 2
    wanted = 4 * gain[:, None] * kaldi_bank()[bins]
    assert np.abs(mel_matrix()[bins] - wanted)[:, :95].max() < 1e-3


def in_pieces(waveform: NDArray[np.float32], cuts: list[int]) -> list[NDArray[np.float32]]:
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < waveform.size}), waveform.size]
    return [waveform[first:stop] for first, stop in itertools.pairwise(edges)]


def streamed(parts: list[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The frames that a stream gives while it is pushed, and those that its end adds."""
    stream = LogMelStream(LogMel())
    return np.concatenate([stream.push(part) for part in parts]), stream.finish()


class TestLogMelStream:
    NOISE = np.random.default_rng(4).normal(0, 0.1, 60_000).clip(-1, 1).astype(np.float32)

    @settings(max_examples=60)
    @given(st.integers(1, 6_000), st.lists(st.integers(1, 6_000), max_size=20))
    @example(6_000, list(range(1, 6_000, 13)))
    @example(4_800, [])
    @example(320, [160])
    @example(201, [200])
    @example(200, [])
    @example(1, [])
    def test_cut_anywhere_push_and_finish_give_the_frames_of_the_whole(self, samples: int, cuts: list[int]) -> None:
        waveform = self.NOISE[:samples]
        pushed, last = streamed(in_pieces(waveform, cuts))
        wanted = LogMel()(waveform)
        assert len(pushed) + len(last) == frame_count(samples)
        assert np.abs(np.concatenate([pushed, last]) - wanted).max() < 1e-5

    @pytest.mark.parametrize("samples", [201, 400, 16_000, 16_001, 16_159, 16_160, 60_000])
    def test_what_is_pushed_is_all_but_the_frames_that_mirror_the_end(self, samples: int) -> None:
        pushed, last = streamed([self.NOISE[:samples]])
        assert np.abs(pushed - LogMel()(self.NOISE[:samples])[: len(pushed)]).max() < 1e-5
        assert len(last) <= 2
        assert (len(pushed) - 1) * HOP_SAMPLES + WINDOW_SAMPLES // 2 <= samples

    def test_a_frame_comes_as_soon_as_its_last_sample_is_there(self) -> None:
        stream = LogMelStream(LogMel())
        assert len(stream.push(self.NOISE[:200])) == 0
        assert len(stream.push(self.NOISE[200:201])) == 1, "the mirrored beginning needs one sample more than half"
        assert len(stream.push(self.NOISE[201:359])) == 0
        assert len(stream.push(self.NOISE[359:360])) == 1

    def test_a_window_is_whole_40_samples_after_its_end(self) -> None:
        assert LOOKAHEAD_SAMPLES == 40
        for stop in (320, 16_000, 32_000):
            stream = LogMelStream(LogMel())
            assert len(stream.push(self.NOISE[: stop + LOOKAHEAD_SAMPLES - 1])) == stop // HOP_SAMPLES - 1
            assert len(stream.push(self.NOISE[:1])) == 1

    def test_nothing_at_all_has_no_frames(self) -> None:
        assert LogMelStream(LogMel()).finish().shape == (0, MEL_BANDS)

    def test_streams_may_share_a_front_end(self) -> None:
        front_end = LogMel()
        first, second = LogMelStream(front_end), LogMelStream(front_end)
        others = self.NOISE[::-1]
        turns = [
            (first.push(a), second.push(b))
            for a, b in zip(in_pieces(self.NOISE, [9_000, 30_000]), in_pieces(others, [9_000, 30_000]), strict=True)
        ]
        found = np.concatenate([one for one, _ in turns]), np.concatenate([other for _, other in turns])
        for frames, waveform in zip(found, (self.NOISE, others), strict=True):
            assert np.abs(frames - LogMel()(waveform)[: len(frames)]).max() < 1e-5

    def test_ten_minutes_leave_nothing_behind(self) -> None:
        stream = LogMelStream(LogMel())
        frames = 0
        for _ in range(600):
            frames += len(stream.push(self.NOISE[:16_000]))
            assert stream._held.size < WINDOW_SAMPLES + HOP_SAMPLES
            assert stream._held.base is None, "a view would keep the whole piece"
        assert frames == 60_000 - 1

    def test_what_is_pushed_is_neither_written_to_nor_kept(self) -> None:
        room = self.NOISE[:1_000].copy()
        room.flags.writeable = False
        stream = LogMelStream(LogMel())
        done = len(stream.push(room))
        room.flags.writeable = True
        room[:] = 0
        found = stream.push(self.NOISE[1_000:2_000])
        wanted = LogMel()(self.NOISE[:2_000])[done : done + len(found)]
        assert np.abs(found - wanted).max() < 1e-5


def numbered(first: int, count: int) -> NDArray[np.float32]:
    """Frames that hold their own number."""
    return np.repeat(np.arange(first, first + count, dtype=np.float32)[:, None], MEL_BANDS, axis=1)


class TestFrameRing:
    @given(st.integers(1, 30), st.lists(st.integers(0, 80), max_size=25))
    def test_it_has_the_newest_frames_and_never_grows(self, most: int, counts: list[int]) -> None:
        ring = FrameRing(most)
        room, came = ring._frames, 0
        for count in counts:
            ring.extend(numbered(came, count))
            came += count
            kept = min(most, came)
            assert ring.between(came - kept, came)[:, 0].tolist() == list(range(came - kept, came))
            assert ring._frames is room
        assert room.shape == (2 * most, MEL_BANDS)

    def test_a_part_is_a_view_not_a_copy(self) -> None:
        ring = FrameRing(10)
        ring.extend(numbered(0, 10))
        assert np.shares_memory(ring.between(2, 5), ring._frames)
        assert ring.between(2, 5)[:, 7].tolist() == [2, 3, 4]

    @pytest.mark.parametrize(("first", "stop"), [(0, 5), (29, 31), (30, 35), (11, 12)])
    def test_frames_that_are_gone_or_not_there_yet_are_refused(self, first: int, stop: int) -> None:
        ring = FrameRing(10)
        for start in range(0, 30, 6):
            ring.extend(numbered(start, 6))
        with pytest.raises(IndexError, match=rf"frames {first}\.\.{stop} are asked for, 14\.\.30 are there"):
            ring.between(first, stop)
