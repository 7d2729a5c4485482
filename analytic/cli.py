# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The command ``hearken``: names, options, exit codes. What the commands do is in `analytic.commands`.

Exit codes: 0 done; 1 it cannot start (settings, ports); 2 some input was refused; 3 there is no tagger to speak.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from analytic import __version__
from analytic.errors import BadSettings, HearkenError
from analytic.settings import WEIGHTS_VARIABLE, Settings, load

CANNOT_START, REFUSED, NO_TAGGER = 1, 2, 3

main = typer.Typer(
    name="hearken",
    help="Privacy-aware smart-home sound analytics, on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_model = typer.Typer(help="Taggers: which there are, and having one.", no_args_is_help=True)
main.add_typer(_model, name="model")

_Tagger = Annotated[str | None, typer.Option(help="Installed tagger to use.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"hearken {__version__}")
        raise typer.Exit


@main.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del version


@main.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the REST API (5000); 0 takes a free one.")] = None,
    bus_port: Annotated[int | None, typer.Option(help="Port of the websocket bus (8765); 0 takes a free one.")] = None,
    tagger: _Tagger = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of everything that is kept; taggers in its folder models.")
    ] = None,
    insecure_lan: Annotated[
        bool, typer.Option("--insecure-lan", help="Listen beyond loopback without a token.")
    ] = False,
) -> None:
    """Run the service; prints one line when it takes requests."""
    from analytic.commands.serve import serve as run

    with _one_line():
        settings = load(
            http={"host": host, "port": port, "insecure_lan": insecure_lan or None},
            bus={"port": bus_port},
            models={"tagger": tagger, "dir": data_dir / "models" if data_dir else None},
            listen={"state_dir": data_dir / "sources" if data_dir else None},
            delivery={"dir": data_dir / "delivery" if data_dir else None},
            stats={"dir": data_dir / "stats" if data_dir else None},
            jobs={"dir": data_dir / "jobs" if data_dir else None},
        )
        run(settings)


@main.command()
def tag(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Sound or video files; - reads standard input; with --out folders too."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    tagger: _Tagger = None,
    anonymizer: Annotated[
        str,
        typer.Option(
            help="Anonymise first: none, scrample, dp_noise, ... or a chain such as speech_gate+reverse_splice."
        ),
    ] = "none",
    top: Annotated[int, typer.Option(min=1, max=527, help="How many classes to show.")] = 5,
    preprocess: Annotated[
        str, typer.Option(help="Do this to the sound first: a comma list, such as loudness; see docs/preprocessing.md.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Write one table of all files: .csv, or .jsonl; goes on where it was cut off.")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", help="With --out: folders within folders too.")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, max=256, help="With --out: files at once (all cores).")] = None,
) -> None:
    """Say what is in sound files, and what of it is an alarm; with --out, of whole archives."""
    from analytic.commands.tag import tag as run

    with _one_line():
        if out is not None:
            _archive(_settings(tagger), files, out, anonymizer, preprocess, recursive, jobs)
            return
        if recursive or jobs is not None:
            raise typer.BadParameter("--recursive and --jobs go with --out FILE")
        if not run(_settings(tagger), files, anonymizer, top, as_json, preprocess):
            raise typer.Exit(REFUSED)


def _archive(
    settings: Settings, files: list[str], out: Path, method: str, preprocess: str, recursive: bool, jobs: int | None
) -> None:
    from analytic.audio.preprocessing.registry import Preprocessing
    from analytic.commands import archive
    from analytic.jobs.job import Asked

    asked = Asked(method, Preprocessing.of(preprocess).names)
    workers = jobs or archive.default_workers()
    if not archive.archive(settings, files, out, asked, recursive=recursive, workers=workers):
        raise typer.Exit(REFUSED)


@main.command()
def tune(
    paths: Annotated[list[str] | None, typer.Argument(help="Sound files and folders of them.")] = None,
    live: Annotated[str | None, typer.Option(help="Watch this live source of a running service instead.")] = None,
    url: Annotated[str, typer.Option(help="Address of the service.")] = "http://127.0.0.1:5000",
    token: Annotated[str | None, typer.Option(envvar="HEARKEN_TOKEN", help="Token of the service.")] = None,
    only: Annotated[list[str] | None, typer.Option("--class", help="Alert class to show; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
    tagger: _Tagger = None,
) -> None:
    """Show what the alert classes score on your sounds, at which sensitivity they alert, and why not."""
    from analytic.commands.tune import tune as run
    from analytic.commands.tune import watch

    with _one_line():
        if live is not None:
            raise typer.Exit(watch(url, live, token, only or ()))
        if not paths:
            raise typer.BadParameter("name sound files or folders, or a live source with --live")
        if not run(_settings(tagger), paths, only or (), as_json):
            raise typer.Exit(REFUSED)


@main.command()
def listen(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="mic: or mic:DEVICE, a file, an rtsp or http address; - reads raw 16 bit, 16 kHz mono.",
        ),
    ],
    name: Annotated[list[str] | None, typer.Option(help="A source's name; once for each, in order.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print event messages, a JSON object a line.")] = False,
    tagger: _Tagger = None,
    loop: Annotated[bool, typer.Option("--loop", help="Begin files anew when they end.")] = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="Files as fast as it goes; times are those of the sound.")
    ] = False,
    to: Annotated[str | None, typer.Option(help="Only pass the sound on to a running service: ws://HOST:8765.")] = None,
    token: Annotated[str | None, typer.Option(envvar="HEARKEN_TOKEN", help="Token for --to.")] = None,
) -> None:
    """Listen to live sound, and print an alarm's phase a line; or pass it on to a running service."""
    from analytic.commands import listen as command

    with _one_line():
        command.check(sources, as_json=as_json, tagger=tagger, loop=loop, fast=fast, to=to)
        found = command.named(sources, name or [])
        if to is None:
            command.listen(_settings(tagger), found, as_json=as_json, loop=loop, fast=fast)
        else:
            command.forward(found, to, token, loop=loop)


