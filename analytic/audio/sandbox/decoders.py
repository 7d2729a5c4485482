# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What decodes, wherever it does so; and what decodes here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol

from analytic.audio.bytes_at import Bytes
from analytic.audio.decode import AudioLimits, Decoded, decode
from analytic.audio.streams import SoundStream, StreamLimits, open_stream


class Decoders(Protocol):
    """Decodes, here or elsewhere."""

    def decode(self, content: bytes, limits: AudioLimits) -> Decoded:
        """Decode a clip, as `analytic.audio.decode.decode` does."""
        ...

    def open(self, content: Bytes, limits: StreamLimits) -> contextlib.AbstractContextManager[SoundStream]:
        """Open a recording, as `analytic.audio.streams.open_stream` does; the pieces come within the context."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Here:
    """Decodes within this process: for tests, and where there is no Linux."""

    def decode(self, content: bytes, limits: AudioLimits) -> Decoded:
        """Decode a clip."""
        return decode(content, limits)

    @contextlib.contextmanager
    def open(self, content: Bytes, limits: StreamLimits) -> Iterator[SoundStream]:
        """Open a recording."""
        yield open_stream(content, limits)

    def close(self) -> None:
        """Nothing is left to end."""
