# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The one path: sound -> anonymiser -> tagger -> policy -> events. Every door of the service ends here.

May import: `analytic.audio`, `analytic.events`, `analytic.errors`, and the interfaces of `model` and `anonymizers`
(tagger, stream, labels, base), never a concrete one; numpy. `clips` takes whole sounds, `recordings` long ones, `live`
endless ones; `hearing` and `telling` are what they share.
"""

from analytic.pipeline.clips import Analysis, Pipeline, Prediction, Task
from analytic.pipeline.hearing import Heads, Hearing
from analytic.pipeline.live import LiveSource
from analytic.pipeline.recordings import Recorded, Recorder

__all__ = ["Analysis", "Heads", "Hearing", "LiveSource", "Pipeline", "Prediction", "Recorded", "Recorder", "Task"]
