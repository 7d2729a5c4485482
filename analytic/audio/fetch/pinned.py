# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Connections that go to the one address that was looked up and found right."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter

from analytic.audio.fetch.rules import PORTS, Address, Target
from analytic.audio.fetch.timed import timed

# Not public, or a way into what is not, which Python 3.11 or requests-hardened do not know as such: addresses that
# hold IPv4 ones, protocol assignments (one is a cloud's metadata), 6to4's relays, Azure's own host, documentation.
_MORE_REFUSED = tuple(
    map(
        ipaddress.ip_network,
        (
            *("::/96", "fec0::/10", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "3fff::/20"),
            *("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"),
        ),
    )
)


class PinnedAdapter(IPFilterAdapter):  # type: ignore[misc]
    """Connects to the one address that was looked up and found right.

    Parameters
    ----------
    is_https
        Whether it is for https.
    allowed
        What may be connected to although it is not public.
    deadline
        When the last answer must have come, by the monotonic clock.
    """

    def __init__(self, is_https: bool, allowed: Sequence[Target], deadline: float) -> None:
        self._allowed = allowed
        self._deadline = deadline
        super().__init__(is_https_proto=is_https)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools of connections, as requests asks for it."""
        super().init_poolmanager(*arguments, **options)
        known = self.poolmanager.pool_classes_by_scheme
        self.poolmanager.pool_classes_by_scheme = timed(known, self._deadline)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return where to connect to, as requests asks for it."""
        parts = urlsplit(request.url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        address = _resolved(host, port)
        if any(one.allows(host, address, port) for one in self._allowed):
            where, pool = HTTPAdapter.build_connection_pool_key_attributes(self, request, verify, cert)
            request.headers["Host"] = parts.netloc
            if parts.scheme == "https":
                pool |= {"assert_hostname": host, "server_hostname": host}
        else:
            _refuse_special(address)
            where, pool = super().build_connection_pool_key_attributes(request, verify, cert)
            pinned = ipaddress.ip_address(str(where["host"]).strip("[]"))
            _refuse_special(pinned)  # it was looked up again
            address = pinned
        where["host"] = f"[{address}]" if address.version == 6 else str(address)
        return where, pool


def _resolved(host: str, port: int) -> Address:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        address = ipaddress.ip_address(str(found[0][4][0]).partition("%")[0])
    except (OSError, UnicodeError, ValueError) as error:
        raise requests.ConnectionError("the name is not known") from error
    return getattr(address, "ipv4_mapped", None) or address


def _refuse_special(address: Address) -> None:
    inside = any(address in network for network in _MORE_REFUSED if network.version == address.version)
    if inside or not address.is_global or address.is_multicast or address.is_reserved:
        raise InvalidIPAddress(address)
