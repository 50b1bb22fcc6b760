"""Suggested entries: names and titles of the article that no glossary entry covers.

Belongs here: finding candidates in the source and their renderings through the sentence alignment.
Must not: change a translation; a person decides what becomes an entry.

A candidate is a short word sequence after a title word (وزير، رئيس، الفريق …) or in quotes «…», or a
repeated sequence whose counterpart is capitalized English. Only what is aligned to capitalized words is
suggested: in English news, names and titles are what keeps its capitals inside a sentence.
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


def suggest(pairs: Sequence[Pair]) -> tuple[SuggestedEntry, ...]:
    """Candidates over these pairs, the most frequent first; at most LIMIT."""
    counts: Counter[str] = Counter()
    shown: dict[str, str] = {}
    category: dict[str, Category] = {}
    renderings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        text = pair.paragraph.text
        for pattern, kind in ((_AFTER_TITLE, Category.PERSON), (_QUOTED, Category.TERM)):
            for m in pattern.finditer(text):
                span = Span(*m.span(1))
                if any(u.match.span.overlaps(span) for u in pair.term_uses):
                    continue
                key = fold_term(m.group(1))
                rendering = _rendering(pair, span)
                if rendering:
                    counts[key] += 1
                    shown.setdefault(key, m.group(1))
                    category.setdefault(key, kind)
                    renderings[key][rendering] += 1
    found = []
    for key, count in counts.most_common(LIMIT):
        ranked = renderings[key].most_common()
        found.append(SuggestedEntry(shown[key], ranked[0][0], category[key], count, tuple(ranked[1:])))
    return tuple(found)


def _rendering(pair: Pair, span: Span) -> str:
    """The capitalized English at the same relative place of the aligned sentence; empty if there is none."""
    for sentence in pair.sentences:
        if sentence.source.covers(span):
            english = sentence.target.of(pair.translation)
            share = (span.start - sentence.source.start) / max(1, len(sentence.source))
            taken = [u.target.shift(-sentence.target.start) for u in pair.term_uses if u.target and sentence.target.covers(u.target)]
            names = [m for m in _NAME.finditer(english) if m.start() > 0 and not any(Span(*m.span()).overlaps(t) for t in taken)]
            best = min(names, key=lambda m: abs(m.start() / max(1, len(english)) - share), default=None)
            # A third of the sentence away is another name.
            if best and abs(best.start() / max(1, len(english)) - share) < 0.33:
                return best.group()
    return ""
