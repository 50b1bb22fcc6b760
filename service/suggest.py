"""Suggested entries: names and titles of the article that no glossary entry covers.

Belongs here: finding candidates in the source and their renderings through the word alignment.
Must not: change a translation; a person decides what becomes an entry.

A candidate is a name behind a title (الوزير، الفريق …) or a short word sequence in quotes «…». Only what the
attention aligns to capitalized words is suggested: in English news, names and titles are what keeps its
capitals inside a sentence.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from glossary.concepts import Category
from glossary.normalize import fold_term
from glossary.spans import Span
from service.pairs import Pair, SuggestedEntry

LIMIT = 50
_QUOTED = re.compile("«([^«»]{2,40})»")
# Ranks and offices behind which a name stands: minister, president, general, major general, brigadier, marshal,
# colonel, ambassador, doctor, sheikh, prince, king, judge, engineer, professor, deputy, spokesman, envoy, director.
_TITLES = (
    "الوزير الرئيس الفريق اللواء العميد المشير العقيد السفير الدكتور الدكتورة الشيخ الأمير الملك القاضي المهندس الأستاذ "
    "النائب المتحدث المبعوث المدير السيد السيدة"
).split()
_AFTER_TITLE = re.compile(rf"(?<![\u0621-\u064a])[وفبل]?(?:{'|'.join(_TITLES)})\s+([\u0621-\u064a]+(?:\s+[\u0621-\u064a]+)?)")
_NAME = re.compile(r"\b[A-Z][\w'’-]*(?:\s+(?:al-|of |the )?[A-Z][\w'’-]*)*|\bal-[A-Z][\w'’-]*")


def candidates(text: str) -> list[tuple[Span, Category]]:
    """Where a name may stand in Arabic text, and what it may be."""
    return [(Span(*m.span(1)), kind) for pattern, kind in ((_AFTER_TITLE, Category.PERSON), (_QUOTED, Category.TERM)) for m in pattern.finditer(text)]


def suggest(pairs: Sequence[Pair]) -> tuple[SuggestedEntry, ...]:
    """Candidates over these pairs, the most frequent first; at most LIMIT."""
    counts: Counter[str] = Counter()
    shown: dict[str, str] = {}
    category: dict[str, Category] = {}
    renderings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        text = pair.paragraph.text
        for span, kind in candidates(text):
            if any(u.match.span.overlaps(span) for u in pair.term_uses):
                continue
            rendering = _rendering(pair, span)
            if rendering:
                key = fold_term(span.of(text))
                counts[key] += 1
                shown.setdefault(key, span.of(text))
                category.setdefault(key, kind)
                renderings[key][rendering] += 1
    found = []
    for key, count in counts.most_common(LIMIT):
        ranked = renderings[key].most_common()
        found.append(SuggestedEntry(shown[key], ranked[0][0], category[key], count, tuple(ranked[1:])))
    return tuple(found)


def _rendering(pair: Pair, span: Span) -> str:
    """The capitalized English that the attention aligns with `span`; empty if there is none."""
    for sentence in pair.sentences:
        if sentence.source.covers(span) and sentence.hypothesis:
            english = sentence.hypothesis
            names = [Span(*m.span()) for m in _NAME.finditer(english.text)]
            for place in english.aligned(span.shift(-sentence.source.start))[:1]:
                best = next((n for n in names if n.overlaps(place)), None)
                taken = [u.target for u in pair.term_uses if u.target]
                if best and not any(best.shift(sentence.target.start).overlaps(t) for t in taken):
                    return best.of(english.text)
    return ""
