# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken listen``: live sound analysed here, an alarm's phase a line; or passed on to a running service."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from websockets.exceptions import InvalidURI
from websockets.uri import parse_uri

from analytic.audio.clip import to_seconds
from analytic.commands.ending import TheEnd, until_told
from analytic.commands.printing import Printer, Told, say
from analytic.errors import InvalidId, InvalidParameter
from analytic.events.level import Levels
from analytic.events.types import Source
from analytic.ids import is_identifier
from analytic.listen.address import STANDARD_INPUT, Address, read
from analytic.listen.forwarder import Forwarder
from analytic.listen.keeper import Keeper, Taker
from analytic.listen.listener import Listener
from analytic.listen.remembered import Remembered
from analytic.listen.session import Open, Session
from analytic.listen.sources import open_source
from analytic.pipeline.live import LiveSource
from analytic.settings import Settings

Named = Sequence[tuple[str, Address]]


def check(sources: Sequence[str], *, as_json: bool, tagger: str | None, loop: bool, fast: bool, to: str | None) -> None:
    """Refuse options that do not go together.

    Raises
    ------
    InvalidParameter
        Some do not.
    """
    if to is not None and (as_json or tagger is not None or fast):
        raise InvalidParameter(
            "to", "none of --json, --tagger, --fast, which are for analysing here", to.partition("?")[0]
        )
    if fast and loop:
        raise InvalidParameter("fast", "no --loop with it: it would never end", "--loop")
    endless = next((text for text in sources if fast and not read(text).ends), None)
    if endless is not None:
        raise InvalidParameter("fast", "files, or - for standard input", read(endless).shown)


def named(texts: Sequence[str], names: Sequence[str]) -> Named:
    """Read addresses, and give each a name: the one at its place in `names`, else one from the address.

    Raises
    ------
    SourceFailed, InvalidId, InvalidParameter
        An address is none; a name is of another form, or there twice.
    """
    if len(names) > len(texts):
        raise InvalidParameter("name", "at most one for each source", names[len(texts)])
    if texts.count(STANDARD_INPUT) > 1:
        raise InvalidParameter("source", "standard input once", STANDARD_INPUT)
    found: dict[str, Address] = {}
    for number, text in enumerate(texts):
        address = read(text)
        name = names[number] if number < len(names) else _free(address.name, {*found, *names})
        if not is_identifier(name):
            raise InvalidId("name", name)
        if name in found:
            raise InvalidParameter("name", "each once", name)
        found[name] = address
    return list(found.items())


def _free(name: str, taken: set[str]) -> str:
    numbers = iter(range(2, len(taken) + 3))
    chosen = name
    while chosen in taken:
        chosen = f"{name[:60]}-{next(numbers)}"
    return chosen


def listen(
    settings: Settings, sources: Named, *, as_json: bool = False, loop: bool = False, fast: bool = False
) -> None:
    """Analyse live sound here until it ends or SIGINT or SIGTERM comes.

    Parameters
    ----------
    sources
        Names and addresses.
    as_json
        Whether to print messages as JSON lines.
    loop
        Whether files begin anew when they end.
    fast
        Whether files and standard input are taken as fast as they come, one after the other; time is then counted in
        sound.

    Raises
    ------
    BadSettings, ModelError, SourceFailed, ExtraMissing
        It cannot start, or a source fails at the first try.
    """
    from analytic.app import forbid_core_dumps, make_extras, make_pipeline, make_tagger

    forbid_core_dumps()
    pipeline = make_pipeline(settings, make_tagger(settings.models))
    extras = make_extras(settings.alerts)
    with waiting_for_the_end() as end:
        printer = Printer(as_json=as_json, seconds=fast, nobody_reads=end.come)

        def open_stream(
            source: Source, began: float, memory: Mapping[str, Any] | None, on_levels: Callable[[Levels], None]
        ) -> LiveSource:
            return Told(printer, pipeline, source, began, memory, extras, on_levels)

        if fast:
            _take_fast(open_stream, sources, printer, end)
            return
        listener = Listener(open_stream, Remembered(None), max_sources=len(sources), observer=printer)
        listener.start()
        try:
            keep(listener, sources, end, loop=loop)
        finally:
            listener.stop()


def forward(sources: Named, to: str, token: str | None, *, loop: bool = False) -> None:
    """Pass sound on until it ends or SIGINT or SIGTERM comes.

    Parameters
    ----------
    sources
        Names and addresses.
    to
        Where the service's websocket server is, such as ``ws://192.168.1.5:8765``.
    token
        What the service or the source asks for.
    loop
        Whether files begin anew when they end.

    Raises
    ------
    InvalidParameter
        `to` is no such address.
    SourceFailed, ExtraMissing
        A source fails at the first try; or the service refuses it.
    """
    try:
        parse_uri(to)
    except (InvalidURI, ValueError) as error:
        raise InvalidParameter("to", "ws://HOST:PORT", to) from error
    if "?" in to or "@" in to:
        raise InvalidParameter("to", "ws://HOST:PORT, and the token with --token", to.partition("://")[0])
    with waiting_for_the_end() as end:
        forwarder = Forwarder(to.rstrip("/"), token, end.come, say)
        try:
            keep(forwarder, sources, end, loop=loop)
        finally:
            forwarder.stop()


@contextmanager
def waiting_for_the_end() -> Iterator[TheEnd]:
    """Have SIGINT and SIGTERM end it while this lasts.

    The log tells faults only meanwhile, because how the sources are has lines of its own.
    """
    log = logging.getLogger("analytic")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with until_told() as end:
            yield end
    finally:
        log.setLevel(level)


def keep(taker: Taker[Any], sources: Named, end: TheEnd, *, loop: bool = False) -> None:
    """Keep sources going until all are over or the end comes.

    Raises
    ------
    SourceFailed, ExtraMissing
        One fails at the first try.
    """
    left = len(sources)
    lock = threading.Lock()

    def over(keeper: Keeper[Any]) -> None:
        nonlocal left
        with lock:
            left -= 1
            if keeper.failed is not None or not left:
                end.come(keeper.failed)

    keepers = [
        Keeper(taker, name, address, open_=partial(open_source, loop=loop), patient=False, over=over)
        for name, address in sources
    ]
    try:
        for keeper in keepers:
            keeper.start()
        end.wait()
    finally:
        for keeper in keepers:
            keeper.stop_soon()
        for keeper in keepers:
            keeper.stop()


def _take_fast(open_stream: Open, sources: Named, printer: Printer, end: TheEnd) -> None:
    """Analyse one source after the other in this thread, so that no sound is too fast."""
    for name, address in sources:
        session = Session(Source(name, address.kind), open_stream)
        now = time.time()
        for samples in open_source(address, fast=True).chunks(end.stopping):
            now += to_seconds(samples.size)
            session.feed(samples, now)
            while session.has_work:
                session.work()
                printer.source(session.report(now))
        session.end()
        while session.has_work:
            session.work()
        session.close()
