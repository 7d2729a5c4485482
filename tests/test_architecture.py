# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which way the arrows point (docs/architecture.md), read from the source: nothing is run to find out.

The rules stand in the tables below. An import counts wherever it stands: at the top, in a function, under
TYPE_CHECKING, or as `importlib.import_module("literal")`. The second half shows that turned arrows are caught.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("model", "anonymizers", "analytic")

# Top to bottom: a part imports only what stands in a lower row. Parts of one row do not know each other.
LAYERS = (
    ("analytic.cli",),
    ("analytic.commands",),
    ("analytic.app",),
    ("analytic.api", "analytic.dht", "analytic.listen", "analytic.web"),
    ("analytic.jobs",),
    ("analytic.pipeline",),
    ("analytic.reports", "analytic.delivery", "analytic.audio", "analytic.settings", "analytic.telemetry"),
    (
        "analytic.events",
        "analytic.errors",
        "analytic.access",
        "analytic.folders",
        "analytic.ids",
        "model",
        "anonymizers",
    ),
    ("analytic",),  # the package itself: its version
)

# What a part may import of this project beyond itself, where that is less than all that lies below it.
ONLY = {
    "model": (),
    "anonymizers": (),
    "analytic.pipeline": (
        "analytic.audio",
        "analytic.errors",
        "analytic.events",
        "model.tagger",
        "model.stream",
        "model.labels",
        "anonymizers.base",
    ),
    "analytic.jobs": (
        "analytic.pipeline",
        "analytic.reports",
        "analytic.audio",
        "analytic.errors",
        "analytic.events",
        "analytic.folders",
        "analytic.ids",
        "model.labels",
        "model.tagger",
    ),
    "analytic.listen": (
        "analytic.pipeline",
        "analytic.access",
        "analytic.audio",
        "analytic.errors",
        "analytic.events",
        "analytic.ids",
        "analytic.settings",
        "analytic.telemetry",
        "model.stream",
    ),
    "analytic.reports": ("analytic.errors", "analytic.events"),
    "analytic.delivery": ("analytic.events.types", "analytic.access", "analytic.folders"),
    "analytic.events": (),
    "analytic.events.types": (),
    "analytic.access": (),
    "analytic.folders": (),
    "analytic.ids": (),
    "analytic.errors": (),
}

# Who may import what of other people's; the standard library is free, but see PURE.
LIBRARIES = {
    "model": {"numpy", "scipy", "soxr", "ai_edge_litert", "requests"},
    "model.mobilenet": {"numpy", "keras", "tensorflow"},
    "model.convert": {"numpy", "keras", "tensorflow"},
    "model.recordings": {"numpy", "soundfile", "soxr"},
    "model.evaluate": {"numpy"},
    "model.heads": {"numpy", "scipy", "sklearn", "soundfile"},
    "model.heads.alarm": {"numpy"},
    "model.heads.points": {"numpy"},
    "model.heads.shipped": {"numpy"},
    "model.evaluation": {"numpy", "sklearn", "matplotlib"},
    "model.training": {"numpy", "scipy", "soundfile", "soxr", "keras", "tensorflow", "sklearn", "matplotlib"},
    "anonymizers": {"numpy", "scipy"},
    "anonymizers.gate.pack": {"numpy", "soundfile"},
    "anonymizers.gate.voices": {"numpy", "scipy", "soundfile"},
    "anonymizers.gate.fit": {"numpy", "keras"},
    "analytic": set(),
    "analytic.cli": {"typer"},
    "analytic.commands": {"requests", "rich", "soundfile", "websockets"},
    "analytic.app": {"numpy", "pydantic"},
    "analytic.api": {"flask", "flask_restx", "werkzeug", "waitress"},
    "analytic.dht": set(),
    "analytic.listen": {"numpy", "soundfile", "soxr", "websockets", "sounddevice", "av"},
    "analytic.jobs": {"numpy"},
    "analytic.pipeline": {"numpy"},
    "analytic.reports": {"numpy", "matplotlib"},
    "analytic.delivery": {"cryptography", "paho", "requests", "rfc8785", "tenacity", "websockets"},
    "analytic.audio": {"av", "numpy", "soundfile", "soxr"},
    "analytic.audio.fetch": {"requests", "requests_hardened"},
    "analytic.audio.preprocessing": {"numpy", "scipy", "pywt"},
    "analytic.settings": {"platformdirs", "pydantic", "pydantic_settings"},
    "analytic.telemetry": {"structlog", "prometheus_client"},
    "analytic.events": {"numpy", "scipy"},
    "analytic.events.types": set(),
}

