# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import threading

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


def since(memory: Memory, at: str) -> list[int]:
    """What a subscriber gets who comes with a cursor."""
    return numbers(memory.after(memory.position(at), 1000))


def numbers(messages: list[Message]) -> list[int]:
    return [message["seq"] for message in messages]


def test_messages_are_kept_in_order() -> None:
    assert numbers(filled(1, 2, 3).messages()) == [1, 2, 3]


def test_start_gives_everything_that_is_kept() -> None:
    assert since(filled(1, 2, 3), "start") == [1, 2, 3]


def test_a_cursor_gives_what_came_after_it() -> None:
    assert since(filled(1, 2, 3), cursor(1)) == [2, 3]


def test_the_last_cursor_gives_nothing() -> None:
    assert since(filled(1, 2, 3), cursor(3)) == []


def test_when_it_is_full_the_oldest_go_first() -> None:
    assert numbers(filled(1, 2, 3, 4, capacity=2).messages()) == [3, 4]


def test_a_cursor_that_is_no_longer_kept_gives_what_is() -> None:
    assert since(filled(1, 2, 3, 4, capacity=2), cursor(1)) == [3, 4]


def test_an_unknown_cursor_gives_what_came_after_its_time() -> None:
    assert since(filled(1, 2, 4, 5), cursor(3)) == [4, 5]


def test_one_that_keeps_nothing_gives_nothing() -> None:
    assert since(filled(1, 2, capacity=0), "start") == []


def test_what_it_gave_does_not_change_with_what_comes() -> None:
    memory = filled(1)
    given = memory.messages()
    memory.accept(message(2))
    assert numbers(given) == [1]


def test_a_journal_keeps_what_is_committed_and_what_is_held_alike() -> None:
    memory = Memory()
    memory.commit([message(1), message(2)])
    memory.hold([message(3)])
    memory.accept(message(4))
    assert numbers(memory.messages()) == [1, 2, 3, 4]


def test_of_an_event_that_is_retracted_the_deletion_alone_is_left() -> None:
    memory = Memory()
    memory.commit([{**message(1), "id": "a"}, {**message(2), "id": "b"}, {**message(3), "id": "a"}, message(4)])
    memory.retract({**message(5), "id": "a", "phase": "deleted"}, "a")
    assert numbers(memory.messages()) == [2, 4, 5]
    assert since(memory, cursor(3)) == [4, 5]


def test_after_a_number_so_many_at_most_are_given() -> None:
    memory = filled(1, 2, 3, 4)
    assert numbers(memory.after(1, 2)) == [2, 3]
    assert memory.after(4, 2) == []


def test_it_can_be_read_while_others_write() -> None:
    memory, begin = Memory(capacity=50), threading.Barrier(3)

    def write(first: int) -> None:
        begin.wait(timeout=10)
        for number in range(first, first + 2000):
            memory.accept(message(number))

    threads = [threading.Thread(target=write, args=(first,)) for first in (1, 10_001)]
    for thread in threads:
        thread.start()
    begin.wait(timeout=10)
    while any(thread.is_alive() for thread in threads):
        assert len(memory.after(memory.position("start"), 100)) <= 50
    for thread in threads:
        thread.join()
    assert len(memory.messages()) == 50
