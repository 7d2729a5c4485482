# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The heads that were fitted without one fold each: made once, by the command that makes those that ship."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.events.plan import FOLDER, PUBLISHED
from benchmarks.events.streams import FOLDS

HEADS = FOLDER / "heads"


def fit(pack: Path) -> None:
    """Fit the heads of every fold, if they are not there (about ten minutes); what ships is not touched."""
    if all((HEADS / f"{PUBLISHED}-fold{fold}.npz").is_file() for fold in FOLDS):
        return
    print("fitting the heads of the five folds", flush=True)
    folders = {"--models": FOLDER / "models", "--folds": HEADS, "--out": FOLDER / "fitted", "--cache": FOLDER / "cache"}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    options = [str(word) for pair in folders.items() for word in pair]
    command = [sys.executable, "-m", "model.heads.release", PUBLISHED, "--pack", str(pack), *options]
    subprocess.run(command, check=True)
