# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which published taggers exist: name, address, sha256, card."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
        Of the published file; None where we could not check one, and then it is not fetched.
    size_bytes
        Of the published file, for the progress bar and as a bound on the download; None if unknown.
    audioset_map
        Mean average precision on AudioSet's evaluation set, as its authors report it.
    """

    card: TaggerCard
    filename: str
    url: str
    sha256: str | None
    size_bytes: int | None
    audioset_map: float


def _efficient_at(name: str, filename: str, width: str, audioset_map: float) -> tuple[TaggerCard, str, str, float]:
    card = TaggerCard(
        name=name,
        version="0.0.1",
        description=f"MobileNetV3, width {width}, 527 AudioSet classes, distilled from transformers "
        f"(Schmid et al., ICASSP 2023), AudioSet mAP {audioset_map}",
        licence="MIT",
        source=_EFFICIENT_AT,
    )
    return card, filename, f"{_RELEASE}/{filename}", audioset_map


def _published() -> tuple[PublishedTagger, ...]:
    card, filename, url, audioset_map = _efficient_at("mn04_as", "mn04_as_mAP_432.pt", "0.4", 0.432)
    mn04 = PublishedTagger(
        card,
        filename,
        url,
        "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c",
        4_066_513,
        audioset_map,
    )
    card, filename, url, audioset_map = _efficient_at("mn10_as", "mn10_as_mAP_471.pt", "1.0", 0.471)
    return mn04, PublishedTagger(card, filename, url, None, None, audioset_map)


PUBLISHED = {tagger.card.name: tagger for tagger in _published()}
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


def unpinned(filename: str) -> PublishedTagger | None:
    """Return the published tagger of this file name whose sha256 nobody has pinned; its card says so."""
    for tagger in PUBLISHED.values():
        if tagger.filename == filename and tagger.sha256 is None:
            description = f"{tagger.card.description}; its checkpoint's sha256 was not checked"
            return replace(tagger, card=replace(tagger.card, description=description))
    return None


def by_sha256(sha256: str) -> PublishedTagger | None:
    """Return the published tagger whose checkpoint has this sha256, if any."""
    return next((tagger for tagger in PUBLISHED.values() if tagger.sha256 == sha256), None)
