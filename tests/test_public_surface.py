# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What strangers may build on: four lists of names, a docstring for every public thing, error trees drawn true."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("model", "anonymizers", "analytic")

# A name that goes is a breaking change: it belongs into CHANGELOG.md.
SURFACE = {
    "model.tagger": [
        "HOP_SAMPLES",
        "SAMPLE_RATE_HZ",
        "Scores",
        "Tagged",
        "Tagger",
        "TaggerCard",
        "WINDOW_SAMPLES",
        "Waveform",
        "Window",
        "check_waveform",
        "plan_windows",
        "pool",
        "top",
    ],
    "anonymizers.base": [
        "Anonymized",
        "Anonymizer",
        "Empirical",
        "Formal",
        "Guarantee",
        "Identity",
        "Nothing",
        "RandomBytes",
        "Waveform",
        "os_random",
    ],
    "analytic.pipeline": [
        *("Analysis", "Heads", "Hearing", "LiveSource", "Pipeline", "Prediction", "Recorded", "Recorder", "Task"),
    ],
    "analytic.events.types": [
        "AnonymizerName",
        "Event",
        "Message",
        "Mode",
        "ModelName",
        "Phase",
        "Requestor",
        "SCORE_STEP",
        "Source",
        "Stamp",
        "TIME_STEP_S",
        "deletion",
        "gap",
        "gap_in_place_of",
        "is_event",
    ],
}


def defined(tree: ast.Module) -> Iterator[str]:
    """Public names that a module makes itself, imports left out; of a package those that it hands on."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            yield from ast.literal_eval(node.value)
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


@pytest.mark.parametrize("module", SURFACE)
def test_the_public_names_are_these(module: str) -> None:
    path = ROOT / module.replace(".", "/")
    tree = ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8"))
    assert sorted(name for name in defined(tree) if not name.startswith("_")) == SURFACE[module]


FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def undocumented(tree: ast.Module) -> Iterator[str]:
    if not ast.get_docstring(tree):
        yield "the module"
    waiting: list[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]] = [
        ("", node) for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    while waiting:
        within, node = waiting.pop()
        if node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield within + node.name
        if isinstance(node, ast.ClassDef):
            functions = (part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef))
            waiting += [(f"{node.name}.", part) for part in functions]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_everything_public_says_what_it_is(path: Path) -> None:
    assert list(undocumented(ast.parse(path.read_text("utf-8")))) == []


def test_a_missing_docstring_is_noticed() -> None:
    source = (
        '"""A module."""\nclass A:\n    """A class."""\n    def f(self): ...\n    def _g(self): ...\ndef h(): ...\n'
    )
    assert sorted(undocumented(ast.parse(source))) == ["A.f", "h"]


def drawn(docstring: str) -> dict[str, str | None]:
    """The tree in a docstring, class name -> name of its parent, by indentation."""
    parents: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in docstring.splitlines():
        match = re.fullmatch(r"( *)([A-Z][A-Za-z]+)(?: {2,}\S.*)?", line)
        if match is None:
            continue
        depth, name = len(match[1]), match[2]
        above = [(other, parent) for other, parent in above if other < depth]
        parents[name] = above[-1][1] if above else None
        above.append((depth, name))
    return parents


def made(module: ModuleType) -> dict[str, str | None]:
    """The error classes of a module, each with its parent in the same module."""
    classes = {
        name: kind
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, BaseException) and kind.__module__ == module.__name__
    }
    return {
        name: next((base.__name__ for base in kind.__bases__ if base in classes.values()), None)
        for name, kind in classes.items()
    }


@pytest.mark.parametrize("name", ["model.errors", "analytic.errors"])
def test_the_error_tree_is_the_one_that_is_drawn(name: str) -> None:
    module = importlib.import_module(name)
    assert made(module) == drawn(module.__doc__ or "")
    assert len(made(module)) > 5
    assert list(made(module).values()).count(None) == 1, "one tree, one root"


def test_a_branch_drawn_elsewhere_is_noticed() -> None:
    assert drawn("Words.\n\nRoot\n    Branch      what\n        Leaf\n    Other\n") == {
        "Root": None,
        "Branch": "Root",
        "Leaf": "Branch",
        "Other": "Root",
    }
