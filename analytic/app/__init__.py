# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Where the parts are joined: settings in, a running service out. The only place that picks concrete parts.

May import: everything below it, and numpy; concrete anonymisers and taggers here alone; pydantic for its types.
`parts` makes one part each from its settings, `policies` the alert policies, `service` joins them on two ports.
"""

from analytic.app.hiding import features_of, make_anonymizers
from analytic.app.parts import (
    forbid_core_dumps,
    make_extras,
    make_heads,
    make_ids,
    make_limits,
    make_pipeline,
    make_tagger,
)
from analytic.app.policies import make_policies
from analytic.app.recordings import make_analyst
from analytic.app.service import Service

__all__ = [
    "Service",
    "features_of",
    "forbid_core_dumps",
    "make_analyst",
    "make_anonymizers",
    "make_extras",
    "make_heads",
    "make_ids",
    "make_limits",
    "make_pipeline",
    "make_policies",
    "make_tagger",
]
