"""Terminology after the WMT terminology task: term success, consistency, quality, verdicts, latency.

    python -m benchmarks.terminology [--model PATH] [--tico TEST.tsv TERMS.tsv.gz]

Modes: no terms, proper terms (the glossary's), arbitrary renderings (another entry's, bent so that no
model would choose it). Systems, all in this process on the same weights: enforcement; no glossary;
search and replace on the output; placeholder masking; inline copy alone; forced decoding alone.
Data: the seeds, paragraph by paragraph and as whole articles; with --tico the TICO-19 test set with its
terminology, a term counting where it is in the source and the listed rendering in the reference.
Belongs here: everything about terms. Must not: score plain quality (see `quality`).
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.quality import read_bitext, score
from benchmarks.timing import alternately
from glossary import termfile
from glossary.concepts import Concept
from glossary.constrain import Segment, guides_for, translate
from glossary.decoder import Decoder, Request
from glossary.english import cased, occurrences
from glossary.errors import InvalidEntries
from glossary.lexicon import hints
from glossary.match import Match, Matcher
from glossary.normalize import bare, fold_term
from glossary.spans import Span
from glossary.termbase import Termbase
from glossary.verify import Hypothesis, verify
from service.decode import TextDecoder
from service.model import load
from service.pipeline import Pipeline
from service.segment import split_paragraph

FOLDER = Path(__file__).parent.parent / "seeds"
SEEDS = ("article", "economy", "libya-un", "health")
System = Callable[[Decoder, Sequence[Segment]], list[str]]


@dataclass(frozen=True)
class Line:
    """One line of a test set: its segments with constraints, and the reference."""

    document: str
    segments: tuple[Segment, ...]
    reference: str


def article(name: str) -> tuple[str, list[str], Matcher]:
    """A seed's text, its reference paragraphs, and its glossary."""
    text = (FOLDER / f"{name}.ar.txt").read_bytes().decode()
    reference = [line for line in (FOLDER / f"{name}.en.txt").read_text(encoding="utf-8").splitlines() if line.strip()]
    return text, reference, Matcher(termfile.read((FOLDER / f"{name}.glossary.tsv").read_bytes(), "tsv", name))


def segment(text: str, span: Span, matches: Sequence[Match], hinted: Sequence[Match]) -> Segment:
    inside = lambda found: tuple(replace(m, span=m.span.shift(-span.start)) for m in found if span.covers(m.span))
    return Segment(span.of(text), inside(matches), hints=inside(hinted))


def seeds(pipeline: Pipeline) -> list[Line]:
    lines = []
    for name in SEEDS:
        text, reference, matcher = article(name)
        segments = pipeline.segments(pipeline.prepare(text, matcher))
        lines += [Line(name, s, r) for s, r in zip(segments, reference, strict=True)]
    return lines


def marked(name: str) -> list[tuple[int, str, str]]:
    """(paragraph from 0, surface, rendering) of the occurrences that a person marked in a seed, in order."""
    rows = (line.split("\t") for line in (FOLDER / f"{name}.terms.tsv").read_text(encoding="utf-8").splitlines()[1:])
    return [(int(n) - 1, surface, rendering) for n, surface, rendering in rows]


def false_matches() -> str:
    """The matches in the seeds held against the marked occurrences."""
    letters = lambda surface: "".join(bare(surface).split())
    found: Counter[tuple[str, int, str, str]] = Counter()
    wanted: Counter[tuple[str, int, str, str]] = Counter()
    for name in SEEDS:
        text, _, matcher = article(name)
        paragraphs = [line for line in text.splitlines() if line.strip()]
        found.update((name, n, letters(m.surface), m.concept.preferred) for n, line in enumerate(paragraphs) for m in matcher.find(line))
        wanted.update((name, n, letters(surface), rendering) for n, surface, rendering in marked(name))
    return f"matches in the seeds: {found.total()}, marked by hand {wanted.total()}, false {(found - wanted).total()}, missed {(wanted - found).total()}"