TENSORFLOW = {"tensorflow", "tf_keras", "keras"}
SERVING = ("analytic.cli", "analytic.app")  # nothing that these load, now or later, imports TensorFlow
HEADS = "model.heads"
SERVING_HEADS = {HEADS, "model.heads.alarm", "model.heads.points", "model.heads.shipped"}  # the rest fits them
BUS = "analytic.delivery"
BEYOND_THE_BUS = {"numpy", "scipy", "soundfile", "soxr", "av", "model", "anonymizers", "analytic.audio"}
JOINS = "analytic.app"  # the only part that picks concrete anonymisers
SECONDS_MEET_SAMPLES = "analytic.audio.clip"

# Parts that read no clock, file, socket, thread or chance.
PURE = ("analytic.events",)
IMPURE = {
    *("asyncio", "builtins", "concurrent", "ctypes", "datetime", "fileinput", "glob", "http", "importlib", "io"),
    *("logging", "mmap", "multiprocessing", "os", "pathlib", "pickle", "platform", "queue", "random", "sched"),
    *("secrets", "select", "selectors", "shelve", "shutil", "signal", "socket", "socketserver", "sqlite3"),
    *("subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid"),
}
IMPURE_CALLS = {"open", "input", "print", "exec", "eval", "__import__"}

Sources = Mapping[str, str]


@dataclass(frozen=True)
class Module:
    """One source file: its name, its syntax tree, the project's modules it imports, and everybody else's packages."""

    name: str
    tree: ast.Module
    own: frozenset[str]
    others: frozenset[str]


def read(folder: Path) -> dict[str, str]:
    """The project's sources: dotted module name -> text."""
    return {
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): path.read_text("utf-8")
        for package in PACKAGES
        for path in sorted((folder / package).rglob("*.py"))
    }


def parse(sources: Sources) -> dict[str, Module]:
    modules = {}
    for name, text in sources.items():
        tree = _tree(text)
        own, others = set(), set()
        for imported in _imported(name, tree, sources):
            if imported.partition(".")[0] in PACKAGES:
                own.add(imported)
            else:
                others.add(imported.partition(".")[0])
        modules[name] = Module(name, tree, frozenset(own - {name}), frozenset(others))
    return modules


@cache
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


def _imported(name: str, tree: ast.Module, sources: Sources) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(name, node, sources)
            submodules = {f"{base}.{alias.name}" for alias in node.names} & set(sources)
            yield from submodules
            if len(submodules) < len(node.names):
                yield base
        elif isinstance(node, ast.Call) and node.args and _is_import_call(node.func):
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value


def _absolute(name: str, node: ast.ImportFrom, sources: Sources) -> str:
    if not node.level:
        return node.module or ""
    is_package = any(other.startswith(f"{name}.") for other in sources)
    parts = name.split(".")
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _is_import_call(function: ast.expr) -> bool:
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return called in ("import_module", "__import__")


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


def _most_special(name: str, table: Mapping[str, object]) -> str | None:
    return max((part for part in table if within(name, part)), key=len, default=None)


def _row(name: str) -> tuple[int, str] | None:
    """The row and the part that a module belongs to."""
    found = [(row, part) for row, parts in enumerate(LAYERS) for part in parts if within(name, part)]
    named = [(row, part) for row, part in found if part != "analytic"]
    if named:
        return named[0]
    return found[0] if name == "analytic" else None


