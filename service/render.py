"""Laying out pairs: terminal view, text, TSV, JSON lines, HTML, TMX.

Belongs here: presentation of wire messages. Must not: call a server, or import the model stack.
"""

from __future__ import annotations

import html
import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from xml.etree import ElementTree

import jinja2
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from protos.tarjuman.v1 import translation_pb2 as pb
from protos.tarjuman.v1 import types_pb2
from service import __version__

FORMATS = ("view", "text", "tsv", "jsonl", "html", "tmx")
COLORS = {
    pb.VERDICT_NATIVE: "green",
    pb.VERDICT_GUIDED: "green",
    pb.VERDICT_FORCED: "cyan",
    pb.VERDICT_REPAIRED: "yellow",
    pb.VERDICT_VIOLATED: "bold red",
}
# A right-to-left isolate (UAX #9): a terminal or editor that knows bidi then sets the paragraph right.
_RLI, _PDI = "\u2067", "\u2069"


@dataclass(frozen=True)
class Result:
    """A whole translation, as it came over the wire."""

    header: pb.Header
    pairs: tuple[pb.Pair, ...]
    summary: pb.Summary


def render(result: Result, layout: str, *, visual: bool = False, title: str = "", plain: bool = False) -> str:
    """The result in one of FORMATS. `visual` reorders Arabic, in the view, for terminals without bidi; `plain` leaves out colors."""
    if layout == "view":
        return view(result, visual, plain)
    if layout == "html":
        return page(result, title)
    return {"text": text, "tsv": tsv, "jsonl": jsonl, "tmx": tmx}[layout](result)


def verdict_name(verdict: pb.Verdict.ValueType) -> str:
    """ "guided" for VERDICT_GUIDED."""
    return pb.Verdict.Name(verdict).removeprefix("VERDICT_").lower()


def check_name(kind: pb.CheckKind.ValueType) -> str:
    """ "number mismatch" for CHECK_KIND_NUMBER_MISMATCH."""
    return pb.CheckKind.Name(kind).removeprefix("CHECK_KIND_").replace("_", " ").lower()


def text(result: Result) -> str:
    """The English alone, with the gaps of the source between its paragraphs."""
    return result.header.leading_gap + "".join(p.translation + p.gap for p in result.pairs)


def tsv(result: Result) -> str:
    """index, source, translation, terms as surface=rendering (verdict), checks; one pair a line."""
    lines = ["index\tsource\ttranslation\tterms\tchecks"]
    for p in result.pairs:
        terms = " | ".join(f"{u.surface}={u.rendering or u.preferred} ({verdict_name(u.verdict)})" for u in p.term_uses)
        checks = " | ".join(c.message for c in p.checks)
        lines.append("\t".join(re.sub(r"[\t\r\n]+", " ", cell) for cell in (str(p.index), p.source, p.translation, terms, checks)))
    return "\n".join(lines) + "\n"


def suggestions(result: Result) -> str:
    """The suggested entries as a glossary file; other renderings seen stand in the note."""
    lines = ["term\trendering\tcategory\tnote"]
    for s in result.summary.suggestions:
        category = types_pb2.Category.Name(s.category).removeprefix("CATEGORY_").lower()
        lines.append(f"{s.form}\t{s.rendering}\t{category}\tseen {_seen(s)}")
    return "\n".join(lines) + "\n"


def _seen(suggestion: pb.SuggestedEntry) -> str:
    """How often a name stands in the article, and how its spelling differs or differed."""
    others = ", ".join(f"{r.rendering} ({r.count})" for r in suggestion.others)
    unified = f"; {suggestion.unified_count} spelled differently by the model" if suggestion.unified_count else ""
    return f"{suggestion.count}×{unified}" + (f"; also rendered {others}" if others else "")


def jsonl(result: Result) -> str:
    """One JSON object a line: the header, the pairs, the summary, with the wire's field names."""
    messages = (("header", result.header), *(("pair", p) for p in result.pairs), ("summary", result.summary))
    return "".join(json.dumps({kind: _dict(m)}, ensure_ascii=False) + "\n" for kind, m in messages)


def _dict(message: Message) -> dict[str, object]:
    return dict(MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True))