@main.command("listen-bus")
def listen_bus(
    url: Annotated[str, typer.Option(help="Address of the bus.")] = "ws://127.0.0.1:8765/events",
    since: Annotated[str | None, typer.Option(help="First what came after this message_id, or start.")] = None,
    token: Annotated[str | None, typer.Option(envvar="HEARKEN_TOKEN", help="Token of the service.")] = None,
) -> None:
    """Print what arrives on the bus, a JSON message a line."""
    from analytic.commands.bus import listen

    raise typer.Exit(listen(url, since, token))


@main.command()
def anonymize(
    source: Annotated[Path, typer.Argument(help="WAV, FLAC or Ogg.")],
    target: Annotated[Path, typer.Argument(help="What to write: .wav or .flac; for band_energy also .hkbe or .json.")],
    method: Annotated[str, typer.Option(help="How; chains such as speech_gate+reverse_splice too.")],
) -> None:
    """Write a sound file anew, without what is nobody's business."""
    from analytic.commands.anonymize import anonymize as run

    with _one_line():
        for warning in run(_settings(), source, target, method):
            print(f"note: {warning}", file=sys.stderr)


@main.command()
def send(
    source: Annotated[Path, typer.Argument(help="WAV, FLAC or Ogg.")],
    method: Annotated[str, typer.Option(help="How to anonymise it before it is sent.")],
    url: Annotated[str, typer.Option(help="Address of the service.")] = "http://127.0.0.1:5000",
    token: Annotated[str | None, typer.Option(envvar="HEARKEN_TOKEN", help="Token of the service.")] = None,
) -> None:
    """Anonymise a sound file here, send what is left of it to a service, and print its answer."""
    from analytic.commands import anonymize as command

    with _one_line():
        command.show(command.send(_settings(), source, url, method, token, {}))


@main.command()
def verify(
    key: Annotated[str, typer.Option(help="The device's public key (from /device), or a file that holds it.")],
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of messages, one a line; none: standard input.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Keeps the last number seen, so that a replay is refused later as well.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing of messages that hold.")] = False,
) -> None:
    """Check that messages are from a device, unchanged, and none seen before; print those that hold."""
    from analytic.commands.verify import lines_of
    from analytic.commands.verify import verify as run

    with _one_line():
        if not run(key, lines_of(files or ()), state, quiet):
            raise typer.Exit(REFUSED)


@_model.command("list")
def model_list() -> None:
    """Show the published taggers and the installed ones."""
    from analytic.commands import models

    with _one_line():
        models.show(_settings().models.dir)


@_model.command("fetch")
def model_fetch(name: Annotated[str, typer.Argument(help="Such as mn04_as.")]) -> None:
    """Download a published tagger, check its sha256, convert and install it."""
    from analytic.commands import models

    with _one_line():
        models.fetch(_settings().models.dir, name)


@_model.command("install")
def model_install(
    name_or_file: Annotated[str, typer.Argument(help="A .pt checkpoint, a .tflite, or a published name.")],
) -> None:
    """Install a tagger from a file, or a published one from the folder that HEARKEN_WEIGHTS names."""
    from analytic.commands import models

    weights = os.environ.get(WEIGHTS_VARIABLE)
    with _one_line():
        models.install(_settings().models.dir, name_or_file, Path(weights) if weights else None)


@_model.command("evaluate")
def model_evaluate(
    name: Annotated[str, typer.Argument(help="An installed or bundled tagger.")],
    data: Annotated[Path, typer.Option(help="A folder with manifest.csv and the recordings it names.")],
    reference: Annotated[str | None, typer.Option(help="Another tagger to compare with.")] = None,
    split: Annotated[str, typer.Option(help="Rows of the manifest to use: val, train or all.")] = "val",
    out: Annotated[Path, typer.Option(help="Folder for the JSON, Markdown and PNG.")] = Path("evaluation"),
) -> None:
    """Measure a tagger on labelled recordings: mAP, agreement, calibration, alarms."""
    from analytic.commands import models

    with _one_line():
        models.evaluate(_settings().models.dir, name, data, reference, split, out)


@_model.command("verify")
def model_verify() -> None:
    """Check the installed taggers against their sha256, and load each."""
    from analytic.commands import models

    with _one_line():
        if not models.verify(_settings().models.dir):
            raise typer.Exit(REFUSED)


def _settings(tagger: str | None = None) -> Settings:
    models: dict[str, Any] = {"tagger": tagger}
    return load(models=models)


@contextmanager
def _one_line() -> Iterator[None]:
    """Say what went wrong in one line, and exit with its code."""
    from model.errors import ModelError, TaggerNotInstalled

    try:
        yield
    except TaggerNotInstalled as error:
        code, sentence = NO_TAGGER, str(error)
    except (BadSettings, OSError) as error:
        code, sentence = CANNOT_START, str(error)
    except (HearkenError, ModelError) as error:
        code, sentence = REFUSED, str(error)
    else:
        return
    print(f"hearken: {' '.join(sentence.split())}", file=sys.stderr)
    raise typer.Exit(code)