def reachable(modules: Mapping[str, Module], start: str) -> dict[str, tuple[str, ...]]:
    """Everything that importing `start` may load, with the path to it; packages load their `__init__` first."""
    paths: dict[str, tuple[str, ...]] = {start: (start,)}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in modules:
            continue
        module = modules[name]
        parents = {name.rsplit(".", count)[0] for count in range(1, name.count(".") + 1)}
        for found in sorted(module.own | module.others | parents):
            if found not in paths:
                paths[found] = (*paths[name], found)
                waiting.append(found)
    return paths


def faults(sources: Sources) -> list[str]:
    """Every broken rule in a tree of sources, a sentence each."""
    modules = parse(sources)
    checks = (_layers, _own, _libraries, _tensorflow, _heads, _bus, _joins, _pure, _sample_rate, _cycles)
    return sorted({fault for check in checks for fault in check(modules)})


def _layers(modules: Mapping[str, Module]) -> Iterator[str]:
    for module in modules.values():
        here = _row(module.name)
        if here is None:
            yield f"{module.name} has no place in LAYERS"
            continue
        for imported in module.own:
            there = _row(imported)
            if there is not None and there[1] != here[1] and there[0] <= here[0]:
                yield f"{module.name} imports {imported}, which does not lie below it"


def _own(modules: Mapping[str, Module]) -> Iterator[str]:
    for module in modules.values():
        part = _most_special(module.name, ONLY)
        if part is None:
            continue
        for imported in module.own:
            if not any(within(imported, allowed) for allowed in (part, *ONLY[part])):
                yield f"{module.name} imports {imported}, which {part} may not"


def _libraries(modules: Mapping[str, Module]) -> Iterator[str]:
    for module in modules.values():
        part = _most_special(module.name, LIBRARIES)
        allowed = LIBRARIES[part] if part is not None else set()
        for imported in module.others - allowed - set(sys.stdlib_module_names) - {"__future__"}:
            yield f"{module.name} imports {imported}, which {part} may not"


def _tensorflow(modules: Mapping[str, Module]) -> Iterator[str]:
    for start in SERVING:
        for found, path in reachable(modules, start).items():
            if found in TENSORFLOW:
                yield f"serving reaches {found}: {' -> '.join(path)}"


def _heads(modules: Mapping[str, Module]) -> Iterator[str]:
    for start in SERVING:
        for found, path in reachable(modules, start).items():
            if within(found, HEADS) and found in modules and found not in SERVING_HEADS:
                yield f"serving reaches what fits the heads: {' -> '.join(path)}"


def _bus(modules: Mapping[str, Module]) -> Iterator[str]:
    for name in modules:
        if within(name, BUS):
            for found, path in reachable(modules, name).items():
                if any(within(found, beyond) for beyond in BEYOND_THE_BUS):
                    yield f"the bus reaches {found}: {' -> '.join(path)}"


def _joins(modules: Mapping[str, Module]) -> Iterator[str]:
    for module in modules.values():
        if within(module.name, "analytic") and not within(module.name, JOINS):
            for imported in module.own:
                if within(imported, "anonymizers") and imported != "anonymizers.base":
                    yield f"{module.name} imports {imported}: only {JOINS} picks concrete anonymisers"


def _pure(modules: Mapping[str, Module]) -> Iterator[str]:
    for module in modules.values():
        if not any(within(module.name, part) for part in PURE):
            continue
        for imported in module.others & IMPURE:
            yield f"{module.name} is pure, but imports {imported}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
                yield f"{module.name} is pure, but calls {node.func.id}()"
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ("np.random", "numpy.random"):
                yield f"{module.name} is pure, but uses {ast.unparse(node)}"


