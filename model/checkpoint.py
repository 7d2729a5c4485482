# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Read a published checkpoint without executing anything in it.

A checkpoint is a zip archive: ``<top>/data.pkl``, a pickle that names the tensors, and ``<top>/data/<key>``, their
raw little-endian buffers. A pickle is a program; here it runs on a machine that knows four names (the ones that a
dictionary of tensors needs), and each of them only writes down what it was given. Any other name is refused.
"""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import BadCheckpoint

MAX_PICKLE_BYTES = 4 << 20
MAX_TENSOR_BYTES = 1 << 30
_DTYPES = {
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "HalfStorage"): np.dtype("<f2"),
    ("torch", "DoubleStorage"): np.dtype("<f8"),
    ("torch", "LongStorage"): np.dtype("<i8"),
    ("torch", "IntStorage"): np.dtype("<i4"),
}


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
        Not such an archive, a name outside the allowed four, or a tensor that does not fit its buffer.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, path)
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise BadCheckpoint(str(path), f"not a readable zip archive ({error})") from error
    except (pickle.UnpicklingError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise BadCheckpoint(str(path), str(error)) from error


def _read(archive: zipfile.ZipFile, path: Path) -> dict[str, NDArray[Any]]:
    pickles = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise BadCheckpoint(str(path), f"expected one data.pkl, found {len(pickles)}")
    size = archive.getinfo(pickles[0]).file_size
    if size > MAX_PICKLE_BYTES:
        raise BadCheckpoint(str(path), f"data.pkl of {size} bytes, at most {MAX_PICKLE_BYTES} are read")
    named = _Reader(io.BytesIO(archive.read(pickles[0]))).load()
    if not isinstance(named, Mapping) or not all(
        isinstance(key, str) and isinstance(value, _Tensor) for key, value in named.items()
    ):
        raise BadCheckpoint(str(path), "holds something else than one flat dictionary of tensors")
    folder = pickles[0].removesuffix("data.pkl") + "data/"
    return {name: _materialise(archive, folder, tensor) for name, tensor in named.items()}


@dataclass(frozen=True)
class _Storage:
    dtype: np.dtype[Any]
    key: str


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _note_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_rest: object
) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


class _Reader(pickle.Unpickler):
    """An unpickler that knows the names of a tensor dictionary and no other."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _note_tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) in _DTYPES:
            return _DTYPES[module, name]
        raise pickle.UnpicklingError(f"the name {module}.{name} is not allowed in a checkpoint")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key = pid[:3]
        if kind != "storage" or not isinstance(dtype, np.dtype) or not str(key).isdecimal():
            raise pickle.UnpicklingError("a storage of an unknown form")
        return _Storage(dtype, str(key))


def _materialise(archive: zipfile.ZipFile, folder: str, tensor: _Tensor) -> NDArray[Any]:
    itemsize = tensor.storage.dtype.itemsize
    info = archive.getinfo(folder + tensor.storage.key)
    count = math.prod(tensor.shape)
    contiguous = tuple(math.prod(tensor.shape[axis + 1 :]) for axis in range(len(tensor.shape)))
    if min((tensor.offset, *tensor.shape), default=0) < 0 or (count > 1 and tensor.strides != contiguous):
        raise ValueError(f"a tensor of shape {tensor.shape} with strides {tensor.strides} is not laid out in rows")
    if (tensor.offset + count) * itemsize > info.file_size or info.file_size > MAX_TENSOR_BYTES:
        raise ValueError(f"a tensor of shape {tensor.shape} does not fit its buffer of {info.file_size} bytes")
    with archive.open(info) as stream:
        raw = stream.read(info.file_size)
    values = np.frombuffer(raw, tensor.storage.dtype, count=count, offset=tensor.offset * itemsize)
    return values.reshape(tensor.shape).copy()
