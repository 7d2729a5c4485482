# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model import frontend
from model.errors import BadWaveform
from model.fake import FakeTagger
from model.stream import (
    FRAME_SAMPLES,
    LONG,
    LOOKAHEAD_SAMPLES,
    SHORT,
    Due,
    Heard,
    StreamingTagger,
    Stride,
    TaggerStream,
    WaveformStream,
)
from model.tagger import Waveform, Window

SMALL, OTHER = Stride(1_600, 480), Stride(4_800, 1_600)
NOISE = np.random.default_rng(5).uniform(-1, 1, 20_000).astype(np.float32)

multiples = st.integers(1, 30).map(lambda count: count * FRAME_SAMPLES)
strides = st.lists(st.builds(Stride, multiples, multiples), min_size=1, max_size=3).map(tuple)


def slowly(asked: tuple[Stride, ...], samples: int) -> list[tuple[Window, Stride]]:
    """The windows of a whole sound: every hop while they fit, then for each stride one that ends with the sound."""
    full = [
        (Window(start, start + stride.length), stride)
        for stride in asked
        for start in range(0, samples - stride.length + 1, stride.hop)
    ]
    full.sort(key=lambda one: (one[0].stop, one[1].length))
    ends = {stride: [window.stop for window, of in full if of == stride] for stride in asked}
    return full + [
        (Window(max(0, samples - stride.length), samples), stride)
        for stride in asked
        if samples and samples not in ends[stride]
    ]


def pieces(waveform: Waveform, cuts: list[int]) -> list[Waveform]:
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < waveform.size}), waveform.size]
    return [waveform[first:stop] for first, stop in pairwise(edges)]


def hear(stream: TaggerStream, parts: list[Waveform]) -> list[Heard]:
    heard = [one for part in parts for one in stream.push(part)]
    return heard + stream.finish()


def where(heard: list[Heard]) -> list[tuple[Window, Stride]]:
    return [(one.window, one.stride) for one in heard]


class TestDue:
    def test_a_window_is_due_when_its_last_sample_is_there(self) -> None:
        due = Due((SMALL,))
        assert due.take(1_599) == []
        assert due.take(1) == [(Window(0, 1_600), SMALL)]
        assert due.take(479) == []
        assert due.take(1) == [(Window(480, 2_080), SMALL)]

    def test_with_a_lookahead_it_is_due_so_much_later(self) -> None:
        due = Due((SMALL,), lookahead=40)
        assert due.take(1_639) == []
        assert due.until_next() == 1
        assert due.take(1) == [(Window(0, 1_600), SMALL)]

    def test_until_next_counts_down_to_the_next_window_of_any_stride(self) -> None:
        due = Due((OTHER, SMALL))
        assert due.until_next() == 1_600
        due.take(1_000)
        assert due.until_next() == 600
        due.take(600)
        assert due.until_next() == 480

    def test_those_due_at_once_come_by_their_ends_the_shortest_first(self) -> None:
        due = Due((Stride(3_200, 1_600), Stride(1_600, 1_600)))
        found = due.take(4_800)
        assert [(window.stop, window.stop - window.start) for window, _ in found] == [
            (1_600, 1_600),
            (3_200, 1_600),
            (3_200, 3_200),
            (4_800, 1_600),
            (4_800, 3_200),
        ]

    def test_the_last_window_ends_with_the_sound(self) -> None:
        due = Due((SMALL,))
        due.take(1_700)
        assert due.last() == [(Window(100, 1_700), SMALL)]

    def test_none_comes_where_one_ended_there_already(self) -> None:
        due = Due((SMALL,))
        due.take(2_080)
        assert due.last() == []

    def test_a_sound_shorter_than_a_window_is_one_window_of_its_own_length(self) -> None:
        due = Due((SMALL, OTHER))
        due.take(1_000)
        assert due.last() == [(Window(0, 1_000), SMALL), (Window(0, 1_000), OTHER)]

    def test_a_window_that_still_lacks_its_lookahead_comes_at_the_end(self) -> None:
        due = Due((SMALL,), lookahead=40)
        assert due.take(1_600) == []
        assert due.last() == [(Window(0, 1_600), SMALL)]

    def test_nothing_at_all_has_no_windows(self) -> None:
        assert Due((SMALL, OTHER)).last() == []

    @given(strides, st.lists(st.integers(1, 3_000), max_size=8), st.sampled_from([0, 40]))
    def test_whatever_comes_in_whichever_pieces_the_windows_are_those_of_the_whole(
        self, asked: tuple[Stride, ...], counts: list[int], lookahead: int
    ) -> None:
        asked = tuple(dict.fromkeys(asked))
        due = Due(asked, lookahead)
        found = [one for count in counts for one in due.take(count)]
        assert all(window.stop + lookahead <= sum(counts) for window, _ in found)
        found += due.last()
        wanted = slowly(asked, sum(counts))
        if lookahead == 0:
            assert sorted(found) == sorted(wanted)
        else:
            assert set(found) <= set(wanted), "less the one before the last, where both lack their lookahead"
            assert {stride for _, stride in found} == {stride for _, stride in wanted}

    @pytest.mark.parametrize(
        "wrong",
        [
            Stride(1_601, 480),
            Stride(1_600, 481),
            Stride(1_600, 0),
            Stride(1_600, -160),
            Stride(0, 160),
            Stride(-160, 160),
            Stride(80, 80),
        ],
    )
    def test_strides_that_are_no_multiples_of_10_ms_are_refused(self, wrong: Stride) -> None:
        with pytest.raises(ValueError, match="a stride's length and hop are multiples of 160, found Stride"):
            Due((SMALL, wrong))
        with pytest.raises(ValueError, match="multiples of 160"):
            FakeTagger.always({}).stream((wrong,))

    def test_the_strides_in_use_are_right(self) -> None:
        assert Due((SHORT, LONG)).until_next() == SHORT.length


