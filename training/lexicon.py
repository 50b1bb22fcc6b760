"""Write `glossary/lexicon.tsv` from `training/lexicon/*.tsv`: the entries that our corpus does not contradict.

    python -m training.lexicon CORPUS_FOLDER > glossary/lexicon.tsv

An entry that stands in the Arabic of three pairs or more is kept where the English has its rendering in two of five
(أبل is the company far more often than camels). One that stands in many pairs is left out: the model has learnt it. Of two
renderings of one form the corpus decides, and where it cannot, neither is kept.
"""

from __future__ import annotations

import collections
import gzip
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from glossary.concepts import Category, Concept
from glossary.match import Matcher
from glossary.normalize import fold_term
from glossary.termbase import Termbase
from glossary.words import FUNCTION_WORDS
from training.slots import SLOT

HERE = Path(__file__).parent
FEW = 3  # pairs that say nothing about an entry
AGREE = 0.4
KNOWN = 80  # pairs from which the model has learnt a word without help
Entry = tuple[str, str, str]  # Arabic form, English, category


def bitext(corpus: Path) -> Iterator[tuple[str, str]]:
    """Arabic and English of every pair of ours without slots, and of the corpus."""
    for path in sorted((HERE / "authored").glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.count("\t") == 1 and not SLOT.search(line):
                a, e = line.split("\t")
                yield a, e
    for path in sorted((corpus / "bitext").glob("*.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                a, e, *_ = line.rstrip("\n").split("\t")
                yield a, e


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
                    found.setdefault((form, cells[1], cells[2]))
    return list(found)


def said(rendering: str, english: str) -> bool:
    """Whether the English has the rendering, in whatever inflection."""
    words = re.findall(r"[^\W_]+", rendering.casefold())
    return all(w[: max(4, len(w) - 3)] in english for w in words)


def main(corpus: Path) -> None:
    given = entries()
    renderings: collections.defaultdict[str, dict[str, Entry]] = collections.defaultdict(dict)
    for entry in given:
        renderings[fold_term(entry[0])].setdefault(entry[1], entry)
    concepts = tuple(Concept((next(iter(r.values()))[0],), folded, Category(next(iter(r.values()))[2])) for folded, r in renderings.items())
    matcher = Matcher(Termbase("lexicon", concepts))
    seen: collections.Counter[str] = collections.Counter()
    right: collections.Counter[tuple[str, str]] = collections.Counter()
    for arabic, english in bitext(corpus):
        small = english.casefold()
        for folded in {m.concept.preferred for m in matcher.find(arabic)}:
            seen[folded] += 1
            right.update((folded, r) for r in renderings[folded] if said(r, small))
    kept: collections.defaultdict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for folded, found in renderings.items():
        (best, entry), *others = sorted(found.items(), key=lambda item: -right[folded, item[0]])
        unsure = others and right[folded, best] <= 2 * right[folded, others[0][0]]
        if not unsure and seen[folded] <= KNOWN and (seen[folded] < FEW or right[folded, best] >= AGREE * seen[folded]):
            kept[best, entry[2]].append(entry[0])
    print("# Arabic forms, English, category; see training/lexicon.py.")
    for (english, category), forms in sorted(kept.items()):
        print("|".join(sorted(forms)), english, category, sep="\t")
    print(f"{len(given)} entries given, {sum(map(len, kept.values()))} kept", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
