# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which published taggers exist: name, address, sha256, card."""

from __future__ import annotations

from dataclasses import dataclass

from model.errors import UnknownTagger
from model.tagger import TaggerCard

_EFFICIENT_AT = "https://github.com/fschmid56/EfficientAT"
_RELEASE = f"{_EFFICIENT_AT}/releases/download/v0.0.1"


@dataclass(frozen=True, slots=True)
class PublishedTagger:
    """A tagger whose checkpoint somebody publishes.

    Attributes
    ----------
    card
        Who it is.
    filename
        The checkpoint's published file name.
    url
        Where it is published.
    sha256
        Of the published file.
    size_bytes
        Of the published file: for the progress bar, and as a bound on the download.
    audioset_map
        Mean average precision on AudioSet's evaluation set, as its authors report it.
    """

    card: TaggerCard
    filename: str
    url: str
    sha256: str
    size_bytes: int
    audioset_map: float


def _efficient_at(filename: str, width: str, sha256: str, size_bytes: int) -> PublishedTagger:
    name, _, audioset_map = filename.removesuffix(".pt").partition("_mAP_")
    card = TaggerCard(
        name=name,
        version="0.0.1",
        description=f"MobileNetV3, width {width}, 527 AudioSet classes, distilled from transformers "
        f"(Schmid et al., ICASSP 2023), AudioSet mAP 0.{audioset_map}",
        licence="MIT",
        source=_EFFICIENT_AT,
    )
    return PublishedTagger(card, filename, f"{_RELEASE}/{filename}", sha256, size_bytes, float(f"0.{audioset_map}"))


_PUBLISHED = (
    _efficient_at(
        "mn04_as_mAP_432.pt", "0.4", "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c", 4_066_513
    ),
    # This file we have not held: the sha256 is what several projects that use it have pinned, each for itself.
    _efficient_at(
        "mn10_as_mAP_471.pt", "1.0", "0bd7dc2443af498c289a2e739f02ebb515d6aa3fd3ab9db539c86123ae368a4e", 19_708_753
    ),
)
PUBLISHED = {tagger.card.name: tagger for tagger in _PUBLISHED}
DEFAULT = "mn04_as"


def published(name: str) -> PublishedTagger:
    """Return a published tagger by name.

    Raises
    ------
    UnknownTagger
        No published tagger is called so.
    """
    if name not in PUBLISHED:
        raise UnknownTagger(name, sorted(PUBLISHED))
    return PUBLISHED[name]


def by_sha256(sha256: str) -> PublishedTagger | None:
    """Return the published tagger whose checkpoint has this sha256, if any."""
    return next((tagger for tagger in PUBLISHED.values() if tagger.sha256 == sha256), None)
