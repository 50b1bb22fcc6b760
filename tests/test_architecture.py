"""Dependencies point down, never sideways; the client carries no model stack."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

# What each module may import of our own. A name ending in * allows a package.
ALLOWED: dict[str, set[str]] = {
    "service.config": set(),
    "service.errors": set(),
    "service.pairs": {"glossary*"},
    "service.tokenizer": {"glossary*", "service.errors"},
    "service.backend": set(),
    "service.backend_ct2": {"service.backend", "service.errors"},
    "service.backend_transformers": {"service.backend", "service.errors"},
    "service.model": {"service.backend", "service.backend_ct2", "service.backend_transformers", "service.errors", "service.tokenizer"},
    "service.decode": {"glossary*", "service.backend", "service.model", "service.tokenizer"},
    "service.segment": {"glossary*", "service.pairs"},
    "service.checks": {"glossary*", "service.decode", "service.pairs"},
    "service.names": {"glossary*", "service.pairs"},
    "service.joints": {"glossary*"},
    "service.pipeline": {
        "glossary*",
        "service",
        "service.checks",
        "service.decode",
        "service.joints",
        "service.model",
        "service.pairs",
        "service.names",
        "service.segment",
    },
    "service.store": {"glossary*", "service.errors"},
    "service.convert": {"glossary*", "protos*", "service.pairs", "service.store"},
    "service.status": {"glossary.errors", "service", "service.errors"},
    "service.worker": {"service", "service.config", "service.errors", "service.model", "service.pipeline"},
    "service.calls": {
        "glossary.errors",
        "service",
        "service.config",
        "service.convert",
        "service.errors",
        "service.pipeline",
        "service.status",
        "service.store",
        "service.worker",
    },
    "service.translation_service": {
        "glossary*",
        "protos*",
        "service",
        "service.calls",
        "service.convert",
        "service.errors",
        "service.pairs",
        "service.pipeline",
    },
    "service.glossary_service": {"glossary.termfile", "protos*", "service", "service.calls", "service.convert", "service.errors"},
    "service.server": {
        "protos*",
        "service.calls",
        "service.config",
        "service.glossary_service",
        "service.store",
        "service.translation_service",
        "service.worker",
    },
    "service.cli": {"service.config", "service.errors", "service.server"},
    "service.render": {"protos*", "service"},
    "service.client": {"protos*", "service", "service.render", "service.status"},
}
HEAVY = {"ctranslate2", "sentencepiece", "transformers", "torch", "sentencex", "ahocorasick", "numpy", "sqlite3"}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from service import errors` imports the module service.errors
            below = {f"{node.module}.{a.name}" for a in node.names if (ROOT / node.module.replace(".", "/") / f"{a.name}.py").exists()}
            found |= below or {node.module}
    return {name for name in found if name.split(".")[0] in ("service", "glossary", "protos", "training", "benchmarks", "tests")}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).glob("*.py"))


@pytest.mark.parametrize("path", modules("glossary"), ids=lambda p: p.stem)
def test_glossary_is_pure(path: Path) -> None:
    """The glossary package imports nothing of ours but itself, and neither gRPC nor models."""
    assert all(name.split(".")[0] == "glossary" for name in imports(path))
    text = path.read_text(encoding="utf-8")
    assert not any(f"import {name}" in text for name in ("grpc", "google", "ctranslate2", "sentencepiece", "torch", "transformers"))


@pytest.mark.parametrize("path", [p for p in modules("service") if p.stem != "__init__"], ids=lambda p: p.stem)
def test_service_dependencies_point_down(path: Path) -> None:
    """Every service module imports only what stands below it; a new module must be placed here."""
    allowed = ALLOWED[f"service.{path.stem}"]
    for name in imports(path):
        assert name in allowed or any(a.endswith("*") and name.startswith(a[:-1]) for a in allowed), f"{path.name} imports {name}"


def test_modules_stay_small_and_say_what_they_are() -> None:
    """Modules have a header docstring and about 300 lines at most."""
    for path in [*modules("glossary"), *modules("service"), *modules("training"), *modules("benchmarks")]:
        text = path.read_text(encoding="utf-8")
        assert text.startswith('"""') or not text.strip(), path
        assert len(text.splitlines()) <= 320, path


def test_client_loads_without_the_model_stack() -> None:
    """Importing the client loads no model library."""
    code = f"import sys, service.client; print(sorted({HEAVY!r} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


def test_server_needs_no_torch() -> None:
    """The server with its embedded model runs without importing torch or transformers."""
    code = "import sys; from service.model import load; load(); import service.server; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"
