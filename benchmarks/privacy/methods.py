# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The methods that are attacked: those of the registry, each once for the household and once for the attacker."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from anonymizers.base import Anonymizer, RandomBytes
from anonymizers.registry import anonymizers
from model.tagger import SAMPLE_RATE_HZ, Waveform

HOUSEHOLD, ATTACKER = 1, 2
_SAME = {"scramble": "scrample"}


class Method:
    """One method with one key. Its chance can be repeated, so that a measurement can."""

    def __init__(self, name: str, key: int) -> None:
        self.name = name
        self._anonymizer = made(name, key)

    def __call__(self, sound: Waveform) -> Waveform:
        """Return what the method leaves of a sound."""
        return self._anonymizer.anonymize(sound, SAMPLE_RATE_HZ).waveform


def names() -> list[str]:
    """Return what the registry lists, each method once."""
    return [name for name in anonymizers() if name not in _SAME]


def made(name: str, key: int) -> Anonymizer:
    """Return the method of that name, or of a class given as ``package.module:Class``, with chance of this key.

    Raises
    ------
    KeyError
        There is no such method.
    """
    if ":" in name:
        module, _, kind = name.partition(":")
        maker = getattr(importlib.import_module(module), kind)
        anonymizer: Anonymizer = maker(**_keyed(maker, key))
        return anonymizer
    every: Mapping[str, Anonymizer] = anonymizers(**_keyed(anonymizers, key))
    return every[name]


def known_as(name: str) -> str:
    """Return the published name."""
    return made(name, HOUSEHOLD).name


def chance(key: int) -> RandomBytes:
    """Return bytes that are the same at every run, and others for every key."""
    return np.random.default_rng(key).bytes


def _keyed(maker: Any, key: int) -> dict[str, Any]:
    """Return the arguments for chance that it takes: a source of random bytes, an install secret."""
    taken = inspect.signature(maker).parameters
    given: dict[str, Any] = {"random_bytes": chance(key), "secret": chance(1000 + key)(32)}
    return {name: value for name, value in given.items() if name in taken}
