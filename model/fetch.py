# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Fetch a published checkpoint: pinned address, pinned sha256, bounded, whole or not at all."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from model.errors import FetchFailed
from model.registry import PublishedTagger

TIMEOUT_S = 30.0
DEADLINE_S = 1800.0
CHUNK_BYTES = 1 << 16


@contextmanager
def fetched(
    tagger: PublishedTagger,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    session: requests.Session | None = None,
) -> Iterator[Path]:
    """Download a published checkpoint to a temporary file, which is gone when the context ends.

    Parameters
    ----------
    tagger
        Which one.
    progress
        Called with the bytes done and the bytes in all.
    session
        What makes the request, for tests.

    Yields
    ------
    pathlib.Path
        The file, of the pinned sha256, under its published name.

    Raises
    ------
    FetchFailed
        No network, an HTTP error, too many bytes, or the wrong sha256.
    """
    name = tagger.card.name
    with tempfile.TemporaryDirectory(prefix="hearken-fetch-") as folder:
        path = Path(folder) / tagger.filename
        try:
            with session or requests.Session() as opened:
                digest = _download(tagger, path, progress, opened)
        except requests.RequestException as error:
            raise FetchFailed(name, f"{tagger.url} is out of reach ({_short(error)})") from error
        except OSError as error:
            raise FetchFailed(name, error.strerror or str(error)) from error
        if digest != tagger.sha256:
            raise FetchFailed(name, f"what came has sha256 {digest}, the published one is {tagger.sha256}")
        yield path


def _download(
    tagger: PublishedTagger, path: Path, progress: Callable[[int, int], None], session: requests.Session
) -> str:
    digest = hashlib.sha256()
    done = 0
    until = time.monotonic() + DEADLINE_S
    with session.get(tagger.url, stream=True, timeout=TIMEOUT_S) as response, path.open("wb") as file:
        response.raise_for_status()
        for chunk in response.iter_content(CHUNK_BYTES):
            done += len(chunk)
            if time.monotonic() > until:
                raise FetchFailed(tagger.card.name, f"it took more than {DEADLINE_S:g} s")
            if done > tagger.size_bytes:
                raise FetchFailed(tagger.card.name, f"more came than the published {tagger.size_bytes} bytes")
            digest.update(chunk)
            file.write(chunk)
            progress(done, tagger.size_bytes)
    return digest.hexdigest()


def _short(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"HTTP {error.response.status_code}"
    return type(error).__name__
