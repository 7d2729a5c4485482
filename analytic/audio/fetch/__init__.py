# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Recordings by address, fetched piece by piece: nothing of them is kept, neither on disk nor in memory.

A service that fetches what it is told can be told to fetch what only it can reach: the router's page, a neighbour's
camera, a cloud's metadata. So: http and https alone; every name is looked up once, and the connection goes to that very
address; private, loopback, link-local, multicast and embedding addresses are refused unless they are allowed by name
and port; each redirect is checked as the first address was; bytes and time are bounded. No proxy and no password of
this machine is used. The rules for addresses are those of `requests-hardened`, and some networks more.

`rules` reads addresses, `pinned` connects, `timed` bounds answers, `remote` reads. May import: requests,
requests-hardened, `analytic.errors`.
"""

from analytic.audio.fetch.remote import Fetcher, Remote
from analytic.audio.fetch.rules import FetchRules, Target, checked, shown

__all__ = ["FetchRules", "Fetcher", "Remote", "Target", "checked", "shown"]
