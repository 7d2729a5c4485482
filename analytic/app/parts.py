# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""One part each from its settings."""

from __future__ import annotations

import ctypes
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analytic.api.predict import Predictor, PredictRequest
from analytic.app.delivering import Delivery
from analytic.app.hiding import alarm_scores, make_anonymizers
from analytic.app.policies import make_policies, surge_rule
from analytic.audio.decode import AudioLimits
from analytic.audio.fetch import Fetcher, FetchRules, Target
from analytic.audio.sandbox.decoders import Decoders, Here
from analytic.audio.sandbox.hatching import SandboxLimits
from analytic.audio.sandbox.sandbox import Sandbox
from analytic.audio.streams import StreamLimits
from analytic.delivery.dispatch import Dispatcher, Sink
from analytic.delivery.memory import Memory
from analytic.delivery.signing import Signer
from analytic.dht.folder import Folder
from analytic.dht.requests import DhtRequest, DhtRequests
from analytic.errors import BadSettings, HearkenError
from analytic.events.level import Levels
from analytic.events.modes import Policies
from analytic.events.surges import SurgeSettings
from analytic.events.types import Event, Source, Stamp
from analytic.events.unusual import UnusualSettings
from analytic.ids import Uuid7
from analytic.listen import address
from analytic.listen.browser import Webm
from analytic.listen.door import Pcm16, Unpack
from analytic.listen.habits import Habits
from analytic.listen.keeper import Keeper
from analytic.listen.listener import Listener
from analytic.listen.remembered import Remembered
from analytic.listen.session import Session
from analytic.pipeline import LiveSource, Pipeline
from analytic.pipeline.hearing import UNUSUAL
from analytic.pipeline.live import Extras
from analytic.settings import AudioSettings, ModelsSettings, Settings
from analytic.settings.alerts import AlertSettings
from analytic.settings.jobs import FetchSettings
from analytic.settings.listen import ListenSettings
from analytic.telemetry import Metrics
from anonymizers.base import os_random
from model.heads.shipped import ShippedHeads, shipped
from model.store import TaggerStore
from model.stream import StreamingTagger
from model.tagger import TaggerCard

_PR_SET_DUMPABLE = 4
_ANSWERED_S = 90 * 86_400.0  # a request that stays on the DHT for longer is answered again
_MOST_FORGOTTEN = 100_000


def make_tagger(settings: ModelsSettings) -> StreamingTagger:
    """Open the tagger that the settings name, else the one that the store prefers.

    Raises
    ------
    UnknownTagger, TaggerNotInstalled, BadTaggerFile
        There is none to open.
    """
    store = TaggerStore(settings.dir)
    return store.open(settings.tagger or store.preferred(), lanes=settings.lanes, threads=settings.threads)


def make_heads(tagger: str) -> ShippedHeads | None:
    """Return the alarm heads that come with the package for the tagger of this name, with their operating points."""
    return shipped(tagger)


def make_limits(settings: AudioSettings) -> AudioLimits:
    """Return what sound is accepted."""
    return AudioLimits(
        settings.max_duration_s, settings.max_channels, settings.min_sample_rate_hz, settings.max_sample_rate_hz
    )


def make_decoders(settings: AudioSettings) -> Decoders:
    """Return what decodes: processes that are thrown away, or this one where the settings say so."""
    if not settings.sandbox:
        return Here()
    return Sandbox(SandboxLimits(memory_bytes=settings.sandbox_bytes, clip_s=settings.sandbox_s))


def make_stream_limits(settings: Settings) -> StreamLimits:
    """Return what recordings are accepted."""
    audio = settings.audio
    return StreamLimits(
        settings.jobs.max_duration_s, audio.max_channels, audio.min_sample_rate_hz, audio.max_sample_rate_hz
    )


def make_fetcher(settings: FetchSettings) -> Fetcher | None:
    """Return what fetches recordings; None where that is off.

    Raises
    ------
    BadSettings
        What is allowed is none of the forms that it may have.
    """
    try:
        allowed = tuple(Target.of(one) for one in settings.allowed)
    except ValueError as error:
        raise BadSettings(f"fetch.allowed: {error}") from error
    if not settings.enabled:
        return None
    return Fetcher(FetchRules(allowed, settings.max_bytes, read_s=settings.read_s, total_s=settings.total_s))