def _sample_rate(modules: Mapping[str, Module]) -> Iterator[str]:
    for module in modules.values():
        if not within(module.name, "analytic") or module.name == SECONDS_MEET_SAMPLES:
            continue
        for node in ast.walk(module.tree):
            sides = [node.left, node.right] if isinstance(node, ast.BinOp) else []
            sides += [node.value, node.target] if isinstance(node, ast.AugAssign) else []
            if any(ast.unparse(side).rpartition(".")[2] == "SAMPLE_RATE_HZ" for side in sides):
                yield f"{module.name} computes with SAMPLE_RATE_HZ: that is {SECONDS_MEET_SAMPLES}'s work"


def _cycles(modules: Mapping[str, Module]) -> Iterator[str]:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> Iterator[str]:
        if name in path:
            circle = path[path.index(name) :]
            first = circle.index(min(circle))
            yield f"a cycle: {' -> '.join((*circle[first:], *circle[: first + 1]))}"
        elif name in modules and name not in done:
            for imported in sorted(modules[name].own):
                yield from visit(imported, (*path, name))
            done.add(name)

    for name in sorted(modules):
        yield from visit(name, ())


@cache
def project() -> dict[str, str]:
    return read(ROOT)


def changed(**texts: str) -> dict[str, str]:
    """The project with lines added to modules, or modules added; `__` in a name stands for a dot."""
    sources = dict(project())
    for name, text in texts.items():
        dotted = name.replace("__", ".")
        sources[dotted] = sources.get(dotted, "") + "\n" + textwrap.dedent(text)
    return sources


@cache
def known_faults() -> frozenset[str]:
    return frozenset(faults(project()))


def new_faults(**texts: str) -> list[str]:
    return [fault for fault in faults(changed(**texts)) if fault not in known_faults()]


def test_every_arrow_points_down() -> None:
    assert faults(project()) == []


def test_the_reader_sees_the_whole_project() -> None:
    modules = parse(project())
    assert {"model.litert", "anonymizers.base", "analytic", "analytic.cli", "analytic.events.types"} <= set(modules)
    assert "analytic.app" in modules["analytic.commands.serve"].own, "imports inside functions count"
    assert "analytic.audio.clip" in reachable(modules, "analytic.cli")


PARTS = [name for name in project() if (ROOT / Path(*name.split(".")) / "__init__.py").is_file()]


@pytest.mark.parametrize("part", PARTS)
def test_a_package_opens_by_saying_what_it_may_import(part: str) -> None:
    docstring = ast.get_docstring(ast.parse(project()[part])) or ""
    # The service as a whole says where the drawing hangs; each part of it says its own rule.
    assert ("docs/architecture.md" if part == "analytic" else "May import") in docstring


@pytest.mark.parametrize("part", [part for part in PARTS if part in ("analytic.events", "analytic.delivery")])
def test_what_a_bound_package_imports_of_the_service_is_named_in_its_docstring(part: str) -> None:
    modules = parse(project())
    docstring = ast.get_docstring(modules[part].tree) or ""
    imported = {
        other
        for module in modules.values()
        if within(module.name, part)
        for other in module.own
        if not within(other, part)
    }
    assert sorted(name for name in imported if f"`{name}`" not in docstring) == []


def test_the_drawing_in_the_documentation_exists() -> None:
    assert (ROOT / "docs" / "architecture.md").is_file()


