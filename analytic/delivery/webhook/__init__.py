# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Webhooks: each message as one POST, as it is or in the words of common notifiers.

`templates` are those words, `sink` sends them.

May import: `analytic.delivery`, `analytic.events.types`, requests.
"""
