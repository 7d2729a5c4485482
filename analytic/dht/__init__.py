# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Requests that come by the DHT: a door like the REST API, with files from one folder for uploads.

`folder` reads them and nothing else, `requests` answers. May import: `analytic.pipeline` and what lies below it.
"""
