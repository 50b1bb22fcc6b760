"""The lexicon: rarer words and names that a small model does not know, suggested to it and never enforced.

Belongs here: reading `lexicon.tsv`, and where its entries are no help. Must not: hold what one paper's house style decides
(that is a glossary's).

The file has Arabic forms separated by `|`, their English as it stands inside a sentence, and the category, a line each.
A hint is an inline rendering like a glossary's (see `decoder.Guide`), but nobody looks whether the model followed it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from glossary.concepts import Category, Concept
from glossary.match import Match, Matcher
from glossary.normalize import fold
from glossary.termbase import Termbase

# Behind numbers from eleven on a noun is singular in Arabic and plural in English (خمسون متراً, مليون جرعة; Ryding 2005, §15.1).
_TENS = "(?:عشر|ثلاث|اربع|خمس|ست|سبع|ثمان|تسع)(?:ون|ين)"
_COUNTED = re.compile(rf"(?:\d|\b[وبل]?(?:ال)?(?:{_TENS}|عشره?|(?:[ا-ي]{{3,5}})?م[اي]{{1,2}}ه|م(?:اي?|ي)ت[اي]|الف|مليون|مليار))\W*$")


@cache
def lexicon() -> Matcher:
    """Finds the words and names of the built-in lexicon. The termbase's digest names its content."""
    data = files("glossary").joinpath("lexicon.tsv").read_bytes()
    rows = (line.split("\t") for line in data.decode().split("\n") if line and not line.startswith("#"))
    concepts = tuple(Concept(tuple(forms.split("|")), english, Category(category)) for forms, english, category in rows)
    return Matcher(Termbase("lexicon", concepts, digest=hashlib.sha256(data).hexdigest()))


def hints(text: str, article: str, terms: Sequence[Match]) -> tuple[Match, ...]:
    """The lexicon's matches in a paragraph of an article, clear of the glossary's."""
    found = (m for m in lexicon().find(text, article) if not any(m.span.overlaps(t.span) for t in terms))
    return tuple(m for m in found if m.concept.preferred.endswith("s") or not _counted(text[: m.span.start - len(m.proclitic)]))


def _counted(before: str) -> bool:
    return bool(_COUNTED.search(fold(before[-20:]).text))