class TestTurnedArrowsAreCaught:
    def test_delivery_that_reaches_numpy_through_a_third_module(self) -> None:
        found = new_faults(analytic__access="def f():\n    import numpy\n")
        assert any(
            fault.startswith("the bus reaches numpy: analytic.delivery") and fault.endswith("analytic.access -> numpy")
            for fault in found
        )

    def test_delivery_that_reaches_numpy_through_its_own_package(self) -> None:
        found = new_faults(analytic__events="import numpy\n")
        assert any("analytic.events -> numpy" in fault for fault in found if fault.startswith("the bus reaches"))

    def test_delivery_that_imports_audio(self) -> None:
        found = new_faults(analytic__delivery__memory="from analytic.audio.clip import Clip\n")
        assert "analytic.delivery.memory imports analytic.audio.clip, which analytic.delivery may not" in found
        assert any(fault.startswith("the bus reaches analytic.audio") for fault in found)

    def test_model_that_imports_the_service(self) -> None:
        found = new_faults(model__labels="from analytic.errors import HearkenError\n")
        assert "model.labels imports analytic.errors, which model may not" in found

    def test_model_and_anonymizers_that_know_each_other(self) -> None:
        assert new_faults(model__labels="import anonymizers.base\n") == [
            "model.labels imports anonymizers.base, which does not lie below it",
            "model.labels imports anonymizers.base, which model may not",
        ]
        assert "anonymizers.base imports model.tagger, which anonymizers may not" in new_faults(
            anonymizers__base="def f():\n    from model import tagger\n"
        )

    def test_a_cycle_between_modules(self) -> None:
        found = new_faults(analytic__access="from analytic import ids\n", analytic__ids="from analytic import access\n")
        assert "a cycle: analytic.access -> analytic.ids -> analytic.access" in found

    def test_a_cycle_within_one_package(self) -> None:
        assert new_faults(model__errors="def f():\n    from model.tagger import Window\n") == [
            "a cycle: model.errors -> model.tagger -> model.errors"
        ]

    def test_tensorflow_in_the_serving_backend(self) -> None:
        found = new_faults(model__litert="def f():\n    import tensorflow.lite\n")
        assert "model.litert imports tensorflow, which model may not" in found
        assert any(fault.startswith("serving reaches tensorflow: analytic.") for fault in found)

    def test_keras_reached_through_the_converter(self) -> None:
        found = new_faults(model__store="from model import convert\n")
        assert any(
            fault.startswith("serving reaches keras") and "model.store -> model.convert" in fault for fault in found
        )

    def test_a_pipeline_that_picks_a_concrete_tagger_or_anonymiser(self) -> None:
        found = new_faults(analytic__pipeline="from model.litert import LiteRtTagger\nimport anonymizers.scramble\n")
        assert "analytic.pipeline imports model.litert, which analytic.pipeline may not" in found
        assert "analytic.pipeline imports anonymizers.scramble, which analytic.pipeline may not" in found

    def test_an_arrow_that_points_up(self) -> None:
        assert new_faults(analytic__pipeline__telling="from analytic.api import parameters\n") == [
            "analytic.pipeline.telling imports analytic.api.parameters, which analytic.pipeline may not",
            "analytic.pipeline.telling imports analytic.api.parameters, which does not lie below it",
        ]

    def test_an_arrow_that_points_up_and_round(self) -> None:
        found = new_faults(analytic__pipeline="from analytic.api import predict\n")
        assert "a cycle: analytic.api.predict -> analytic.pipeline -> analytic.api.predict" in found

    def test_another_part_that_picks_a_concrete_anonymiser(self) -> None:
        line = "from anonymizers.scramble import Scramble\n"
        (fault,) = new_faults(analytic__api__describe=line)
        assert (
            fault == "analytic.api.describe imports anonymizers.scramble: only analytic.app picks concrete anonymisers"
        )
        assert new_faults(analytic__app__parts=line) == [], "any module of the part that joins may"

    @pytest.mark.parametrize("part", ["fit", "release"])
    def test_serving_that_reaches_what_fits_the_heads(self, part: str) -> None:
        changes = {
            f"model__heads__{part}": "import sklearn\n",
            "model__heads__shipped": f"from model.heads import {part}",
        }
        found = new_faults(**changes)
        assert any(
            fault.startswith("serving reaches what fits the heads: ")
            and f"model.heads.shipped -> model.heads.{part}" in fault
            for fault in found
        )

    def test_heads_that_serve_with_more_than_numpy(self) -> None:
        assert "model.heads.alarm imports scipy, which model.heads.alarm may not" in new_faults(
            model__heads__alarm="from scipy.special import expit\n"
        )

    def test_an_arrow_that_points_sideways(self) -> None:
        assert new_faults(analytic__settings="from analytic.audio import clip\n") == [
            "analytic.settings imports analytic.audio.clip, which does not lie below it"
        ]

    @pytest.mark.parametrize(
        "line",
        [
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from analytic.app import Service\n",
            "import importlib\nimportlib.import_module('analytic.app')\n",
            "from importlib import import_module\nimport_module('analytic.app')\n",
            "__import__('analytic.app')\n",
            "from analytic import app\n",
            "from . import app\n",
            "from .app import Service\n",
            "def f():\n    import analytic.app as a\n",
        ],
    )
    def test_an_import_in_any_form(self, line: str) -> None:
        assert "analytic.errors imports analytic.app, which does not lie below it" in new_faults(analytic__errors=line)

    @pytest.mark.parametrize(
        ("line", "fault"),
        [
            ("import time\n", "is pure, but imports time"),
            ("def f():\n    from datetime import datetime\n", "is pure, but imports datetime"),
            ("import os.path\n", "is pure, but imports os"),
            ("open('x')\n", "is pure, but calls open()"),
            ("import numpy as np\nnp.random.default_rng()\n", "is pure, but uses np.random"),
        ],
    )
    def test_events_that_read_the_world(self, line: str, fault: str) -> None:
        assert f"analytic.events.policy {fault}" in new_faults(analytic__events__policy=line)

    def test_numpy_in_the_event_types(self) -> None:
        assert "analytic.events.types imports numpy, which analytic.events.types may not" in new_faults(
            analytic__events__types="import numpy\n"
        )

    def test_flask_outside_the_api(self) -> None:
        assert new_faults(analytic__app="from flask import Flask\n") == [
            "analytic.app imports flask, which analytic.app may not"
        ]

    @pytest.mark.parametrize(
        "line",
        [
            "samples = 3.0 * SAMPLE_RATE_HZ\n",
            "samples = clip.SAMPLE_RATE_HZ // 2\n",
            "x = 1\nx *= SAMPLE_RATE_HZ\n",
        ],
    )
    def test_seconds_that_meet_a_sample_rate_elsewhere(self, line: str) -> None:
        assert new_faults(analytic__pipeline=line) == [
            "analytic.pipeline computes with SAMPLE_RATE_HZ: that is analytic.audio.clip's work"
        ]

    def test_a_new_part_without_a_place(self) -> None:
        assert new_faults(analytic__manager="") == ["analytic.manager has no place in LAYERS"]


