"""The lexicon: rarer words and names that a small model does not know, suggested to it and never enforced.

Belongs here: reading `lexicon.tsv`. Must not: hold what only one paper's house style decides (that is a glossary's).

The file has Arabic forms separated by `|`, their English as it stands inside a sentence, and the category, a line each.
A hint is an inline rendering like a glossary's (see `decoder.Guide`), but nobody looks whether the model followed it.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from glossary.concepts import Category, Concept
from glossary.match import Matcher
from glossary.termbase import Termbase


@cache
def lexicon() -> Matcher:
    """Finds the words and names of the built-in lexicon. The termbase's digest names its content."""
    data = files("glossary").joinpath("lexicon.tsv").read_bytes()
    rows = (line.split("\t") for line in data.decode().split("\n") if line and not line.startswith("#"))
    concepts = tuple(Concept(tuple(forms.split("|")), english, Category(category)) for forms, english, category in rows)
    return Matcher(Termbase("lexicon", concepts, digest=hashlib.sha256(data).hexdigest()))
