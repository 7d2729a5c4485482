# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Read a published checkpoint without executing anything in it.

A checkpoint is a zip archive: ``<top>/data.pkl``, a pickle that names the tensors, and ``<top>/data/<key>``, their
raw little-endian buffers. A pickle is a program for a stack machine; `model.tensor_pickle` runs the few steps that a
dictionary of tensors needs, on notes of its own, and refuses every other. Python's own unpickler is not used.
"""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import BadCheckpoint
from model.tensor_pickle import Storage, Tensor, read_tensors

MAX_PICKLE_BYTES = 4 << 20
MAX_TENSORS_BYTES = 1 << 30
_ENCRYPTED = 0x1


def read_checkpoint(path: Path) -> dict[str, NDArray[Any]]:
    """Read all tensors of a checkpoint.

    Parameters
    ----------
    path
        A zip archive in the format that ``torch.save`` writes, holding one flat dictionary of tensors.

    Returns
    -------
    dict
        Tensor name to array, in the file's order, each with its stored shape and dtype.

    Raises
    ------
    BadCheckpoint
        Not such an archive, a step or a name outside the allowed few, or a tensor that does not fit its buffer.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive)
    except zipfile.BadZipFile as error:
        raise BadCheckpoint(str(path), f"not a readable zip archive ({error})") from error
    except OSError as error:
        raise BadCheckpoint(str(path), error.strerror or str(error)) from error
    except (ValueError, EOFError) as error:
        raise BadCheckpoint(str(path), str(error)) from error


def _read(archive: zipfile.ZipFile) -> dict[str, NDArray[Any]]:
    members = {info.filename: info for info in archive.infolist()}
    names = [info.filename for info in archive.infolist()]
    pickles = [name for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ValueError(f"expected one data.pkl, found {len(pickles)}")
    tensors = read_tensors(_content(archive, members[pickles[0]], MAX_PICKLE_BYTES))
    folder = pickles[0].removesuffix("data.pkl") + "data/"
    buffers: dict[Storage, bytes] = {}
    left = MAX_TENSORS_BYTES
    read = {}
    for name, tensor in tensors.items():
        if tensor.storage not in buffers:
            member = members.get(folder + tensor.storage.key)
            if member is None:
                raise ValueError(f"the buffer {folder}{tensor.storage.key} of {name} is missing")
            buffers[tensor.storage] = _content(archive, member, left)
            left -= member.file_size
        read[name] = _array(tensor, buffers[tensor.storage], name)
    return read


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """Read a member, stored plainly as checkpoints are, of at most `most` bytes."""
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & _ENCRYPTED:
        raise ValueError(f"{member.filename} is compressed or encrypted; checkpoints are stored plainly")
    if member.file_size > most:
        raise ValueError(f"{member.filename} has {member.file_size} bytes, at most {most} are read here")
    return archive.read(member)


def _array(tensor: Tensor, buffer: bytes, name: str) -> NDArray[Any]:
    dtype = np.dtype(tensor.storage.dtype)
    count = math.prod(tensor.shape)
    rows = tuple(math.prod(tensor.shape[axis + 1 :]) for axis in range(len(tensor.shape)))
    if min((tensor.offset, *tensor.shape), default=0) < 0 or (count > 1 and tensor.strides != rows):
        raise ValueError(f"{name}: shape {tensor.shape} with strides {tensor.strides} is not laid out in rows")
    if (tensor.offset + count) * dtype.itemsize > len(buffer):
        raise ValueError(f"{name}: shape {tensor.shape} does not fit its buffer of {len(buffer)} bytes")
    values = np.frombuffer(buffer, dtype, count=count, offset=tensor.offset * dtype.itemsize)
    return values.reshape(tensor.shape).copy()
