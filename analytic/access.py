# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Who may ask: `Host`, `Origin` and token, decided without I/O; the REST layer and the bus share these rules.

A browser in the home can be made to send requests here by any page it shows. A page that rebinds its name to this
machine still sends that name as `Host`; a page elsewhere sends itself as `Origin`. Both are refused.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
OWNER = "owner"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The rules of one listening address.

    Attributes
    ----------
    hosts
        Names and addresses that `Host` may hold, without port, lower case; the loopback names are always in.
    origins
        Foreign origins that may send requests that change state, such as ``https://home.example``.
    token
        What every request must show; None for no token.
    analysts
        Tokens by the name of who may ask for statistics with them, and for nothing else.
    """

    hosts: frozenset[str] = LOOPBACK_NAMES
    origins: frozenset[str] = frozenset()
    token: str | None = None
    analysts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(
        cls, hosts: Iterable[str], origins: Iterable[str], token: str | None, analysts: Mapping[str, str] | None = None
    ) -> AccessRules:
        """Make rules from settings: letter case and stray blanks do not matter."""
        return cls(
            LOOPBACK_NAMES | {host.strip().casefold().strip("[]") for host in hosts},
            frozenset(origin.strip().casefold().rstrip("/") for origin in origins),
            token,
            MappingProxyType(dict(analysts or {})),
        )

    def allows_host(self, header: str | None) -> bool:
        """Tell whether a `Host` header (name, or name:port) is one of ours."""
        return header is not None and host_name(header) in self.hosts

    def allows_origin(self, origin: str | None, host: str | None) -> bool:
        """Tell whether an `Origin` may change state: none (no browser), the one asked itself, or an allowed one."""
        if origin is None:
            return True
        origin = origin.strip().casefold()
        if origin in self.origins:
            return True
        scheme, _, netloc = origin.partition("://")
        return scheme in ("http", "https") and host is not None and netloc == host.strip().casefold()

    def allows_token(self, shown: str | None) -> bool:
        """Compare a shown token with ours, in time that does not depend on where they differ."""
        if self.token is None:
            return True
        return shown is not None and hmac.compare_digest(_bytes(shown), _bytes(self.token))

    def analyst(self, shown: str | None) -> str | None:
        """Return whose token for statistics it is; ``owner`` for whoever may ask for everything; None for nobody's."""
        if shown is not None:
            found = [name for name, token in self.analysts.items() if hmac.compare_digest(_bytes(shown), _bytes(token))]
            if found:
                return found[0]
        return OWNER if self.allows_token(shown) else None


def _bytes(token: str) -> bytes:
    return token.encode(errors="surrogatepass")


def host_name(header: str) -> str:
    """Take the port off a `Host` header and the brackets off an IPv6 address; empty if it is no name."""
    found = _HOST.fullmatch(header.strip())
    return found[1].strip("[]").casefold() if found else ""


def bearer(header: str | None) -> str | None:
    """Take the token out of an `Authorization: Bearer` header."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.casefold() == "bearer" else None


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is reached from this machine alone."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
