"""Write `glossary/small_words.txt`: English words that have no capital inside a sentence.

    python -m training.small_words CORPUS_FOLDER > glossary/small_words.txt

The truecasing of statistical translation (Lita et al. 2003): a word is listed when the English sides of our pairs and of
the bitext have it three times inside sentences, all but one in thirty of them in small letters, and it is no surname (Brown, Rice).
"""

from __future__ import annotations

import collections
import gzip
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from glossary.concepts import Category
from glossary.lexicon import lexicon

COMMON = 400  # a word as common as this is no surname where a clause begins, whoever bears it (So, An)
HERE = Path(__file__).parent
# A word behind a small one or a comma, so that no sentence or quotation begins with it, and not before a capital: Federal Police.
INSIDE = re.compile(r"(?=\b[a-z0-9]+,? ([A-Za-z][a-z]*)(?![\w'’-]| [A-Z]))")
# Software manuals write what stands on buttons with capitals, the United Nations Government, State and Council.
SOURCES = ("tatoeba_ara", "xquad", "ud_pud", "mlqa_wiki_mined", "nhs_covid19")


def english(corpus: Path) -> Iterator[str]:
    """The English sides, a line each."""
    for path in sorted((HERE / "authored").glob("*.tsv")):
        yield from (line.split("\t")[1] for line in path.read_text(encoding="utf-8").splitlines() if line.count("\t") == 1)
    for name in SOURCES:
        with gzip.open(corpus / "bitext" / f"{name}.tsv.gz", "rt", encoding="utf-8") as lines:
            yield from (line.rstrip("\n").split("\t")[1] for line in lines)


def main(corpus: Path) -> None:
    small: collections.Counter[str] = collections.Counter()
    capital: collections.Counter[str] = collections.Counter()
    for line in english(corpus):
        for word in INSIDE.findall(line):
            (small if word.islower() else capital)[word.lower()] += 1
    names = {c.preferred.lower() for c in lexicon().termbase.concepts if c.category is Category.PERSON}
    names |= {line.split("\t")[1].lower() for line in (HERE / "slots" / "sur.tsv").read_text(encoding="utf-8").splitlines()}
    found = sorted(w for w, n in small.items() if n >= 3 and n >= 29 * capital[w] and (w not in names or n >= COMMON))
    print("# English words without a capital inside a sentence; see training/small_words.py.")
    print("\n".join(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
