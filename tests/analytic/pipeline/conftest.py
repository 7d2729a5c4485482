# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest

import model.store
from model.store import TaggerStore
from model.stream import StreamingTagger


@pytest.fixture
def bundled(nothing_bundled: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StreamingTagger:
    """The tagger that comes with the package."""
    monkeypatch.setattr(model.store, "BUNDLED", nothing_bundled)
    store = TaggerStore(tmp_path / "none installed")
    return store.open(store.preferred(), lanes=1, threads=1)