def edges(piece: Waveform) -> Mapping[str, float]:
    """Hear a piece by its first sample, its last one and its length."""
    return {
        "Speech": (float(piece[0]) + 1) / 2,
        "Bark": (float(piece[-1]) + 1) / 2,
        "Music": piece.size / 160_000,
    }


TAGGER = FakeTagger(edges)


class TestWaveformStream:
    def test_a_tagger_that_hears_one_window_hears_a_stream(self) -> None:
        tagger: StreamingTagger = TAGGER
        assert isinstance(tagger.stream((SMALL,)), WaveformStream)

    def test_a_window_scores_as_the_tagger_scores_it_in_the_whole(self) -> None:
        heard = hear(TAGGER.stream((SMALL, OTHER)), [NOISE])
        tagged = TAGGER.tag(NOISE, [one.window for one in heard])
        assert len(heard) > 40
        for row, one in enumerate(heard):
            np.testing.assert_array_equal(one.scores, tagged.scores[row])
            np.testing.assert_allclose(one.embedding, tagged.embeddings[row], rtol=1e-5)
            assert (one.scores.shape, one.scores.dtype) == ((527,), np.dtype(np.float32))

    @settings(max_examples=40)
    @given(strides, st.integers(1, 20_000), st.lists(st.integers(1, 20_000), max_size=12))
    @example((SMALL,), 5_000, list(range(1, 5_000, 7)))
    def test_cut_anywhere_a_stream_gives_the_same(
        self, asked: tuple[Stride, ...], samples: int, cuts: list[int]
    ) -> None:
        asked = tuple(dict.fromkeys(asked))
        whole = hear(TAGGER.stream(asked), [NOISE[:samples]])
        parts = hear(TAGGER.stream(asked), pieces(NOISE[:samples], cuts))
        assert where(parts) == where(whole)
        assert sorted(where(whole)) == sorted(slowly(asked, samples))
        for one, same in zip(parts, whole, strict=True):
            np.testing.assert_allclose(one.scores, same.scores, atol=1e-5)
            np.testing.assert_allclose(one.embedding, same.embedding, atol=1e-5)

    def test_a_window_comes_with_the_piece_that_completes_it(self) -> None:
        stream = TAGGER.stream((SMALL,))
        assert stream.push(NOISE[:1_599]) == []
        assert where(stream.push(NOISE[1_599:1_600])) == [(Window(0, 1_600), SMALL)]

    @pytest.mark.parametrize("samples", [1, 100, 1_599])
    def test_a_sound_shorter_than_a_window_gives_one_window_at_the_end(self, samples: int) -> None:
        stream = TAGGER.stream((SMALL,))
        assert stream.push(NOISE[:samples]) == []
        (one,) = stream.finish()
        assert one.window == Window(0, samples)
        np.testing.assert_array_equal(one.scores, TAGGER.tag(NOISE[:samples]).scores[0])

    def test_a_stream_that_was_never_fed_hears_nothing(self) -> None:
        assert TAGGER.stream((SMALL,)).finish() == []

    @pytest.mark.parametrize("bad", [np.zeros(10), np.zeros(0, np.float32), np.full(4, 2.0, np.float32)])
    def test_what_is_no_waveform_is_refused_and_leaves_the_stream_as_it_was(self, bad: Waveform) -> None:
        stream = TAGGER.stream((SMALL,))
        stream.push(NOISE[:1_000])
        with pytest.raises(BadWaveform):
            stream.push(bad)
        assert where(stream.push(NOISE[1_000:1_600])) == [(Window(0, 1_600), SMALL)]

    def test_it_keeps_no_more_sound_than_its_longest_window(self) -> None:
        stream = TAGGER.stream((SMALL, OTHER))
        for _ in range(50):
            stream.push(NOISE)
            kept = stream._kept
            assert kept.size <= OTHER.length
            assert (kept.base if kept.base is not None else kept).size <= 2 * OTHER.length

    def test_what_is_pushed_may_be_written_over_afterwards(self) -> None:
        stream, room = TAGGER.stream((SMALL,)), NOISE[:1_000].copy()
        stream.push(room)
        room[:] = 0
        (one,) = stream.push(NOISE[1_000:1_600])
        np.testing.assert_array_equal(one.scores, TAGGER.tag(NOISE[:1_600]).scores[0])


def test_the_lookahead_is_that_of_the_front_end() -> None:
    assert LOOKAHEAD_SAMPLES == frontend.LOOKAHEAD_SAMPLES