def make_ids() -> Uuid7:
    """Return a maker of UUIDv7s on this machine's clock."""
    return Uuid7(lambda: time.time_ns() // 1_000_000, os_random)


def make_pipeline(
    settings: Settings,
    tagger: StreamingTagger,
    sinks: Sequence[Sink] = (),
    metrics: Metrics | None = None,
    dispatcher: Dispatcher | None = None,
    secret: bytes | None = None,
) -> Pipeline:
    """Join tagger, anonymisers, policy and sinks to the one path.

    Without a dispatcher, nothing outlives this process: messages go to the sinks, signed with a key that nobody keeps.
    Without a secret, a clip is anonymised otherwise by each process.
    """
    metrics = metrics or Metrics()
    new_id = make_ids()
    sending = dispatcher or Dispatcher(Memory(), new_id, Signer.ephemeral(), sinks=sinks, failed=metrics.sink_failure)

    def publish(events: Sequence[Event]) -> list[Stamp]:
        metrics.events(events)
        return sending.publish(events)

    heads, alerts = make_heads(tagger.card.name), settings.alerts
    policies = make_policies(alerts, tagger.card.name, heads.points if heads else None)
    uploads = policies
    if heads:
        more = make_policies(alerts, tagger.card.name, heads.points, sensitivity=alerts.upload_sensitivity)
        uploads = Policies(more.by_mode, lambda: policies.mode)
    return Pipeline(
        tagger,
        make_anonymizers(settings.anonymizers, secret, alarm_scores(tagger, heads) if heads else None),
        policies,
        publish,
        new_id,
        heads=heads.heads if heads else None,
        uploads=uploads,
        surge_settings=SurgeSettings(threshold_db=alerts.surge_db),
        observe=metrics.stage,
    )


def make_extras(settings: AlertSettings, habits: Habits | None = None) -> Extras:
    """Return what live sources listen for beside the alert classes of the policy: unusual sound where a mode has it."""
    has_unusual = any(UNUSUAL in (one.enabled or ()) for one in (settings, *settings.modes.values()))
    return Extras(
        surge=surge_rule(settings),
        unusual=habits if has_unusual else None,
        surge_settings=SurgeSettings(threshold_db=settings.surge_db),
    )


def make_habits(settings: Settings, tagger: TaggerCard) -> Habits:
    """Return what learns what is usual at each source, and forgets it, also where nothing is learnt any more."""
    return Habits(
        settings.listen.state_dir,
        f"{tagger.name} {tagger.version}",
        UnusualSettings(settings.alerts.unusual_per_day),
        max_sources=settings.listen.max_sources,
    )


def make_listener(settings: Settings, pipeline: Pipeline, metrics: Metrics) -> Listener:
    """Return what runs the live sources."""
    listen, habits = settings.listen, make_habits(settings, pipeline.tagger.card)
    extras = make_extras(settings.alerts, habits)

    def open_stream(
        source: Source, began: float, memory: Mapping[str, Any] | None, on_levels: Callable[[Levels], None]
    ) -> LiveSource:
        return LiveSource(pipeline, source, began, memory, extras, on_levels)

    return Listener(
        open_stream,
        Remembered(listen.state_dir),
        max_sources=listen.max_sources,
        workers=listen.workers,
        backlog_s=listen.backlog_s,
        lost_after_s=listen.lost_after_s,
        observer=metrics,
        habits=habits,
    )


def make_keepers(settings: ListenSettings, listener: Listener) -> list[Keeper[Session]]:
    """Return what keeps the sources of the settings open.

    Raises
    ------
    BadSettings
        An address is none.
    """
    keepers = []
    for name, secret in settings.sources.items():
        try:
            found = address.read(secret.get_secret_value())  # it may hold a camera's password
        except HearkenError as error:
            raise BadSettings(f"listen.sources.{name}: {error}") from error
        if found.kind == "stdin":
            raise BadSettings(f"listen.sources.{name}: a service has no standard input to listen to")
        keepers.append(Keeper(listener, name, found))
    return keepers


def make_requests(settings: Settings, predictor: Predictor, delivery: Delivery) -> DhtRequests | None:
    """Return what answers requests on the DHT; None where they are not taken."""
    if not settings.dht.requests or settings.dht.requests_dir is None:
        return None

    def analyse(request: DhtRequest, audio: Callable[[], bytes]) -> Mapping[str, Any]:
        return predictor.predict(
            PredictRequest(
                method=request.method,
                requestor_id=request.requestor_id,
                requestor_type=request.requestor_type,
                request_id=request.request_id,
            ),
            audio,
        )

    folder = Folder(settings.dht.requests_dir, settings.http.max_body_bytes)
    answered = delivery.traces("dht-requests")
    answered.remove(answered.older_than(_ANSWERED_S, _MOST_FORGOTTEN))
    return DhtRequests(folder, analyse, delivery.answer, answered)


def unpackers() -> dict[str, Callable[[], Unpack]]:
    """Return what turns the messages of live sound into sound, by format."""
    return {"pcm16": Pcm16, "webm": Webm}


def forbid_core_dumps() -> None:
    """Keep the memory of this process, which holds sound, out of core files."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # also where the kernel pipes cores to a program
