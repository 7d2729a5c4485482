# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which addresses are fetched, as far as their text tells, and how an address is shown to people."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from analytic.errors import AddressRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.?")
_MOST_ADDRESS = 2_000


@dataclass(frozen=True, slots=True)
class Target:
    """A host or network, and a port, that may be fetched from although it is not public.

    Attributes
    ----------
    host
        A name, compared without regard to case; or None.
    network
        Addresses; or None.
    port
        The port.
    """

    host: str | None
    network: Network | None
    port: int

    @classmethod
    def of(cls, text: str) -> Target:
        """Read ``HOST:PORT`` or ``CIDR:PORT``, an IPv6 network in brackets.

        Raises
        ------
        ValueError
            It is neither.
        """
        host, _, port = text.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(f"expected HOST:PORT or NETWORK:PORT, found {text!r}")
        inner = host.removeprefix("[").removesuffix("]")
        try:
            return cls(None, ipaddress.ip_network(inner), int(port))
        except ValueError:
            if "/" in inner or not _HOST.fullmatch(inner):
                raise ValueError(f"expected HOST:PORT or NETWORK:PORT, found {text!r}") from None
            return cls(inner.lower(), None, int(port))

    def allows(self, host: str, address: Address, port: int) -> bool:
        """Tell whether that is it."""
        if port != self.port:
            return False
        return host.lower() == self.host if self.network is None else address in self.network


@dataclass(frozen=True, slots=True)
class FetchRules:
    """What may be fetched.

    Attributes
    ----------
    allowed
        What may be fetched from although it is not public.
    max_bytes
        Most bytes of one recording.
    max_redirects
        Most redirects, each of which is checked.
    connect_s, read_s
        How long connecting may take, and how long nothing may come.
    total_s
        How long all of it may take.
    """

    allowed: tuple[Target, ...] = ()
    max_bytes: int = 8 << 30
    max_redirects: int = 5
    connect_s: float = 5.0
    read_s: float = 20.0
    total_s: float = 6 * 3600.0


def shown(address: str) -> str:
    """Return an address for people: without user, password, query and fragment."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{port}{parts.path}"[:300] + ("?***" if parts.query else "")


def checked(address: str) -> str:
    """Return an address if it has the form of one that is fetched.

    Raises
    ------
    AddressRefused
        It has another form, scheme, or a password in it.
    """
    if len(address) > _MOST_ADDRESS or not address.isascii() or not address.isprintable() or " " in address:
        raise AddressRefused("an address has up to 2000 printable ASCII characters, without blanks")
    if "\\" in address:
        raise AddressRefused("an address has no backslash")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise AddressRefused("the address cannot be read") from None
    if parts.scheme.lower() not in PORTS:
        raise AddressRefused("only http and https are fetched")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise AddressRefused("an address has no user and no password in it")
    host = parts.hostname or ""
    if port == 0 or not (_HOST.fullmatch(host) or _is_ipv6(host)):
        raise AddressRefused("the address names no host")
    if not _is_ipv4(host) and _looks_numeric(host):
        raise AddressRefused("an address in numbers is written with four of them, or in brackets")
    return address


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6 and "%" not in host
    except ValueError:
        return False


def _is_ipv4(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 4
    except ValueError:
        return False


def _looks_numeric(host: str) -> bool:
    """Tell whether resolvers may take a name for a number: 127.1, 0x7f000001, 017700000001."""
    last = host.rstrip(".").rpartition(".")[2]
    return last.isdecimal() or last.lower().startswith("0x") or (host.endswith(".") and _is_ipv4(host.rstrip(".")))
