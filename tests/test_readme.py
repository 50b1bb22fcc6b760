"""The README is true: its example runs, its commands exist, its files are there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

from tests.conftest import ROOT, Running

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_example(running: Running) -> None:
    """The ten-line example gives what it says against a real server."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    out = subprocess.run(
        [sys.executable, "-c", f"ADDRESS = {running.address!r}\n{code}"], capture_output=True, text=True, cwd=ROOT, check=True, encoding="utf-8"
    )
    lines = [line.split() for line in out.stdout.splitlines()]
    assert [(s, r) for s, r, _ in lines] == [("الناتو", "NATO"), ("لعراق", "Iraq")]
    assert all(v.startswith("VERDICT_") and v != "VERDICT_VIOLATED" for _, _, v in lines)


def test_commands_exist() -> None:
    """Every client and server command of the README is one that the programs know, with its options."""
    for line in re.findall(r"^    (tarjuman(?:-server)? .+)$", README, re.M):
        words = shlex.split(line, comments=True)
        module = "service.cli" if words[0] == "tarjuman-server" else "service.client"
        names = [w for w in words[1:3] if re.fullmatch("[a-z]+", w) and w not in ("desk",)]
        group = names if words[1] == "glossary" else names[:1]
        out = subprocess.run([sys.executable, "-m", module, *group, "--help"], capture_output=True, text=True, cwd=ROOT, check=False)
        assert out.returncode == 0, line
        for option in (w for w in words if w.startswith("--")):
            assert option in out.stdout, line


def test_nothing_is_left_to_fill_in() -> None:
    """No placeholder stands in a document."""
    for path in (*ROOT.glob("*.md"), *ROOT.glob("service/model_files/*.md"), *ROOT.glob("*/README.md")):
        assert "@@" not in path.read_text(encoding="utf-8"), path
