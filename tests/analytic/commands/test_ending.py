# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What ends a command that goes on until it is told to stop."""

from __future__ import annotations

import os
import signal
import threading

import psutil
import pytest

from analytic.commands.ending import until_told

BOTH = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("number", BOTH)
def test_a_signal_ends_it_and_says_so_to_whoever_looks(number: signal.Signals) -> None:
    with until_told() as end:
        assert not end.stopping.is_set()
        signal.raise_signal(number)
        end.wait()
        assert end.stopping.is_set()


def test_any_number_of_signals_at_once_end_it() -> None:
    with until_told() as end:
        for _ in range(100_000):  # more than a pipe holds
            signal.raise_signal(signal.SIGINT)
        end.wait()


def test_a_signal_from_elsewhere_ends_a_wait_that_has_begun() -> None:
    with until_told() as end:
        later = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM))
        later.start()
        end.wait()
        later.join()


def test_another_signal_does_not_end_it() -> None:
    before = signal.signal(signal.SIGUSR2, lambda *_: None)
    try:
        with until_told() as end:
            signal.raise_signal(signal.SIGUSR2)
            assert not end.stopping.wait(0.1)
            end.come()
            end.wait()
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_a_thread_ends_it_and_what_it_says_is_raised() -> None:
    with until_told() as end:
        threading.Thread(target=end.come, args=(ZeroDivisionError("gone"),)).start()
        with pytest.raises(ZeroDivisionError, match="gone"):
            end.wait()
        assert end.stopping.is_set()


def test_afterwards_everything_is_as_it_was() -> None:
    handlers = [signal.getsignal(number) for number in BOTH]
    files, threads = psutil.Process().num_fds(), threading.active_count()
    for _ in range(3):
        with until_told():
            assert [signal.getsignal(number) for number in BOTH] != handlers
    assert [signal.getsignal(number) for number in BOTH] == handlers
    assert signal.set_wakeup_fd(-1) == -1
    assert (psutil.Process().num_fds(), threading.active_count()) == (files, threads)
