# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools
import os
import string
import threading
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.app import make_ids
from analytic.ids import Uuid7, derived, is_identifier

NOON_MS = 1_767_268_800_123


def ids_at(*times_ms: int, random_bytes: Callable[[int], bytes] = os.urandom) -> list[str]:
    """An id at each of these times, by one maker."""
    clock = iter(times_ms)
    new_id = Uuid7(lambda: next(clock), random_bytes)
    return [new_id() for _ in times_ms]


def time_ms(made: str) -> int:
    return uuid.UUID(made).int >> 80


def test_an_id_is_a_uuid_of_version_7_and_the_rfc_variant() -> None:
    for made in ids_at(*[NOON_MS] * 100):
        parsed = uuid.UUID(made)
        assert str(parsed) == made
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)


@pytest.mark.parametrize("chance", [b"\x00" * 8, b"\xff" * 8])
def test_version_and_variant_stand_whatever_chance_gives(chance: bytes) -> None:
    (made,) = ids_at(NOON_MS, random_bytes=lambda _count: chance)
    assert made[14] == "7"
    assert made[19] in "89ab"
    assert time_ms(made) == NOON_MS


def test_the_first_48_bits_are_the_time_in_milliseconds() -> None:
    assert [time_ms(made) for made in ids_at(0, NOON_MS, (1 << 48) - 1)] == [0, NOON_MS, (1 << 48) - 1]


def test_the_example_of_the_rfc_is_made_from_its_own_parts() -> None:
    # RFC 9562, A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F; its 12 random bits are our counter, at its start here.
    chance = (0x18C4DC0C0C07398F).to_bytes(8, "big")
    assert ids_at(0x017F22E279B0, random_bytes=lambda _count: chance) == ["017f22e2-79b0-7000-98c4-dc0c0c07398f"]


def test_ids_sort_as_text_by_the_time_they_were_made() -> None:
    made = ids_at(*range(NOON_MS, NOON_MS + 500, 7))
    assert sorted(made) == made


def test_under_a_frozen_clock_ids_still_grow() -> None:
    made = ids_at(*[NOON_MS] * 1000, random_bytes=lambda count: b"\x00" * count)
    assert made == sorted(set(made))
    assert {time_ms(one) for one in made} == {NOON_MS}


def test_ten_thousand_in_one_millisecond_grow_and_are_unique() -> None:
    made = ids_at(*[NOON_MS] * 10_000)
    assert made == sorted(set(made))
    assert len(made) == 10_000
    assert time_ms(made[-1]) == NOON_MS + 2, "4096 fit into a millisecond; the rest borrows from the next ones"


def test_a_clock_that_steps_back_does_not_take_the_ids_with_it() -> None:
    made = ids_at(NOON_MS, NOON_MS - 3_600_000, NOON_MS - 1, NOON_MS + 1)
    assert made == sorted(set(made))
    assert [time_ms(one) for one in made] == [NOON_MS, NOON_MS, NOON_MS, NOON_MS + 1]


@given(st.lists(st.integers(0, (1 << 48) - 1000), min_size=2, max_size=50))
def test_whatever_the_clock_does_ids_grow(times_ms: list[int]) -> None:
    made = ids_at(*times_ms)
    assert all(earlier < later for earlier, later in itertools.pairwise(made))


@pytest.mark.parametrize("text", ["a", "Z", "0", ".", "-", "_", "kitchen", "hall.1_a-B", "x" * 64])
def test_what_may_name_a_source_or_a_request(text: str) -> None:
    assert is_identifier(text)


@pytest.mark.parametrize("text", ["", "x" * 65, "a b", "a/b", "a\n", "\n", "\0", "\u00e9", "\u0661", "%41", "a;b"])
def test_what_may_not(text: str) -> None:
    assert not is_identifier(text)


@given(st.text(max_size=70))
def test_a_name_has_1_to_64_characters_of_the_allowed_ones(text: str) -> None:
    allowed = string.ascii_letters + string.digits + "._-"
    assert is_identifier(text) == (1 <= len(text) <= 64 and all(character in allowed for character in text))


def test_threads_share_one_maker_without_a_twin() -> None:
    new_id = make_ids()
    made: list[list[str]] = [[] for _ in range(8)]
    begin = threading.Barrier(8)

    def work(mine: list[str]) -> None:
        begin.wait(timeout=5)
        mine.extend(new_id() for _ in range(500))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len({one for mine in made for one in mine}) == 4000
    assert all(mine == sorted(mine) for mine in made), "each thread sees its own grow"


class TestDerived:
    PARENT = "019b7a5c-f07b-7abc-9def-0123456789ab"

    def test_it_is_a_uuid_of_version_7_and_the_rfc_variant_of_its_parents_time(self) -> None:
        for number in range(200):
            made = derived(self.PARENT, number)
            parsed = uuid.UUID(made)
            assert str(parsed) == made
            assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
            assert time_ms(made) == time_ms(self.PARENT)

    def test_it_is_the_same_each_time_also_in_another_process(self) -> None:
        assert derived(self.PARENT, 0) == derived(self.PARENT, 0)
        assert derived(self.PARENT, 7) == "019b7a5c-f07b-788f-a3c3-12959207960e"
        assert derived(self.PARENT, 1_000_000) == "019b7a5c-f07b-790e-8c6f-c1abce705067"

    @given(st.integers(0, (1 << 48) - 1), st.sets(st.integers(0, 10_000), min_size=2, max_size=50))
    def test_each_number_has_its_own_and_none_is_the_parents(self, at_ms: int, numbers: set[int]) -> None:
        (parent,) = ids_at(at_ms)
        made = {derived(parent, number) for number in numbers}
        assert len(made) == len(numbers)
        assert parent not in made

    def test_two_parents_of_one_millisecond_have_other_ones(self) -> None:
        one, other = ids_at(NOON_MS, NOON_MS)
        assert not {derived(one, number) for number in range(100)} & {derived(other, number) for number in range(100)}

    @pytest.mark.parametrize("parent", ["", "kitchen", "../../etc/passwd", "0" * 33])
    def test_what_is_no_uuid_has_none(self, parent: str) -> None:
        with pytest.raises(ValueError, match="badly formed"):
            derived(parent, 0)
