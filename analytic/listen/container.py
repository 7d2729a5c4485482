# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Sound in containers and network streams, through PyAV (the extra `video`): cameras over RTSP, radio over HTTP.

A camera that says nothing for some seconds has failed. Whoever answers an address cannot have other things opened:
only network protocols, and over HTTP only containers of sound and video. Errors are told without FFmpeg's own
sentence, which holds the whole address.
"""

from __future__ import annotations

import errno
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analytic.audio.tracks import NoSound, library, sound
from analytic.errors import SourceFailed
from analytic.listen.address import Address

_OPEN_S, _READ_S = 10.0, 5.0
_TOO_LATE = "no answer in time"
_CONTAINERS = "aac,ac3,aiff,asf,flac,flv,hls,matroska,webm,mov,mp4,mp3,mpeg,mpegts,ogg,wav"
_PROTOCOLS = {
    "rtsp": "rtsp,rtsps,rtp,srtp,udp,tcp,tls",
    "http": "http,https,httpproxy,tcp,tls,crypto",
    "file": "file",
}

Options = dict[str, str]


class Stream:
    """A stream of a camera or a server.

    Parameters
    ----------
    address
        rtsp, rtsps, http or https.
    open_s, read_s
        How long opening may take, and how long nothing may come. It is also the longest that stopping can take.
    """

    def __init__(self, address: Address, *, open_s: float = _OPEN_S, read_s: float = _READ_S) -> None:
        self._address = address
        self._timeout = (open_s, read_s)
        self.kind = address.kind

    def chunks(self, stopping: threading.Event) -> Iterator[NDArray[np.float32]]:
        """Yield what comes, as `SoundSource.chunks` says."""
        yield from played(self._address, stopping, self._options(), self._timeout)

    def _options(self) -> Options:
        longest = str(round(max(self._timeout) * 1e6))
        if self._address.kind == "rtsp":
            # Over TCP no packet is lost, and it passes NAT; only the sound is asked for.
            return {"rtsp_transport": "tcp", "allowed_media_types": "audio", "timeout": longest}
        return {"rw_timeout": longest, "format_whitelist": _CONTAINERS, "tls_verify": "1", **_trusted()}


def _trusted() -> Options:
    """Return where the certificates are that this machine trusts; SSL_CERT_FILE names others, as for Python itself."""
    paths = ssl.get_default_verify_paths()
    files = [paths.cafile or "", f"{paths.capath}/ca-certificates.crt"]  # the second on Debian and its kin
    return next(({"ca_file": file} for file in files if Path(file).is_file()), {})


def played(
    address: Address,
    stopping: threading.Event,
    options: Mapping[str, str] | None = None,
    timeout: tuple[float, float] | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Open an address or a file with PyAV, and yield its sound until it ends or `stopping` is set.

    Raises
    ------
    SourceFailed, ExtraMissing
        As `SoundSource.chunks` says.
    """
    av = library()
    limits = {"protocol_whitelist": _PROTOCOLS[address.kind], **(options or {})}
    target = f"file:{address.target}" if address.kind == "file" else address.target
    began, opened = time.monotonic(), False
    try:
        with av.open(target, options=limits, timeout=timeout) as container:
            opened = True
            yield from sound(container, stopping.is_set)
    except (av.FFmpegError, NoSound) as error:
        if timeout is not None and not opened and time.monotonic() - began >= timeout[0]:
            raise SourceFailed(address.shown, _TOO_LATE) from None  # FFmpeg calls some of it invalid data
        if opened and address.kind == "http" and getattr(error, "errno", None) == errno.EIO:
            return  # so FFmpeg calls the end of a stream that did not say how long it is
        raise SourceFailed(address.shown, reason(error)) from None  # its own words hold the address, password and all


def reason(error: Exception) -> str:
    """Say why in a few words; never the address, which FFmpeg's own sentence holds with its password."""
    if isinstance(error, NoSound):
        return "has no sound that can be decoded"
    words = str(getattr(error, "strerror", None) or type(error).__name__)
    return _TOO_LATE if words == "Immediate exit requested" else words
