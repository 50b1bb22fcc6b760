"""Generate the Python stubs: `python protos/generate.py [--check]`.

protoc names imports by the path below `protos/` (`tarjuman.v1`); our import package is the folder
itself (`protos.tarjuman.v1`), so the imports are rewritten. `--check` fails if the committed stubs differ.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).parent


def generate(target: Path) -> list[Path]:
    """Write the stubs below `target`; returns their paths below it."""
    files = sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("tarjuman/v1/*.proto"))
    include = Path(grpc_tools.__file__).parent / "_proto"
    out = [f"--{plugin}_out={target}" for plugin in ("python", "grpc_python", "mypy", "mypy_grpc")]
    programs = Path(sys.executable).parent  # found there even when the environment is not activated
    plugins = [f"--plugin=protoc-gen-{name}={programs / f'protoc-gen-{name}'}" for name in ("mypy", "mypy_grpc")]
    code = protoc.main(["protoc", f"-I{ROOT}", f"-I{include}", *plugins, *out, *files])
    if code:
        raise SystemExit(f"protoc failed with status {code}")
    made = sorted(p for p in target.rglob("*_pb2*") if p.suffix in (".py", ".pyi"))
    for path in made:
        text = path.read_text()
        text = re.sub(r"\bfrom tarjuman\.v1 import", "from protos.tarjuman.v1 import", text)
        text = re.sub(r"\bimport tarjuman\.v1\.", "import protos.tarjuman.v1.", text)
        text = re.sub(r"(?<!protos\.)\btarjuman\.v1\.(\w+_pb2)", r"protos.tarjuman.v1.\1", text)
        path.write_text(text)
    return [p.relative_to(target) for p in made]


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        made = generate(Path(scratch))
        if "--check" in sys.argv:
            stale = [str(p) for p in made if not (ROOT / p).exists() or (ROOT / p).read_text() != (Path(scratch) / p).read_text()]
            if stale:
                raise SystemExit(f"stale stubs, run `make protos`: {', '.join(stale)}")
            print(f"{len(made)} stubs are fresh")
            return
        for path in made:
            (ROOT / path).write_text((Path(scratch) / path).read_text())
        print(f"wrote {len(made)} stubs")


if __name__ == "__main__":
    main()
