# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.privacy.attackers import digits, words
from benchmarks.privacy.attackers.voices import cosines, fit
from benchmarks.privacy.inverters import warp
from benchmarks.privacy.inverters.choice import averaged, inverters
from benchmarks.privacy.inverters.unshuffle import shortest_path, unshuffle
from benchmarks.privacy.metrics import equal_error_rate, split

RNG = np.random.default_rng(3)
RECORDINGS = [RNG.normal(size=(length, 4)).astype(np.float32) for length in (40, 50, 60)]
KNOWN = words.templates(RECORDINGS, [0, 1, 2])


def test_a_recording_has_no_distance_to_itself() -> None:
    far = words.distances(RECORDINGS[1], KNOWN)
    cost = words.warped(far, words.WAYS["whole"])
    assert cost[1] == pytest.approx(0, abs=1e-3)
    assert cost.argmin() == 1


def test_a_piece_is_found_wherever_it_lies_in_a_recording_and_at_twice_its_speed() -> None:
    for heard in (RECORDINGS[2][17:41], RECORDINGS[2][10:50:2], np.repeat(RECORDINGS[2][5:20], 2, axis=0)):
        cost = words.warped(words.distances(heard, KNOWN), words.WAYS["whole"])
        assert cost[2] == pytest.approx(0, abs=1e-3)


def test_what_is_cut_and_mixed_is_found_by_pieces_and_by_frames_in_any_order() -> None:
    mixed = np.concatenate([RECORDINGS[0][20:40], RECORDINGS[0][0:20]])
    found = words.costs(mixed, KNOWN)
    assert found["pieces of 0.5 s"][0] == pytest.approx(0, abs=1e-3)
    shuffled = RECORDINGS[0][np.random.default_rng(0).permutation(40)]
    assert words.costs(shuffled, KNOWN)[words.BAG][0] == pytest.approx(0, abs=1e-3)


def test_what_is_played_backwards_is_found_backwards() -> None:
    turned = np.concatenate([RECORDINGS[1][start : start + 8][::-1] for start in range(0, 48, 8)])
    assert words.costs(turned, KNOWN)["backwards, 0.2 s"][1] == pytest.approx(0, abs=1e-3)


def test_frames_beyond_the_end_of_a_short_recording_never_fit() -> None:
    heard = np.zeros((10, 4), np.float32)
    far = words.distances(heard, KNOWN)
    assert (far[:, 0, 40:] == words.FAR).all()


def test_digits_in_a_row_are_read() -> None:
    spoken = [RNG.normal(size=(12, 4)).astype(np.float32) * 3 for _ in range(10)]
    known = words.templates(spoken, list(range(10)))
    quiet = np.zeros((5, 4), np.float32)
    heard = np.concatenate([quiet, spoken[4], spoken[7], quiet, spoken[1], spoken[9], quiet])
    assert digits.pin(heard, known) == "4719"


def test_a_discriminant_finds_voices_that_loud_noise_hides() -> None:
    rng = np.random.default_rng(4)
    voices = rng.normal(size=(60, 3))
    spread = np.concatenate([voices, np.zeros((60, 7))], axis=1)

    def heard(times: int) -> NDArray[np.float64]:
        noise = rng.normal(size=(times, 60, 10)) * np.r_[np.full(3, 0.2), np.full(7, 5.0)]
        sounds: NDArray[np.float64] = (spread + noise).transpose(1, 0, 2)
        return sounds

    trained = heard(8)
    discriminant = fit(trained[:30].reshape(-1, 10), np.repeat(np.arange(30), 8))
    plain, weighed = (
        equal_error_rate(*split(cosines(by(heard(4)[30:]).mean(1), by(heard(4)[30:]))))
        for by in (lambda sound: sound, discriminant)
    )
    assert weighed < 0.15 < plain


def test_the_cheapest_path_through_all_is_found() -> None:
    cost = np.full((4, 4), 9.0)
    for first, second in ((2, 0), (0, 3), (3, 1)):
        cost[first, second] = 1
    assert shortest_path(cost, None) == (1.0, [2, 0, 3, 1])


def test_a_sound_of_shuffled_segments_is_put_in_order_again() -> None:
    time_s = np.arange(4 * 16_000 + 6_000) / 16_000
    sound = np.sin(2 * np.pi * np.cumsum(200 + 90 * time_s) / 16_000).astype(np.float32) * np.float32(0.5)
    pieces = np.split(sound, [16_000, 32_000, 48_000, 64_000])
    shuffled = np.concatenate([pieces[index] for index in (2, 4, 0, 3, 1)])
    assert np.array_equal(unshuffle(shuffled), sound)


def test_moving_resonances_there_and_back_leaves_a_sound_near_to_itself() -> None:
    rng = np.random.default_rng(5)
    sound = np.convolve(rng.normal(0, 0.02, 8000), [1, 0.8, 0.3, -0.2])[:8000].astype(np.float32)
    same = warp.warped(sound, 1.0)
    assert np.corrcoef(sound[400:-400], same[400:-400])[0, 1] > 0.99
    assert same.size == sound.size


def test_averaging_takes_out_what_changes() -> None:
    noisy = [np.full(8, 0.5, np.float32) + np.float32(sign * 0.1) for sign in (1, -1)]
    assert averaged(noisy) == pytest.approx(np.full(8, 0.5))


def test_a_chain_is_attacked_with_the_inverters_of_its_parts() -> None:
    assert set(inverters("scrample+dp_noise")) == {"unshuffled", "denoised"}
    assert inverters("none") == {}
    assert inverters("a_method_to_come")
