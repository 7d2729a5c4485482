# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The process that decoders are forked from: ``python -m analytic.audio.sandbox.nursery FD MEMORY_BYTES CPU_S READY``.

It has no threads, no secrets and no sound; the decoders' libraries are loaded. For each byte that comes on the socket
it forks a decoder, and sends a handle of its process and the other end of its socket. It ends when the socket does.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import io
import os
import pkgutil
import select
import signal
import socket
import sys
from collections.abc import Iterator
from typing import NoReturn

import numpy as np
import soundfile

from analytic.audio.bytes_at import Held
from analytic.audio.clip import SAMPLE_RATE_HZ, to_samples
from analytic.audio.decode import decode
from analytic.audio.sandbox import decoder
from analytic.audio.streams import StreamLimits, open_stream
from analytic.errors import ExtraMissing

_USUAL_S = 10.0
_BUFFER_BYTES = 1 << 20
_PAUSE_S = 0.06


def main(descriptor: int, memory_bytes: int, cpu_s: int, ready: int) -> None:
    """Fork decoders, with these limits, until nobody wants one; `ready` of them are to wait for work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    rehearse()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever has ended is gone
    with socket.socket(fileno=descriptor) as control:
        for _ in _orders(control, ready):
            ours, theirs = socket.socketpair()
            for one in (ours, theirs):  # as much as the kernel gives: the fewer times the two wait for each other
                one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
            process = os.fork()
            if not process:
                control.close()
                theirs.close()
                _decode(ours, memory_bytes, cpu_s)
            ours.close()
            with theirs:
                handle = os.pidfd_open(process)
                rights = array.array("i", [theirs.fileno(), handle])
                with contextlib.suppress(ConnectionError):
                    control.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                os.close(handle)


def _orders(control: socket.socket, ready: int) -> Iterator[None]:
    """Yield for each decoder that is wanted: while most are still there, not before the one just taken has had time.

    Making one takes processor time that the answer which is being worked out would wait for.
    """
    wanted = 0
    while True:
        most_are_there = 0 < wanted < ready - 1
        if not wanted or (most_are_there and select.select([control], [], [], _PAUSE_S)[0]):
            try:
                found = control.recv(64)
            except ConnectionError:  # the service has gone before it took all that were made
                return
            if not found:
                return
            wanted += len(found)
        else:
            wanted -= 1
            yield


def rehearse() -> None:
    """Load what decoders need: they can open no file."""
    with contextlib.suppress(ImportError):
        import av

        for module in pkgutil.walk_packages(av.__path__, "av."):
            if not module.name.endswith(("__main__", ".datasets")):
                importlib.import_module(module.name)
    for container, encoding in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("AIFF", "PCM_16")):
        content = _recorded(container, encoding, 0.1)
        if container != "AIFF":
            decode(content)
        with contextlib.suppress(ExtraMissing):
            for _ in open_stream(Held(content), StreamLimits()).blocks:
                pass
    gc.collect()
    gc.disable()
    gc.freeze()  # what is shared stays shared


def _recorded(container: str, encoding: str, length_s: float) -> bytes:
    file = io.BytesIO()
    soundfile.write(
        file, np.zeros(to_samples(length_s), np.float32), SAMPLE_RATE_HZ, format=container, subtype=encoding
    )
    return file.getvalue()


def _decode(connection: socket.socket, memory_bytes: int, cpu_s: int) -> NoReturn:
    status = 1
    try:
        _silence()
        decode(_recorded("WAV", "PCM_16", _USUAL_S))  # memory that is touched now costs no time later
        decoder.confine(memory_bytes, cpu_s)
        decoder.serve(connection)
        status = 0
    finally:
        os._exit(status)  # nothing of the process that it was forked from is to be cleaned up


def _silence() -> None:
    """Leave the service's log to the service: what a decoder has to say goes over its socket."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)
    os.close(nothing)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
