# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Verifying that a message is from the device that one knows, unchanged, and newer than all that were seen of it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from analytic.delivery.signing import device_of, encoded, signed_bytes

_KEY = re.compile(r"[A-Za-z0-9_-]{43}=?")
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{86}")


class NotVerified(ValueError):
    """A message that must not be believed."""


class Forged(NotVerified):
    """Not signed by this device, or changed since."""


class Replayed(NotVerified):
    """It, or a newer one, has been seen before."""


class Verifier:
    """Verifies the messages of one device, in order.

    Parameters
    ----------
    public_key
        The device's raw public key: 43 characters of base64url, as ``GET /device`` gives it; or PEM.
    last_seq
        The last number seen of it.

    Attributes
    ----------
    device
        The device's name.
    last_seq
        The last number seen.

    Raises
    ------
    ValueError
        This is no Ed25519 public key.
    """

    def __init__(self, public_key: str, last_seq: int = 0) -> None:
        self._key = read_key(public_key)
        self.device = device_of(self._key)
        self.last_seq = last_seq

    def verify(self, message: Any) -> int:
        """Check one message, and remember its number; return how many numbers before it are missing.

        A gap message says which numbers there will never be: they do not count as missing.

        Raises
        ------
        Forged, Replayed
            It must not be believed.
        """
        seq = self.check(message)
        if seq <= self.last_seq:
            raise Replayed(f"number {seq} comes after {self.last_seq}")
        first = int(message.get("first_seq", seq))
        missing = max(0, first - self.last_seq - 1)
        self.last_seq = seq
        return missing

    def check(self, message: Any) -> int:
        """Check one message's signature alone; return its number.

        Raises
        ------
        Forged
            It is not this device's.
        """
        if not isinstance(message, dict):
            raise Forged("no message, but something else")
        signature, seq = message.get("signature"), _whole(message.get("seq"))
        if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
            raise Forged("not signed")
        if message.get("device") != self.device:
            raise Forged("from another device")
        if seq is None:
            raise Forged("without a number")
        content = base64.urlsafe_b64decode(signature + "==")
        if encoded(content) != signature:  # the last character says four bits more than the signature has
            raise Forged("not signed")
        try:
            self._key.verify(content, signed_bytes(message))
        except (InvalidSignature, ValueError, RecursionError) as error:
            raise Forged("the signature does not fit") from error
        return seq


def _whole(number: Any) -> int | None:
    """Return a number of JSON as an int, also where it is written as 7.0; None where it is no whole number."""
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


class VerifierFile:
    """The last number seen, kept in a file between runs.

    Parameters
    ----------
    path
        A JSON file with the last number by device.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def last_seq(self, device: str) -> int:
        """Return the last number seen of a device.

        Raises
        ------
        ValueError
            The file holds something else.
        """
        return int(self._read().get(device, 0))

    def keep(self, device: str, seq: int) -> None:
        """Note the last number seen of a device."""
        temporary = self._path.with_name(f".{self._path.name}.new")
        temporary.write_text(json.dumps({**self._read(), device: seq}), encoding="utf-8")
        temporary.replace(self._path)

    def _read(self) -> dict[str, int]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ValueError(f"{self._path}: not a file of last numbers") from error
        if not isinstance(found, dict) or not all(isinstance(seq, int) for seq in found.values()):
            raise ValueError(f"{self._path}: not a file of last numbers")
        return found


def read_key(text: str) -> Ed25519PublicKey:
    """Read a public key: base64url of its 32 bytes, or PEM.

    Raises
    ------
    ValueError
        It is none.
    """
    text = text.strip()
    try:
        if _KEY.fullmatch(text):
            return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text.rstrip("=") + "="))
        key = load_pem_public_key(text.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("no Ed25519 public key: expected 43 characters of base64url, or PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("no Ed25519 public key: a key of another kind")
    return key
