# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The stack machine that a dictionary of tensors needs, and no more of one.

It knows twenty-odd of the pickle protocol's steps and seven names. No step imports, calls or changes anything: a name
becomes a note of that name, a call of ``_rebuild_tensor_v2`` a note of a tensor. Source: the protocol as written down
in CPython's pickletools.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

_DTYPES = {
    "torch HalfStorage": "<f2",
    "torch FloatStorage": "<f4",
    "torch DoubleStorage": "<f8",
    "torch IntStorage": "<i4",
    "torch LongStorage": "<i8",
}
_REBUILD = "torch._utils _rebuild_tensor_v2"
_ORDERED = "collections OrderedDict"
_PROTOCOLS = range(2, 6)
_NAMES = frozenset({*_DTYPES, _REBUILD, _ORDERED})


class Storage(NamedTuple):
    """A buffer: NumPy's name of its dtype, and the name of its file."""

    dtype: str
    key: str


class Tensor(NamedTuple):
    """A tensor within a buffer; offset and strides in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Name:
    text: str


class _Mark:
    """Where a tuple or a list of items begins on the stack."""


def read_tensors(program: bytes) -> dict[str, Tensor]:
    """Run a pickle that makes one flat dictionary of tensors.

    Raises
    ------
    ValueError
        Any step, name or result that such a pickle does not need.
    """
    machine = _Machine()
    for opcode, argument, _position in pickletools.genops(program):
        if opcode.name == "STOP":
            return machine.result()
        machine.step(opcode.name, argument)
    raise ValueError("the pickle does not end")


class _Machine:
    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._steps: dict[str, Callable[[Any], None]] = {
            "PROTO": self._protocol,
            "MARK": lambda _: self._stack.append(_Mark()),
            "BINUNICODE": self._stack.append,
            "BININT": self._stack.append,
            "BININT1": self._stack.append,
            "BININT2": self._stack.append,
            "LONG1": self._stack.append,
            "NEWFALSE": lambda _: self._stack.append(False),
            "NEWTRUE": lambda _: self._stack.append(True),
            "NONE": lambda _: self._stack.append(None),
            "EMPTY_DICT": lambda _: self._stack.append({}),
            "EMPTY_TUPLE": lambda _: self._stack.append(()),
            "TUPLE1": lambda _: self._tuple(1),
            "TUPLE2": lambda _: self._tuple(2),
            "TUPLE3": lambda _: self._tuple(3),
            "TUPLE": lambda _: self._stack.append(tuple(self._marked())),
            "BINPUT": self._remember,
            "LONG_BINPUT": self._remember,
            "BINGET": self._recall,
            "LONG_BINGET": self._recall,
            "GLOBAL": self._name,
            "BINPERSID": lambda _: self._stack.append(_storage(self._pop())),
            "REDUCE": lambda _: self._call(),
            "SETITEM": lambda _: self._set([self._pop(), self._pop()][::-1]),
            "SETITEMS": lambda _: self._set(self._marked()),
            "BUILD": lambda _: self._drop(),
        }

    def step(self, name: str, argument: Any) -> None:
        if name not in self._steps:
            raise ValueError(f"the step {name} is not allowed in a checkpoint")
        self._steps[name](argument)

    def result(self) -> dict[str, Tensor]:
        found = self._pop()
        if self._stack or not isinstance(found, dict) or not all(isinstance(one, Tensor) for one in found.values()):
            raise ValueError("holds something else than one flat dictionary of tensors")
        return found

    def _protocol(self, number: int) -> None:
        if number not in _PROTOCOLS:
            raise ValueError(f"the pickle has protocol {number}, read are {_PROTOCOLS.start} to {_PROTOCOLS.stop - 1}")

    def _pop(self) -> Any:
        if not self._stack or isinstance(self._stack[-1], _Mark):
            raise ValueError("the pickle takes what it did not give")
        return self._stack.pop()

    def _marked(self) -> list[Any]:
        for depth in range(len(self._stack) - 1, -1, -1):
            if isinstance(self._stack[depth], _Mark):
                items = self._stack[depth + 1 :]
                del self._stack[depth:]
                return items
        raise ValueError("the pickle takes what it did not give")

    def _tuple(self, count: int) -> None:
        items = [self._pop() for _ in range(count)]
        self._stack.append(tuple(items[::-1]))

    def _remember(self, index: int) -> None:
        value = self._pop()
        self._memo[index] = value
        self._stack.append(value)

    def _recall(self, index: int) -> None:
        if index not in self._memo:
            raise ValueError("the pickle recalls what it did not remember")
        self._stack.append(self._memo[index])

    def _name(self, name: str) -> None:
        if name not in _NAMES:
            raise ValueError(f"the name {name.replace(' ', '.')} is not allowed in a checkpoint")
        self._stack.append(_Name(name))

    def _call(self) -> None:
        arguments, called = self._pop(), self._pop()
        if called == _Name(_ORDERED) and arguments == ():
            self._stack.append({})
        elif called == _Name(_REBUILD) and isinstance(arguments, tuple):
            self._stack.append(_tensor(arguments))
        else:
            raise ValueError("the pickle calls something else than the building of a tensor")

    def _set(self, items: list[Any]) -> None:
        target = self._pop()
        if not isinstance(target, dict) or len(items) % 2 or not all(isinstance(key, str) for key in items[::2]):
            raise ValueError("the pickle sets items of something else than a dictionary by names")
        target.update(zip(items[::2], items[1::2], strict=True))
        self._stack.append(target)

    def _drop(self) -> None:
        """Forget the state that is given to an object: here only the notes that a module keeps of its layers."""
        self._pop()
        if not isinstance(self._stack[-1] if self._stack else None, dict):
            raise ValueError("the pickle gives a state to something else than a dictionary")


def _storage(pid: Any) -> Storage:
    form_fits = isinstance(pid, tuple) and len(pid) >= 3 and pid[0] == "storage"
    if not form_fits or not isinstance(pid[1], _Name) or pid[1].text not in _DTYPES or not str(pid[2]).isdecimal():
        raise ValueError("a storage of an unknown form")
    return Storage(_DTYPES[pid[1].text], str(pid[2]))


def _tensor(arguments: tuple[Any, ...]) -> Tensor:
    if len(arguments) < 4 or not isinstance(arguments[0], Storage) or not _is_count(arguments[1]):
        raise ValueError("a tensor of an unknown form")
    shape, strides = arguments[2:4]
    for sizes in (shape, strides):
        if not isinstance(sizes, tuple) or not all(_is_count(size) for size in sizes):
            raise ValueError("a tensor of an unknown form")
    return Tensor(arguments[0], arguments[1], shape, strides)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
