# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from pathlib import Path

from model.heads.card import card

HEADS = Path(__file__).parents[3] / "model" / "weights" / "heads"


def test_the_card_beside_the_heads_says_what_their_figures_say() -> None:
    assert (HEADS / "HEADS.md").read_text(encoding="utf-8") == card(HEADS)


def test_the_figures_name_the_networks_they_belong_to(nothing_bundled: Path) -> None:
    bundled = json.loads((nothing_bundled / "hearken_small.json").read_text(encoding="utf-8"))
    found = json.loads((HEADS / "hearken_small.json").read_text(encoding="utf-8"))
    assert found["sha256"] == bundled["sha256"]
    published = json.loads((HEADS / "mn04_as.json").read_text(encoding="utf-8"))
    assert published["checkpoint_sha256"] == "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c"
