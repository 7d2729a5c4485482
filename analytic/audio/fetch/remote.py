# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What lies at an address, read piece by piece."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import requests
from requests_hardened.ip_filter import InvalidIPAddress

from analytic.audio.fetch.pinned import PinnedAdapter
from analytic.audio.fetch.rules import PORTS, FetchRules, checked, shown
from analytic.errors import AddressRefused, FetchFailed

_REDIRECTS = (301, 302, 303, 307, 308)
_PIECE_BYTES = 1 << 16
_READ_ON_BYTES = 4 << 20  # a seek forwards by less than this reads on: cheaper than asking anew
_BLOCK_BYTES, _MOST_BLOCKS = 1 << 17, 64
_HEADERS = {
    "User-Agent": "Hearken",
    "Accept": "audio/*, video/*, */*;q=0.5",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


class Fetcher:
    """Opens recordings by their address.

    Parameters
    ----------
    rules
        What may be fetched.
    """

    def __init__(self, rules: FetchRules | None = None) -> None:
        self.rules = rules or FetchRules()

    def open(self, address: str) -> Remote:
        """Ask for a recording; its bytes come as they are read.

        Raises
        ------
        AddressRefused
            The address, or one that it leads to, may not be fetched.
        FetchFailed
            It cannot be fetched.
        """
        return Remote(checked(address), self.rules)


@dataclass
class Remote:
    """Bytes at an address, as `analytic.audio.streams.Bytes`; one reader, from any thread. Close it in the end."""

    address: str
    rules: FetchRules
    size: int | None = None
    seekable: bool = False
    fetched: int = field(default=0)

    def __post_init__(self) -> None:
        """Connect, and see what is there."""
        self._deadline = time.monotonic() + self.rules.total_s
        self._session = requests.Session()
        self._session.trust_env = False
        for scheme in PORTS:
            self._session.mount(f"{scheme}://", PinnedAdapter(scheme == "https", self.rules.allowed, self._deadline))
        self._response: requests.Response | None = None
        self._pieces: Iterator[bytes] = iter(())
        self._at = 0  # where what comes next belongs
        self._rest = b""  # what has come and begins at `_at`
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._tag = ""
        try:
            self._ask(0)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._response is not None:
            self._response.close()
        self._session.close()

    def read_at(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`, none only at the end.

        Raises
        ------
        FetchFailed
            It broke off, or goes beyond a limit.
        """
        if count <= 0 or (self.size is not None and offset >= self.size):
            return b""
        index, begins = divmod(offset, _BLOCK_BYTES)
        return self._block(index)[begins : begins + count]

    def _block(self, index: int) -> bytes:
        """Return a block of the recording; the last ones are kept, since demuxers go back and forth."""
        if (known := self._blocks.get(index)) is not None:
            self._blocks.move_to_end(index)
            return known
        self._move(index * _BLOCK_BYTES)
        found = bytearray()
        while len(found) < _BLOCK_BYTES and (piece := self._take(_BLOCK_BYTES - len(found))):
            found += piece
        self._blocks[index] = bytes(found)
        if len(self._blocks) > _MOST_BLOCKS:
            self._blocks.popitem(last=False)
        return self._blocks[index]

    def _move(self, offset: int) -> None:
        ahead = offset - self._at
        if ahead == 0:
            return
        if 0 < ahead <= _READ_ON_BYTES or (ahead > 0 and not self.seekable):
            while self._at < offset and self._take(offset - self._at):
                pass
        elif self.seekable:
            self._ask(offset)
        else:
            raise FetchFailed(shown(self.address), "it can be read from front to back alone (no byte ranges)")

    def _take(self, count: int) -> bytes:
        """Return what comes next, at most `count` bytes."""
        if not self._rest:
            self._rest = self._next()
        found, self._rest = self._rest[:count], self._rest[count:]
        self._at += len(found)
        return found

    def _next(self) -> bytes:
        piece = b""
        try:
            if not self._is_late():
                piece = next(self._pieces, b"")
        except (requests.RequestException, OSError) as error:
            if not self._is_late():
                raise FetchFailed(shown(self.address), "the connection broke off") from error
        if self._is_late():
            raise FetchFailed(shown(self.address), f"it takes longer than {self.rules.total_s:g} s")
        self.fetched += len(piece)
        if self.fetched > self.rules.max_bytes:
            raise FetchFailed(shown(self.address), f"it has more than {self.rules.max_bytes} bytes")
        if not piece and self.size is not None and self._at < self.size:
            raise FetchFailed(shown(self.address), f"it broke off after {self._at} of {self.size} bytes")
        return piece

    def _ask(self, offset: int) -> None:
        """Ask for what begins at `offset`, follow redirects, and take what the answer says."""
        if self._response is not None:
            self._response.close()
        headers = {**_HEADERS, "Range": f"bytes={offset}-"}
        if self._tag:
            headers["If-Match"] = self._tag
        response = self._redirected(headers)
        self._response = response
        if response.status_code == 206:
            first, size = _content_range(response.headers.get("Content-Range", ""))
            if first != offset or (offset and size != self.size):
                raise FetchFailed(shown(self.address), "the server's answer does not fit what was asked")
            self.size, self.seekable = size, size is not None
        elif response.status_code == 200 and offset == 0:
            length = response.headers.get("Content-Length", "")
            self.size, self.seekable = (int(length) if re.fullmatch(r"\d{1,18}", length) else None), False
        else:
            raise FetchFailed(shown(self.address), f"the server answers {response.status_code}")
        self._note_tag(response.headers.get("ETag", ""))
        if self.size is not None and self.size > self.rules.max_bytes:
            raise FetchFailed(
                shown(self.address), f"it has {self.size} bytes, at most {self.rules.max_bytes} are fetched"
            )
        if response.headers.get("Content-Encoding", "identity") not in ("", "identity"):
            raise FetchFailed(shown(self.address), "the server sends it compressed, which was not asked for")
        self._pieces = response.iter_content(_PIECE_BYTES)
        self._at, self._rest = offset, b""

    def _note_tag(self, tag: str) -> None:
        """Take the name of this version of the recording, if it has a strong one: all pieces must be of one."""
        if not tag or tag.startswith("W/"):
            return
        if self._tag and tag != self._tag:
            raise FetchFailed(shown(self.address), "it has changed meanwhile")
        self._tag = tag

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    def _redirected(self, headers: dict[str, str]) -> requests.Response:
        address = self.address
        for _ in range(self.rules.max_redirects + 1):
            response = self._sent(address, headers)
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            following = checked(_joined(address, response.headers.get("Location", "")))
            if urlsplit(address).scheme == "https" and urlsplit(following).scheme != "https":
                raise AddressRefused("it leads from https to http")
            address = following
        raise FetchFailed(shown(self.address), f"it leads on more than {self.rules.max_redirects} times")

    def _sent(self, address: str, headers: dict[str, str]) -> requests.Response:
        timeout = (self.rules.connect_s, self.rules.read_s)
        self._session.close()  # a server that closes a kept connection just now would end a fetch of hours
        try:
            request = self._session.prepare_request(requests.Request("GET", address, headers=headers))
            # Not by the session: it reads the body of a redirect to its end, however long that is.
            return self._session.get_adapter(address).send(request, stream=True, timeout=timeout, verify=True)
        except InvalidIPAddress as error:
            raise AddressRefused(
                f"{shown(address)} is not public; the operator can add it to fetch.allowed as HOST:PORT"
            ) from error
        except requests.exceptions.SSLError as error:
            raise FetchFailed(shown(address), "its certificate is not trusted") from error
        except (requests.RequestException, ValueError, OSError) as error:
            raise FetchFailed(shown(address), _words(error)) from error


def _joined(address: str, leads_to: str) -> str:
    try:
        return urljoin(address, leads_to)
    except ValueError:
        raise AddressRefused("it leads to an address that cannot be read") from None


def _words(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return "no connection" if isinstance(error, requests.ConnectionError) else "it cannot be fetched"


def _content_range(text: str) -> tuple[int, int | None]:
    found = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", text)
    if found is None:
        return -1, None
    return int(found[1]), None if found[2] == "*" else int(found[2])
