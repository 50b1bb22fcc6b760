"""The translators' command, against a real server: formats, exit codes, messages, and the page in a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import ROOT, SEEDS, Running, seed

ARTICLE, GLOSSARY = str(SEEDS / "article.ar.txt"), str(SEEDS / "article.glossary.tsv")


def command(running: Running | str, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    address = running if isinstance(running, str) else running.address
    return subprocess.run(
        [sys.executable, "-m", "service.client", *arguments, "--server", address], check=False, capture_output=True, cwd=ROOT, input=stdin, timeout=300
    )


@pytest.fixture(scope="module")
def page(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The HTML page of the seed article."""
    path = tmp_path_factory.mktemp("page") / "article.html"
    done = command(running, "translate", ARTICLE, "--glossary", GLOSSARY, "--format", "html", "--output", str(path))
    assert done.returncode == 0, done.stderr.decode()
    return path


def test_view(running: Running) -> None:
    """The view shows every paragraph in two columns, the terms with verdicts, and the counts."""
    done = command(running, "translate", "-", "--glossary", GLOSSARY, stdin=seed("article").encode())
    out = done.stdout.decode()
    assert done.returncode == 0
    assert "12 pairs" in out
    assert "al-Araji" in out
    assert "الناتو" in out


def test_machine_formats(running: Running, tmp_path: Path) -> None:
    """text keeps gaps, tsv and jsonl keep every pair, tmx is XML with both languages."""
    text = "قال علي & <b>.\r\n\r\nوصل «العراق».\r\n"
    run = lambda kind: command(running, "translate", "-", "--format", kind, stdin=text.encode()).stdout.decode()
    plain = run("text")
    assert plain.count("\r\n") == 3
    assert plain.endswith("\r\n")
    rows = [line.split("\t") for line in run("tsv").splitlines()]
    assert [r[0] for r in rows] == ["index", "0", "1"]
    events = [json.loads(line) for line in run("jsonl").splitlines()]
    assert [next(iter(e)) for e in events] == ["header", "pair", "pair", "summary"]
    assert events[1]["pair"]["source"] + events[1]["pair"]["gap"] + events[2]["pair"]["source"] + events[2]["pair"]["gap"] == text
    root = ElementTree.fromstring(run("tmx"))
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert [[v.get(lang) for v in unit.iter("tuv")] for unit in root.iter("tu")] == [["ar", "en"], ["ar", "en"]]
    assert next(root.iter("seg")).text == "قال علي & <b>."


def test_page_holds_the_article(page: Path) -> None:
    """One self-contained page: every paragraph right-to-left, every term marked on both sides."""
    html = page.read_text(encoding="utf-8")
    assert html.count('dir="rtl"') == html.count('dir="ltr"') == 12
    assert not re.search(r'(?:src|href)="', html)
    lines = (SEEDS / "article.terms.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert html.count("<mark") >= 2 * len(lines)


@pytest.mark.browser
@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_page_in_a_browser(page: Path, tmp_path: Path) -> None:
    """A real browser lays the page out: a screenshot that is not blank, Arabic right of English, no script error."""
    shot = tmp_path / "page.png"
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split()
    )
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    subprocess.run(
        ["chromium", *flags, profile, f"--screenshot={shot}", "--window-size=1200,1600", page.as_uri()], check=True, capture_output=True, timeout=120
    )
    assert shot.stat().st_size > 50_000
    probe = tmp_path / "probe.html"
    script = "<script>const p=document.querySelector('.pair');const [e,a]=[...p.querySelectorAll('p')].map(x=>x.getBoundingClientRect());document.title=`${e.right<=a.left} ${document.querySelectorAll('mark').length}`</script>"
    probe.write_text(page.read_text(encoding="utf-8").replace("</body>", script + "</body>"), encoding="utf-8")
    dom = subprocess.run(
        ["chromium", *flags, profile, "--window-size=1200,1600", "--dump-dom", probe.as_uri()], check=True, capture_output=True, timeout=120, text=True
    ).stdout
    title = re.search("<title>(.*?)</title>", dom)
    assert title
    assert title.group(1).startswith("true ")


def test_match(running: Running) -> None:
    """match lists spans, surfaces and renderings, and why a term does not match."""
    done = command(running, "match", "-", "--glossary", GLOSSARY, "--term", "الناتو", stdin="أكد الأعرجي موقفه".encode())
    out = done.stdout.decode()
    assert "al-Araji" in out
    assert "stands nowhere" in out


def test_glossary_commands(running: Running, tmp_path: Path) -> None:
    """import creates and then revises; list shows it; export gives a file that import takes; translate uses it by name."""
    file = tmp_path / "g.csv"
    file.write_text("term,rendering\nالعراق,Iraq\n", encoding="utf-8")
    assert b"revision 1 with 1" in command(running, "glossary", "import", "wire", str(file)).stdout
    file.write_text("term,rendering\nمصر,Egypt\n", encoding="utf-8")
    assert b"1 entries are good" in command(running, "glossary", "import", "wire", str(file), "--check").stdout
    assert b"revision 2 with 2" in command(running, "glossary", "import", "wire", str(file)).stdout
    assert b"glossaries/wire" in command(running, "glossary", "list").stdout
    exported = command(running, "glossary", "export", "wire", "--format", "csv").stdout.decode()
    assert "Iraq" in exported
    assert "Egypt" in exported
    done = command(running, "translate", "-", "--glossary", "wire", "--format", "jsonl", stdin="وصل وفد مصر.".encode())
    assert '"Egypt"' in done.stdout.decode()
    assert b"tarjuman" in command(running, "info").stdout


def test_messages_and_exit_codes(running: Running, tmp_path: Path) -> None:
    """Away: 3. Wrong input: 2, with every bad line. Nothing is a traceback."""
    away = command("127.0.0.1:1", "info")
    assert away.returncode == 3
    assert b"no server answers at 127.0.0.1:1" in away.stderr
    assert command(running, "translate", "-", stdin=b"  ").returncode == 2
    assert command(running, "translate", "-", stdin=b"\xff\xfe").returncode == 2
    assert command(running, "translate", "-", "--glossary", "nowhere", stdin="نعم".encode()).returncode == 2
    assert command(running, "translate", "-", "--glossary", "nowhere.tsv", stdin="نعم".encode()).returncode == 2
    bad = tmp_path / "bad.tsv"
    bad.write_text("x\ty\nالعراق\t\n", encoding="utf-8")
    done = command(running, "translate", "-", "--glossary", str(bad), stdin="نعم".encode())
    assert done.returncode == 2
    assert b"line 1: term" in done.stderr
    assert b"line 2: rendering" in done.stderr
    for result in (away, done):
        assert b"Traceback" not in result.stderr