def run(script: str) -> str:
    """Run a script in a fresh interpreter; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_service_loads_nothing_of_training_or_drawing() -> None:
    assert (
        run(
            """
            import sys
            import analytic.app, analytic.cli
            from analytic.settings import load
            from model.fake import FakeTagger
            service = analytic.app.Service(load(http={"port": 0}, bus={"port": 0}), FakeTagger.always({}))
            service.start()
            service.stop()
            heavy = {"tensorflow", "keras", "torch", "matplotlib", "sklearn", "diffprivlib", "pandas"}
            print(sorted(heavy & set(sys.modules)), "analytic.pipeline" in sys.modules)
            """
        )
        == "[] True"
    )


@pytest.mark.parametrize("module", ["websocket", "dispatch", "memory", "subscription"])
def test_the_bus_loads_no_numpy_and_no_sound(module: str) -> None:
    assert (
        run(
            f"""
            import sys
            import analytic.delivery.{module}
            print([name for name in sys.modules if name.split(".")[0] in ("numpy", "soundfile", "soxr", "model",
                   "anonymizers") or name.startswith("analytic.audio")])
            """
        )
        == "[]"
    )


def test_a_listener_on_the_bus_loads_no_network() -> None:
    assert (
        run(
            """
            import sys
            import analytic.cli, analytic.commands.bus
            print([name for name in ("numpy", "ai_edge_litert", "soundfile", "flask") if name in sys.modules])
            """
        )
        == "[]"
    )
