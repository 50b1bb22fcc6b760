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
from glossary.english import occurrences
from glossary.match import Match, Matcher
from glossary.normalize import bare, fold
from glossary.termbase import Termbase

# Behind a number from eleven on, and behind a counted thousand or million, a noun is singular in Arabic and plural in
# English (خمسون متراً, مليون جرعة, آلاف جندي; Ryding 2005, §15.1). Folded; not behind a year.
_STEM = "(?:ثلاث|اربع|خمس|ست|سبع|ثمان|تسع)"
_COUNTED = re.compile(
    rf"(?<!\w)(?<!عام )(?<!سنه )[وفبل]?(?:\d+|(?:ال)?(?:{_STEM}|عشر)(?:ون|ين)|عشره?|{_STEM}?(?:مئه|ميه|مايه|مئتا|مئتي|ميتا|ميتي|مايتي)"
    r"|الف[اي]?|الاف|ملي(?:ون|ار)(?:ا|ي|ات)?|ملايين|تريليون(?:ات)?)\s+$"
)
_PLURAL = re.compile(r"(?:(?<![siu])s|[mM]en|people|children|feet|mice)$")


@cache
def lexicon() -> Matcher:
    """Finds the words and names of the built-in lexicon. The termbase's digest names its content."""
    data = files("glossary").joinpath("lexicon.tsv").read_bytes()
    rows = (line.split("\t") for line in data.decode().split("\n") if line and not line.startswith("#"))
    concepts = tuple(Concept(tuple(forms.split("|")), english, Category(category)) for forms, english, category in rows)
    return Matcher(Termbase("lexicon", concepts, digest=hashlib.sha256(data).hexdigest()))


def hints(text: str, article: str, terms: Sequence[Match]) -> tuple[Match, ...]:
    """The lexicon's matches in a paragraph of an article: clear of the glossary's, and of what its entries accept or forbid."""
    found = [m for m in lexicon().find(text, article) if not any(m.span.overlaps(t.span) for t in terms) and _helps(m, text)]
    ruled = {r for t in terms for r in (*t.concept.accepted, *t.concept.forbidden)}
    return tuple(m for m in found if not any(occurrences(r, m.concept.preferred) for r in ruled))


def _helps(match: Match, text: str) -> bool:
    """Whether an entry is right in this place: not طعنه "stabbed him" for طعنة, nor a singular for what is counted."""
    if match.form.endswith("ة") and bare(match.surface).endswith("ه"):
        return False
    if match.concept.category is not Category.TERM or match.proclitic or _PLURAL.search(match.concept.preferred):
        return True
    return not _COUNTED.search(fold(text[max(0, match.span.start - 20) : match.span.start]).text)
