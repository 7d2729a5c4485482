# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The commands of ``hearken``, a file a command; `analytic.cli` gives them their names and options.

May import: everything below `analytic.cli`. Each imports what it needs when it runs: ``hearken listen-bus`` loads no
network.
"""
