# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Signing: Ed25519 (RFC 8032) over a message's canonical JSON (RFC 8785), with a key that this device made itself.

A device is named after its key, so a message says which key to check it with: ``device`` is the first half of the
SHA-256 of the raw public key.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
from pathlib import Path

import rfc8785
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from analytic.events.types import Message

_OTHERS = 0o077


class BadKey(OSError):
    """The key file holds no Ed25519 key, or others may read it."""


class Signer:
    """Signs as one device.

    Parameters
    ----------
    key
        Its private key.

    Attributes
    ----------
    device
        Its name: 32 hexadecimal digits.
    public_key
        Its raw public key, base64url without padding: 43 characters.
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = encoded(raw(key.public_key()))
        self.device = device_of(key.public_key())

    @classmethod
    def ephemeral(cls) -> Signer:
        """Return one whose key nobody keeps."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def at(cls, path: Path) -> Signer:
        """Return the one whose key lies in a file; made at the first time, for its owner alone to read.

        Raises
        ------
        BadKey
            The file holds something else, or others may read it.
        OSError
            It cannot be read or made.
        """
        with contextlib.suppress(FileExistsError):
            _make(path)
        if path.stat().st_mode & _OTHERS:
            raise BadKey(f"{path}: others may read the key of this device; chmod 600 it, or delete it for a new one")
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise BadKey(f"{path} holds no key of this device; delete it for a new one") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise BadKey(f"{path} holds a key of another kind than Ed25519; delete it for a new one")
        return cls(key)

    def sign(self, message: Message) -> Message:
        """Return the message with its signature."""
        return {**message, "signature": encoded(self._key.sign(signed_bytes(message)))}

    def sign_anew(self, message: Message) -> Message:
        """Return a message in the place of an older one, signed: this device says so, whoever said the other."""
        return self.sign({**message, "device": self.device})

    def secret(self, purpose: str) -> bytes:
        """Return a secret of this device for a purpose: 32 bytes, the same for as long as its key is."""
        key = self._key.private_bytes_raw()
        return hmac.digest(key, f"hearken {purpose}".encode(), "sha256")

    def sign_bytes(self, content: bytes) -> str:
        """Return the signature of bytes, base64url without padding."""
        return encoded(self._key.sign(content))


def signed_bytes(message: Message) -> bytes:
    """Return what of a message is signed: all but the signature, as canonical JSON.

    Raises
    ------
    ValueError
        It holds what JSON cannot.
    """
    return rfc8785.dumps({key: value for key, value in message.items() if key != "signature"})


def device_of(key: Ed25519PublicKey) -> str:
    """Return the name of the device that has this key."""
    return hashlib.sha256(raw(key)).hexdigest()[:32]


def raw(key: Ed25519PublicKey) -> bytes:
    """Return a public key's 32 bytes."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def encoded(content: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _make(path: Path) -> None:
    """Write a new key, whole or not at all.

    Raises
    ------
    FileExistsError
        There is one already.
    """
    if path.exists():
        raise FileExistsError(path)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, pem)
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(temporary, path)  # unlike a rename, this never replaces a key
    finally:
        temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)  # the name as well: what was signed with a key must not outlive it
    finally:
        os.close(folder)
