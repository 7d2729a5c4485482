# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""HTTP: thin resources over the pipeline. Handlers read a request, call, and shape an answer; `application` names them.

May import: flask, flask-restx, `analytic.pipeline` and what lies below it. Sound stays in memory: see `uploads`.
"""
