# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Chance that is the same for the same clip: who sends one recording twice learns no more than from one answer.

Fresh noise averages out over repeats, and fresh shuffles can be intersected. So what is drawn for a clip can hang on an
install secret and on the clip itself: the key is HMAC-SHA256 (RFC 2104) with the secret over the SHA-256 of the samples
and the method, and the bytes are SHAKE-256 (FIPS 202) of that key and a counter. Without the secret they cannot be told
from chance, and they do not tell the secret.

This holds for the same samples only. A copy that differs in a single bit, as one shifted by a sample does, is another
clip and gets bytes of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools

import numpy as np

from anonymizers.base import RandomBytes, Waveform

SECRET_BYTES = 32
LEAST_SECRET_BYTES = 16


def checked_secret(secret: bytes) -> bytes:
    """Return `secret`; refuse one that can be guessed.

    Raises
    ------
    ValueError
        It is shorter than 16 bytes; the message does not repeat it.
    """
    if len(secret) < LEAST_SECRET_BYTES:
        raise ValueError(f"a secret has at least {LEAST_SECRET_BYTES} bytes, found {len(secret)}")
    return bytes(secret)


def keyed(secret: bytes, waveform: Waveform, purpose: str = "") -> RandomBytes:
    """Return the bytes that belong to this clip, as a source that gives them piece by piece.

    Parameters
    ----------
    secret
        At least 16 bytes that nobody else knows.
    waveform
        float32, shape (n,): the clip.
    purpose
        What they are for, with its parameters: each purpose has bytes of its own. Noise of two scales made of the same
        bytes would give the clip away.

    Returns
    -------
    RandomBytes
        Its first call gives the same bytes whenever secret, clip, purpose and count are the same, its second call
        others, and so on. It belongs to one thread.
    """
    content = hashlib.sha256(np.ascontiguousarray(waveform, "<f4").data)
    key = hmac.digest(checked_secret(secret), content.digest() + purpose.encode(), "sha256")
    numbers = itertools.count()

    def stream(count: int) -> bytes:
        return hashlib.shake_256(key + next(numbers).to_bytes(8, "little")).digest(count)

    return stream


def chance(random_bytes: RandomBytes, secret: bytes | None, waveform: Waveform, purpose: str) -> RandomBytes:
    """Return where the draws for this clip come from: `keyed` where there is a secret, else `random_bytes` itself."""
    return random_bytes if secret is None else keyed(secret, waveform, purpose)
