# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken anonymize`` and ``hearken send``: hide what is nobody's business before anything leaves this machine."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from analytic.audio.clip import SAMPLE_RATE_HZ, Clip
from analytic.errors import BadRequest, HearkenError
from analytic.settings import Settings

FEATURES = "band_energy"
_TIMEOUT_S = 120.0


class NotSent(HearkenError):
    """The service cannot be reached, or refuses."""


def anonymize(settings: Settings, source: Path, target: Path, method: str) -> tuple[str, ...]:
    """Write a sound file anew, anonymised; return what the caller must know.

    Parameters
    ----------
    source
        WAV, FLAC or Ogg.
    target
        ``.wav`` or ``.flac``, 16 kHz mono; for ``band_energy`` also ``.hkbe`` or ``.json``, the features alone.

    Raises
    ------
    BadAudio, BadRequest, OSError
        The source is no sound, the target has another ending, or a file cannot be read or written.
    """
    form = target.suffix.lower()
    if form not in (".wav", ".flac") and not (form in (".hkbe", ".json") and method == FEATURES):
        raise BadRequest(f"{target}: expected a name that ends in .wav or .flac; for {FEATURES} also .hkbe or .json")
    clip, warnings = _read(settings, source)
    if form in (".hkbe", ".json"):
        from analytic.app import features_of

        found = features_of(clip)
        target.write_bytes(found.to_bytes() if form == ".hkbe" else found.to_json().encode())
        return warnings
    hidden, more = _hidden(settings, clip, method)
    target.write_bytes(_file(hidden, form))
    return (*warnings, *more)


def send(settings: Settings, source: Path, url: str, method: str, token: str | None, query: dict[str, str]) -> Any:
    """Anonymise a sound file here, send what is left of it, and return the service's answer.

    Raises
    ------
    BadAudio, BadRequest, OSError
        The source is no sound, or cannot be read.
    NotSent
        The service cannot be reached, or refuses.
    """
    clip, _ = _read(settings, source)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if method == FEATURES:
        from analytic.app import features_of

        content = features_of(clip).to_bytes()
        more: dict[str, Any] = {
            "url": f"{url}/model/predict/features",
            "data": content,
            "headers": {**headers, "Content-Type": "application/octet-stream"},
        }
    else:
        hidden, _ = _hidden(settings, clip, method)
        more = {
            "url": f"{url}/model/predict",
            "files": {"audio": ("audio.flac", _file(hidden, ".flac"), "audio/flac")},
            "headers": headers,
        }
        query = {**query, **({} if method == "none" else {"anonymized": method})}
    try:
        response = requests.post(params=query, timeout=_TIMEOUT_S, **more)
        answer = response.json()
    except (requests.RequestException, ValueError) as error:
        raise NotSent(f"{quote(url, safe=':/')}: no answer: {type(error).__name__}") from error
    if not response.ok:
        raise NotSent(f"{quote(url, safe=':/')}: {answer.get('message', response.status_code)}")
    return answer


def show(answer: Any) -> None:
    """Print an answer as JSON."""
    print(json.dumps(answer, indent=2, ensure_ascii=False))


def _read(settings: Settings, source: Path) -> tuple[Clip, tuple[str, ...]]:
    from analytic.app import make_limits
    from analytic.audio.decode import decode

    decoded = decode(source.read_bytes(), make_limits(settings.audio))
    return decoded.clip, decoded.warnings


def _hidden(settings: Settings, clip: Clip, method: str) -> tuple[Clip, tuple[str, ...]]:
    from analytic.app import make_anonymizers
    from analytic.errors import UnknownMethod

    methods = make_anonymizers(settings.anonymizers)
    if method not in methods:
        raise UnknownMethod(method, tuple(methods))
    found = methods[method].anonymize(clip.waveform, SAMPLE_RATE_HZ)
    return Clip(found.waveform), found.warnings


def _file(clip: Clip, form: str) -> bytes:
    import soundfile

    content = io.BytesIO()
    soundfile.write(content, clip.waveform, SAMPLE_RATE_HZ, format=form[1:].upper(), subtype="PCM_16")
    return content.getvalue()