def tmx(result: Result) -> str:
    """TMX 1.4b, one translation unit a paragraph; verdicts and checks as properties."""
    root = ElementTree.Element("tmx", version="1.4")
    header = {
        "creationtool": "tarjuman", "creationtoolversion": __version__, "segtype": "paragraph", "o-tmf": "tarjuman", "adminlang": "en", "srclang": "ar",
        "datatype": "plaintext", "creationdate": datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"),
    }  # fmt: skip
    ElementTree.SubElement(root, "header", header)
    body = ElementTree.SubElement(root, "body")
    for p in result.pairs:
        unit = ElementTree.SubElement(body, "tu", tuid=str(p.index))
        for use in p.term_uses:
            ElementTree.SubElement(unit, "prop", type="x-term").text = _xml(f"{use.surface} = {use.rendering or use.preferred} ({verdict_name(use.verdict)})")
        for c in p.checks:
            ElementTree.SubElement(unit, "prop", type="x-check").text = _xml(c.message)
        for language, words in (("ar", p.source), ("en", p.translation)):
            variant = ElementTree.SubElement(unit, "tuv", {"xml:lang": language})
            ElementTree.SubElement(variant, "seg").text = _xml(words)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _xml(words: str) -> str:
    """Without the characters XML 1.0 cannot hold."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", words)


def view(result: Result, visual: bool = False, plain: bool = False) -> str:
    """Two columns, English left and Arabic right; below each pair its terms with their verdicts, and its checks."""
    out = io.StringIO()
    terminal = Console()
    console = Console(file=out, width=max(80, terminal.width), force_terminal=terminal.is_terminal and not plain, no_color=terminal.no_color, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, show_lines=True, expand=True, padding=(0, 1))
    table.add_column("", width=4, justify="right", style="dim")
    table.add_column("English", ratio=1)
    table.add_column("Arabic", ratio=1, justify="right")
    for p in result.pairs:
        english = Text(p.translation)
        for use in p.term_uses:
            if use.HasField("target"):
                english.stylize(COLORS[use.verdict], use.target.start, use.target.end)
        for n, use in enumerate(p.term_uses):
            english.append("\n" if n == 0 else " · ", style="dim")
            english.append(f"{use.rendering or use.preferred}: ", style="dim")
            english.append(verdict_name(use.verdict), style=COLORS[use.verdict])
        for c in p.checks:
            english.append(f"\n! {check_name(c.kind)}: {c.message}", style="red")
        table.add_row(str(p.index + 1), english, _arabic(p, visual))
    console.print(table)
    console.print(_terms(result))
    for s in result.summary.suggestions:
        console.print(f"suggested entry: {_isolate(s.form)} = {s.rendering} ({_seen(s)})", style="dim", markup=False)
    counts = ", ".join(f"{v.count} {verdict_name(v.verdict)}" for v in result.summary.verdicts) or "no terms"
    console.print(f"{result.summary.pair_count} pairs; {counts}; {result.summary.checked_pair_count} with checks")
    console.print(result.header.signature, style="dim", markup=False)
    return out.getvalue()


def _terms(result: Result) -> Table:
    """One row an entry that occurs: renderings and verdicts."""
    table = Table(box=box.SIMPLE_HEAD, title="Terms", title_justify="left")
    for name, justify in (("Entry", "right"), ("Rendering", "left"), ("Uses", "right"), ("Verdicts", "left")):
        table.add_column(name, justify="right" if justify == "right" else "left")
    rows: dict[str, list[pb.TermUse]] = {}
    for p in result.pairs:
        for use in p.term_uses:
            rows.setdefault(use.entry, []).append(use)
    for entry, uses in rows.items():
        verdicts = Text(", ").join(Text(verdict_name(v), COLORS[v]) for v in dict.fromkeys(u.verdict for u in uses))
        renderings = ", ".join(dict.fromkeys(u.rendering or f"(missing: {u.preferred})" for u in uses))
        table.add_row(_isolate(entry), renderings, str(len(uses)), verdicts)
    return table


def _isolate(words: str) -> str:
    return f"{_RLI}{words}{_PDI}"


def _arabic(p: pb.Pair, visual: bool) -> Text:
    if visual:
        from bidi import get_display

        return Text(get_display(p.source, base_dir="R"))
    shown = Text(p.source)
    for use in p.term_uses:
        shown.stylize(COLORS[use.verdict], use.source.start, use.source.end)
    return Text.assemble(_RLI, shown, _PDI)


def page(result: Result, title: str = "") -> str:
    """One self-contained bilingual page."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("service").joinpath("pairs.html.j2").read_text(encoding="utf-8"))
    rows = [
        {
            "number": p.index + 1,
            "source": _marked(p.source, [(u.source, u, f"t{p.index}-{n}") for n, u in enumerate(p.term_uses)]),
            "translation": _marked(p.translation, [(u.target, u, f"t{p.index}-{n}") for n, u in enumerate(p.term_uses) if u.HasField("target")]),
            "checks": [(check_name(c.kind), c.message) for c in p.checks],
        }
        for p in result.pairs
    ]
    counts = [(verdict_name(v.verdict), v.count) for v in result.summary.verdicts]
    return template.render(title=title or "Translation", rows=rows, counts=counts, summary=result.summary, signature=result.header.signature)


def _marked(words: str, uses: list[tuple[types_pb2.Span, pb.TermUse, str]]) -> jinja2.utils.markupsafe.Markup:  # type: ignore[name-defined]
    """HTML of `words` with every term use in a <mark> that tells its verdict on hover."""
    pieces, at = [], 0
    for span, use, key in sorted(uses, key=lambda u: u[0].start):
        verdict = verdict_name(use.verdict)
        hover = (
            f"{use.surface} = {use.rendering or use.preferred}: {verdict}" + (f" ({use.reason})" if use.reason else "") + (", admitted" if use.admitted else "")
        )
        pieces.append(html.escape(words[at : span.start]))
        pieces.append(f'<mark class="{verdict}" data-term="{key}" title="{html.escape(hover)}" tabindex="0">{html.escape(words[span.start : span.end])}</mark>')
        at = span.end
    pieces.append(html.escape(words[at:]))
    return jinja2.utils.markupsafe.Markup("".join(pieces))  # type: ignore[attr-defined]
