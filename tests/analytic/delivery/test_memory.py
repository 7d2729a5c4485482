# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from analytic.delivery.memory import Memory
from analytic.events.types import Message


def filled(*ids: int, capacity: int = 1000) -> Memory:
    memory = Memory(capacity)
    for number in ids:
        memory.accept(message(number))
    return memory


def message(number: int) -> Message:
    return {"message_id": cursor(number), "seq": number}


def cursor(number: int) -> str:
    return f"0190a5c0-0000-7000-8000-{number:012x}"


def numbers(messages: list[Message]) -> list[int]:
    return [message["seq"] for message in messages]


def test_messages_are_kept_in_order() -> None:
    assert numbers(filled(1, 2, 3).messages()) == [1, 2, 3]


def test_start_gives_everything_that_is_kept() -> None:
    assert numbers(filled(1, 2, 3).since("start")) == [1, 2, 3]


def test_a_cursor_gives_what_came_after_it() -> None:
    assert numbers(filled(1, 2, 3).since(cursor(1))) == [2, 3]


def test_the_last_cursor_gives_nothing() -> None:
    assert filled(1, 2, 3).since(cursor(3)) == []


def test_when_it_is_full_the_oldest_go_first() -> None:
    assert numbers(filled(1, 2, 3, 4, capacity=2).messages()) == [3, 4]


def test_a_cursor_that_is_no_longer_kept_gives_what_is() -> None:
    assert numbers(filled(1, 2, 3, 4, capacity=2).since(cursor(1))) == [3, 4]


def test_an_unknown_cursor_gives_what_came_after_its_time() -> None:
    assert numbers(filled(1, 2, 4, 5).since(cursor(3))) == [4, 5]


def test_one_that_keeps_nothing_gives_nothing() -> None:
    assert filled(1, 2, capacity=0).since("start") == []


def test_what_it_gave_does_not_change_with_what_comes() -> None:
    memory = filled(1)
    given = memory.messages()
    memory.accept(message(2))
    assert numbers(given) == [1]