def tico(pipeline: Pipeline, bitext: Path, terms: Path) -> list[Line]:
    """TICO-19 lines with terms whose rendering the reference uses; each line is a document of its own."""
    concepts: dict[str, Concept] = {}
    with gzip.open(terms, "rt", encoding="utf-8") as rows:
        for row in rows:
            cells = row.rstrip("\n").split("\t")
            if len(cells) > 1 and len(cells[0]) > 2 and any(map(str.isalpha, cells[1])):
                concepts.setdefault(fold_term(cells[0]), Concept((cells[0],), cells[1]))
    matcher = Matcher(_build(list(concepts.values())))
    lines = []
    for n, (source, reference) in enumerate(zip(*read_bitext(bitext), strict=True)):
        matches = [m for m in matcher.find(source) if occurrences(m.concept.preferred, reference)]
        if matches:
            pieces = split_paragraph(source, [m.span for m in matches], lambda s: len(pipeline.model.tokenizer.encode(s)), pipeline.model.max_source_tokens)
            hinted = hints(source, source, matches) if pipeline.with_lexicon else ()
            lines.append(Line(str(n), tuple(segment(source, p.span, matches, hinted) for p in pieces), reference))
    return lines


def _build(concepts: list[Concept]) -> Termbase:
    try:
        return Termbase.build("terms", concepts)
    except InvalidEntries as error:
        text = str([p.reason for p in error.problems])
        return Termbase.build("terms", [c for c in concepts if c.id not in text])


