"""Write `glossary/small_words.txt`: English words that have no capital inside a sentence.

    python -m training.small_words CORPUS_FOLDER > glossary/small_words.txt

The truecasing of statistical translation (Lita et al. 2003): a word is listed when the English sides of our pairs and of
the bitext have it three times inside sentences, all but one in thirty of them in small letters, and it is no surname (Brown, Rice).
"""

from __future__ import annotations

import collections
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from glossary.concepts import Category
from glossary.lexicon import lexicon
from training.slots import rows

COMMON = 400  # a word as common as this is no surname where a clause begins, whoever bears it (So, An)
HERE = Path(__file__).parent
# A word behind a small one or a comma, so that no sentence or quotation begins with it, and not before a capital: Federal Police.
INSIDE = re.compile(r"(?=\b[a-z0-9]+,? ([A-Za-z][a-z]*)(?![\w'’-]| [A-Z]))")
# Software manuals write what stands on buttons with capitals, the United Nations Government, State and Council.
SOURCES = ("tatoeba_ara", "xquad", "ud_pud", "mlqa_wiki_mined", "nhs_covid19")


def english(corpus: Path) -> Iterator[str]:
    """The English sides, a line each."""
    for path in (*sorted((HERE / "authored").glob("*.tsv")), *(corpus / "bitext" / f"{name}.tsv.gz" for name in SOURCES)):
        yield from (row[1] for row in rows(path))


def main(corpus: Path) -> None:
    small: collections.Counter[str] = collections.Counter()
    capital: collections.Counter[str] = collections.Counter()
    for line in english(corpus):
        for word in INSIDE.findall(line):
            (small if word.islower() else capital)[word.lower()] += 1
    names = {c.preferred.lower() for c in lexicon().termbase.concepts if c.category is Category.PERSON}
    names |= {row[1].lower() for row in rows(HERE / "slots" / "sur.tsv")}
    found = sorted(w for w, n in small.items() if n >= 3 and n >= 29 * capital[w] and (w not in names or n >= COMMON))
    print("# English words without a capital inside a sentence; see training/small_words.py.")
    print("\n".join(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
