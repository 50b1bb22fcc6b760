"""Write `glossary/lexicon.tsv` from `training/lexicon/*.tsv`: the entries that our corpus does not contradict.

    python -m training.lexicon CORPUS_FOLDER > glossary/lexicon.tsv

An entry that stands in the Arabic of three pairs or more is kept where the English has its rendering in two of five
(أبل is the company far more often than camels). One that stands in many pairs is left out: the model has learnt it. Of two
renderings of one form the corpus decides, and where it cannot, neither is kept.
"""

from __future__ import annotations

import collections
import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from glossary.concepts import Category, Concept
from glossary.match import Matcher
from glossary.normalize import fold_term
from glossary.termbase import Termbase
from glossary.words import FUNCTION_WORDS
from training.slots import SLOT, rows

HERE = Path(__file__).parent
FEW = 3  # pairs that say nothing about an entry
AGREE = 0.4
KNOWN = 80  # pairs from which the model has learnt a word without help
SHORT = 4  # letters of a word that is held against the English whole
# Letters that are no letter with an accent.
_WHOLE = str.maketrans("łŁøØıđĐəð’‘ʻ–", "lLoOidDed'''-") | {ord("ß"): "ss", ord("æ"): "ae", ord("Æ"): "Ae", ord("œ"): "oe", ord("þ"): "th"}
Entry = tuple[str, str, str]  # Arabic form, English, category


def bitext(corpus: Path) -> Iterator[tuple[str, str]]:
    """Arabic and English of every pair of ours without slots, and of the corpus."""
    for path in (*sorted((HERE / "authored").glob("*.tsv")), *sorted((corpus / "bitext").glob("*.gz"))):
        yield from ((row[0], row[1]) for row in rows(path) if not SLOT.search(row[0]))


def entries() -> list[Entry]:
    """What the lists have, a form each; a form with several renderings comes several times."""
    found: dict[Entry, None] = {}
    for path in sorted((HERE / "lexicon").glob("*.tsv")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            cells = [" ".join(c.split()) for c in line.split("\t")]
            if len(cells) != 3 or not all(cells) or cells[2] not in {c.value for c in Category}:
                raise SystemExit(f"{path}:{number}: wants forms, English and category, separated by tabs; has {line!r}")
            for form in filter(None, map(str.strip, cells[0].split("|"))):
                if len(fold_term(form)) > 2 and form not in FUNCTION_WORDS:
                    found.setdefault((form, plain(cells[1]), cells[2]))
    return list(found)


@cache
def _pattern(word: str) -> re.Pattern[str]:
    """A word in any inflection: a short one with an ending at most, a long one by its beginning."""
    return re.compile(rf"\b{re.escape(word)}(?:e?s|'s)?\b" if len(word) <= SHORT else rf"\b{re.escape(word[: max(SHORT, len(word) - 3)])}")


def said(rendering: str, english: str) -> bool:
    """Whether the English has the rendering, in whatever inflection; both in small letters."""
    return all(_pattern(w).search(english) for w in re.findall(r"[^\W_]+", rendering))


def plain(rendering: str) -> str:
    """The rendering without accents, as agencies write it (Simsek, Ceausescu): the model writes such letters byte by byte, and badly."""
    letters = unicodedata.normalize("NFKD", rendering.translate(_WHOLE))
    return "".join(c for c in letters if not unicodedata.combining(c))


def main(corpus: Path) -> None:
    given = entries()
    renderings: collections.defaultdict[str, dict[str, Entry]] = collections.defaultdict(dict)
    for form, english, category in given:
        renderings[fold_term(form)].setdefault(english, (form, english, category))
    first = [next(iter(r.values())) for r in renderings.values()]
    matcher = Matcher(Termbase("lexicon", tuple(Concept((form,), english, Category(category)) for form, english, category in first)))
    seen: collections.Counter[str] = collections.Counter()
    right: collections.Counter[tuple[str, str]] = collections.Counter()
    for arabic, english in bitext(corpus):
        small = english.casefold()
        for folded in {fold_term(m.form) for m in matcher.find(arabic)}:
            seen[folded] += 1
            right.update((folded, r) for r in renderings[folded] if said(r.casefold(), small))
    kept: collections.defaultdict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for folded, found in renderings.items():
        (best, entry), *others = sorted(found.items(), key=lambda item: -right[folded, item[0]])
        unsure = others and right[folded, best] <= 2 * right[folded, others[0][0]]
        known = " " not in folded and seen[folded] > KNOWN  # a phrase stays: حمض نووي keeps حمض from being found in it
        if not unsure and not known and (seen[folded] < FEW or right[folded, best] >= AGREE * seen[folded]):
            kept[best, entry[2]].append(entry[0])
    print("# Arabic forms, English, category; see training/lexicon.py.")
    for (english, category), forms in sorted(kept.items()):
        print("|".join(sorted(forms)), english, category, sep="\t")
    print(f"{len(given)} entries given, {sum(map(len, kept.values()))} kept", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