def arbitrary(lines: Sequence[Line]) -> list[Line]:
    """Every concept gets another's rendering, bent; the reference is changed with it."""
    rnd = random.Random(7)
    concepts = sorted({m.concept for line in lines for s in line.segments for m in s.constraints}, key=lambda c: c.id)
    pool = [c.preferred for c in concepts]
    rnd.shuffle(pool)
    new: dict[str, str] = {}
    for c, other in zip(concepts, pool, strict=True):
        word = other.split()[-1]
        new[c.preferred] = other[: len(other) - len(word)] + word[: len(word) // 2] + rnd.choice("aeou") + word[len(word) // 2 :]
    swap = lambda m: replace(m, concept=replace(m.concept, preferred=new[m.concept.preferred], admitted=(), forbidden=(), plural=""))
    changed = []
    for line in lines:
        reference = line.reference
        for old in sorted({m.concept.preferred for s in line.segments for m in s.constraints}, key=len, reverse=True):
            for span in reversed(occurrences(old, reference)):
                reference = reference[: span.start] + new[old] + reference[span.end :]
        changed.append(Line(line.document, tuple(replace(s, constraints=tuple(map(swap, s.constraints))) for s in line.segments), reference))
    return changed


def plain(decoder: Decoder, segments: Sequence[Segment]) -> list[str]:
    """What the server returns without a glossary: the lexicon's hints are there all the same."""
    return [h[0].text for h in decoder.decode([Request(s.text, guides_for((), s.hints), align=False) for s in segments])]


def inline_copy(decoder: Decoder, segments: Sequence[Segment]) -> list[str]:
    """The rendering stands in the source in place of the term; the model is not trained for it. No hints: the text is another."""
    texts = []
    for s in segments:
        text = s.text
        for m in reversed(s.constraints):
            text = text[: m.span.start] + m.concept.preferred + text[m.span.end :]
        texts.append(text)
    return [h[0].text for h in decoder.decode([Request(t) for t in texts])]


def guided(decoder: Decoder, segments: Sequence[Segment]) -> list[str]:
    """Trained inline renderings, nothing after."""
    return [h[0].text for h in decoder.decode([Request(s.text, guides_for(s.constraints, s.hints)) for s in segments])]


def masked(decoder: Decoder, segments: Sequence[Segment]) -> list[str]:
    """Terms become TERM1, TERM2, … and are put back where they survive. No hints: the text is another."""
    texts = []
    for s in segments:
        text = s.text
        for n, m in reversed(list(enumerate(s.constraints, 1))):
            text = text[: m.span.start] + f"TERM{n}" + text[m.span.end :]
        texts.append(text)
    outputs = [h[0].text for h in decoder.decode([Request(t) for t in texts])]
    return [
        re.sub(r"TERM ?(\d+)", lambda m, s=s: s.constraints[int(m[1]) - 1].concept.preferred if 0 < int(m[1]) <= len(s.constraints) else m[0], o)  # type: ignore[misc]
        for s, o in zip(segments, outputs, strict=True)
    ]


def replaced(decoder: Decoder, segments: Sequence[Segment]) -> list[str]:
    """The model's own word for the term, translated alone, is replaced in the output."""
    terms = list(dict.fromkeys(m.form for s in segments for m in s.constraints))
    own = dict(zip(terms, (h[0].text.rstrip(".") for h in decoder.decode([Request(t) for t in terms])), strict=True)) if terms else {}
    outputs = []
    for s, text in zip(segments, plain(decoder, segments), strict=True):
        for m in s.constraints:
            places = occurrences(own[m.form], text) if own[m.form].strip() else []
            if places:
                text = text[: places[0].start] + m.concept.preferred + text[places[0].end :]  # noqa: PLW2901
        outputs.append(text)
    return outputs


def forced(decoder: Decoder, segments: Sequence[Segment]) -> list[str]:
    """Prefix forcing without guidance or repair: every missing term at its best-aligned place, one after another."""
    outputs = plain(decoder, segments)
    hypotheses = [h[0] for h in decoder.decode([Request(s.text, guides_for((), s.hints)) for s in segments])]
    for i, s in enumerate(segments):
        best: Hypothesis = hypotheses[i]
        for c in s.constraints:
            if verify(best, [c]).missing:
                mass = best.mass(c.span)
                start = best.targets[max(range(len(mass)), key=mass.__getitem__)].start if mass else 0
                prefix = best.text[:start].rstrip()
                best = decoder.decode([Request(s.text, guides_for((), s.hints), f"{prefix} {cased(c.concept.preferred, prefix, len(prefix))}".strip())])[0][0]
        outputs[i] = best.text
    return outputs


def enforced(decoder: Decoder, segments: Sequence[Segment]) -> list[str]:
    return [o.hypothesis.text for o in translate(decoder, segments)]


SYSTEMS: dict[str, System] = {
    "enforcement": enforced,
    "inline trained": guided,
    "no glossary": plain,
    "search+replace": replaced,
    "placeholders": masked,
    "inline copy": inline_copy,
    "forced only": forced,
}


def success(segments: Sequence[Segment], outputs: Sequence[str]) -> tuple[int, int]:
    """(constraints met, constraints): as many renderings as occurrences, none too many."""
    met = total = 0
    for s, text in zip(segments, outputs, strict=True):
        seen = verify(Hypothesis(text), s.constraints)
        total += len(s.constraints)
        met += max(0, len(s.constraints) - len(seen.missing) - len(seen.surplus))
    return met, total


def forbidden(segments: Sequence[Segment], outputs: Sequence[str]) -> int:
    """Forbidden renderings that stand."""
    return sum(len(verify(Hypothesis(text), s.constraints).forbidden) for s, text in zip(segments, outputs, strict=True))


def consistency(lines: Sequence[Line], outputs: Sequence[Sequence[str]]) -> float:
    """Share of concepts occurring twice or more in a document that have one rendering throughout, in percent."""
    used: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for line, texts in zip(lines, outputs, strict=True):
        for s, text in zip(line.segments, texts, strict=True):
            for m, place in zip(s.constraints, verify(Hypothesis(text), s.constraints).placed, strict=True):
                used[line.document, m.concept.id][place[1] if place else ""] += 1
    repeated = [c for c in used.values() if sum(c.values()) > 1]
    return 100 * sum(len(c) == 1 and "" not in c for c in repeated) / max(1, len(repeated))


def stripped(lines: Sequence[Line], texts: Sequence[str]) -> list[str]:
    """Texts without any rendering of their line's terms."""
    found = []
    for line, text in zip(lines, texts, strict=True):
        for rendering in sorted({m.concept.preferred for s in line.segments for m in s.constraints}, key=len, reverse=True):
            for span in reversed(occurrences(rendering, text)):
                text = text[: span.start] + text[span.end :]  # noqa: PLW2901
        found.append(" ".join(text.split()))
    return found


def report(title: str, lines: Sequence[Line], decoder: Decoder, systems: Sequence[str]) -> None:
    segments = [s for line in lines for s in line.segments]
    references = [line.reference for line in lines]
    print(f"\n{title}: {len(lines)} lines, {sum(len(s.constraints) for s in segments)} terms")
    print(f"{'system':16} {'success':>8} {'consist.':>8} {'chrF2':>6} {'w/o terms':>9} {'BLEU':>6} {'forbidden':>9} {'seconds':>8}")
    plain(decoder, segments)  # the engine's first batches are slower
    for name in systems:
        started = time.perf_counter()
        flat = SYSTEMS[name](decoder, segments)
        seconds = time.perf_counter() - started
        met, total = success(segments, flat)
        grouped, at = [], 0
        for line in lines:
            grouped.append(flat[at : at + len(line.segments)])
            at += len(line.segments)
        outputs = [" ".join(g) for g in grouped]
        bleu, chrf, _ = score(outputs, references)
        bare = score(stripped(lines, outputs), stripped(lines, references))[1]
        terms = f"{100 * met / max(1, total):7.1f}% {consistency(lines, grouped):7.1f}%"
        print(f"{name:16} {terms} {chrf:6.1f} {bare:9.1f} {bleu:6.1f} {forbidden(segments, flat):9} {seconds:8.2f}")
    verdicts = Counter(u.verdict.value for o in translate(decoder, segments) for u in o.uses)
    if {"enforcement", "no glossary"} <= set(systems):
        terms, none = alternately(lambda: enforced(decoder, segments), lambda: plain(decoder, segments), repeats=9 if len(lines) < 100 else 3)
        print(f"enforcement adds {100 * (terms / none - 1):.0f}% to the time without a glossary (medians of runs that take turns)")
    print("verdicts of enforcement: " + ", ".join(f"{v} {100 * n / max(1, sum(verdicts.values())):.1f}%" for v, n in verdicts.most_common()))


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--model", default="")
    ap.add_argument("--engine", default="ctranslate2")
    ap.add_argument("--untagged", action="store_true", help="treat the model as one that knows no inline tags")
    ap.add_argument("--no-lexicon", action="store_true", help="without the built-in lexicon's hints")
    ap.add_argument("--beam", type=int, default=4)
    ap.add_argument("--tico", type=Path, nargs=2, metavar=("TEST", "TERMS"))
    ap.add_argument("--first", type=int, default=0, help="only so many lines of TICO-19")
    ap.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    o = ap.parse_args()
    loaded = load(o.model, o.engine)
    pipeline = Pipeline(replace(loaded, follows_guides=loaded.follows_guides and not o.untagged), o.beam, not o.no_lexicon)
    decoder = TextDecoder(pipeline.model, o.beam)
    print(false_matches())
    sets = [("seeds", seeds(pipeline))]
    if o.tico:
        lines = tico(pipeline, *o.tico)
        sets.append(("TICO-19 test", lines[: o.first] if o.first else lines))
    for name, lines in sets:
        report(f"{name}, proper renderings", lines, decoder, o.systems)
        report(f"{name}, arbitrary renderings", arbitrary(lines), decoder, o.systems)
    print("\n" + score(["a"], ["a"])[2])


if __name__ == "__main__":
    main()
