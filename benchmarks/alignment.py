"""Alignment: how well attention says where a word or a term landed.

    python -m benchmarks.alignment [--model PATH]

The model is made to write the seeds' references; its attention is then held against (1) the words that a
person aligned, `seeds/alignment.tsv`: precision, recall and alignment error rate of Och and Ney (2003),
all links taken as sure, and (2) the occurrences a person marked, `seeds/*.terms.tsv`: how often the
stretch of words found for a term touches its rendering, and how often it is that rendering exactly.
Belongs here: alignment. Must not: judge translations.
"""

from __future__ import annotations

import argparse
import re

from benchmarks.terminology import FOLDER, SEEDS, article, marked
from glossary.decoder import Request
from glossary.english import occurrences
from glossary.spans import Span
from glossary.verify import Hypothesis
from service.decode import TextDecoder
from service.model import load

Links = set[tuple[int, int]]


def words(text: str) -> list[Span]:
    return [Span(*m.span()) for m in re.finditer(r"\S+", text)]


def forced(decoder: TextDecoder, source: str, reference: str) -> Hypothesis:
    """The reference as the model's output, with its attention."""
    return decoder.decode([Request(source, prefix=reference)])[0][0]


def word_links(hypothesis: Hypothesis, source: str, reference: str) -> Links:
    """Every English word linked to the Arabic word that most of its attention lies on."""
    found = set()
    arabic = words(source)
    for j, word in enumerate(words(reference)):
        rows = [row for row, span in zip(hypothesis.attention, hypothesis.targets, strict=False) if span.overlaps(word)]
        mass = [sum(row[s] for row in rows for s, span in enumerate(hypothesis.sources) if span.overlaps(a)) for a in arabic]
        if any(mass):
            found.add((max(range(len(mass)), key=mass.__getitem__), j))
    return found


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--model", default="")
    o = ap.parse_args()
    decoder = TextDecoder(load(o.model))
    paragraphs = {name: ([line for line in article(name)[0].splitlines() if line.strip()], article(name)[1]) for name in SEEDS}
    both = guessed = gold = 0
    rows = [line.split("\t") for line in (FOLDER / "alignment.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    for name, number, links in rows:
        source, reference = (side[int(number) - 1] for side in paragraphs[name])
        expected = {(int(a), int(b)) for a, b in (x.split("-") for x in links.split())}
        found = word_links(forced(decoder, source, reference), source, reference)
        both, guessed, gold = both + len(found & expected), guessed + len(found), gold + len(expected)
    print(f"words: {gold} links in {len(rows)} paragraphs, precision {both / guessed:.3f}, recall {both / gold:.3f}, AER {1 - 2 * both / (guessed + gold):.3f}")
    touched = exact = total = 0
    for name, (sources, references) in paragraphs.items():
        at: dict[tuple[int, str], int] = {}
        outputs = [forced(decoder, s, r) for s, r in zip(sources, references, strict=True)]
        for paragraph, surface, rendering in marked(name):
            source, reference = sources[paragraph], references[paragraph]
            start = source.find(surface, at.get((paragraph, surface), 0))
            at[paragraph, surface] = start + 1
            places = occurrences(rendering, reference)
            if start < 0 or not places:
                continue  # the reference says it in other words
            total += 1
            stretches = outputs[paragraph].aligned(Span(start, start + len(surface)))
            touched += bool(stretches) and any(stretches[0].overlaps(p) for p in places)
            exact += bool(stretches) and stretches[0] in places
    print(
        f"terms: {total} marked occurrences, the stretch found touches the rendering in {100 * touched / total:.1f} %, equals it in {100 * exact / total:.1f} %"
    )


if __name__ == "__main__":
    main()
