# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Checkpoint files made byte by byte, good and hostile: a pickle's opcodes by name, and the zip archive around them."""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PROTOCOL_2 = b"\x80\x02"
EMPTY_TUPLE, NONE, FALSE = b")", b"N", b"\x89"
REDUCE, BUILD, NEWOBJ, STACK_GLOBAL, PERSISTENT, POP, STOP = b"R", b"b", b"\x81", b"\x93", b"Q", b"0", b"."
KINDS = {"<f4": "FloatStorage", "<f2": "HalfStorage", "<f8": "DoubleStorage", "<i8": "LongStorage", "<i4": "IntStorage"}
FOUR = {"0": np.arange(4, dtype="<f4").tobytes()}


def text(value: str) -> bytes:
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def number(value: int) -> bytes:
    encoded = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(encoded)]) + encoded


def group(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def mapping(*parts: bytes) -> bytes:
    return b"}(" + b"".join(parts) + b"u"


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def storage(key: str = "0", kind: str = "FloatStorage", count: int = 4) -> bytes:
    return group(text("storage"), named("torch", kind), text(key), text("cpu"), number(count)) + PERSISTENT


def tensor(shape: tuple[int, ...] = (4,), strides: tuple[int, ...] = (1,), offset: int = 0, of: bytes = b"") -> bytes:
    arguments = group(
        of or storage(),
        number(offset),
        group(*map(number, shape)),
        group(*map(number, strides)),
        FALSE,
        named("collections", "OrderedDict") + EMPTY_TUPLE + REDUCE,
    )
    return named("torch._utils", "_rebuild_tensor_v2") + arguments + REDUCE


def program(*parts: bytes) -> bytes:
    """Write a pickle that builds one dictionary of these keys and values."""
    return PROTOCOL_2 + mapping(*parts) + STOP


def archive(path: Path, pickled: bytes, buffers: Mapping[str, bytes] = FOUR, top: str = "archive") -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{top}/data.pkl", pickled)
        for key, buffer in buffers.items():
            file.writestr(f"{top}/data/{key}", buffer)
    return path


def save(path: Path, tensors: Mapping[str, NDArray[Any]]) -> Path:
    """Write a dictionary of arrays as a checkpoint."""
    parts, buffers = [], {}
    for key, (name, array) in enumerate(tensors.items()):
        strides = tuple(math.prod(array.shape[axis + 1 :]) for axis in range(array.ndim))
        of = storage(str(key), KINDS[array.dtype.str], array.size)
        parts += [text(name), tensor(array.shape, strides, 0, of)]
        buffers[str(key)] = array.tobytes()
    return archive(path, program(*parts), buffers)
