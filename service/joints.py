"""Where the English of one segment meets that of the next.

Belongs here: first letters and the small word between clauses of a cut sentence. Must not: cut text (see `segment`) or translate.
"""

from __future__ import annotations

import re

from glossary.constrain import Outcome
from glossary.english import LEADING, begin
from glossary.normalize import bare, fold
from glossary.words import small_words, whole_words

# What a clause begins with that has a subject of its own, names included.
_SUBJECT = re.compile(r"(?:the|an?|he|she|it|they|we|his|her|its|their|this|that|these|those|there|all|some|both|each|no)\b|[A-Z]")


def begun(output: str, outcome: Outcome, sentence: bool) -> str:
    """The output with the first letter that its place asks for.

    A sentence begins with a capital. A clause inside one loses the capital that the model gave it as a sentence of its own.
    """
    term = next((u for u in outcome.uses if u.target and u.target.start == 0), None)
    if sentence:
        return output if term else begin(output)
    if term:
        small = term.rendering[:1].islower()
    elif word := re.match(r"[A-Z][a-z]*(?![\w.’'-])", output):
        lower = word.group().lower()
        name = output[word.end() + 1 :][:1].isupper() and lower not in LEADING  # North Korea
        small = not name and lower in small_words()
    else:
        small = False
    return begin(output, small=True) if small else output


def lacks_and(source: str, output: str, before: str) -> bool:
    """Whether a clause that begins with و came out as a sentence of its own, behind a comma."""
    word = re.match(r"و(?:[\u0621-\u064a]{3,}|[أا]ن\b)", bare(source))
    return bool(word and fold(word.group()).text not in whole_words() and _SUBJECT.match(output) and before.endswith((", ", "; ")))


def ends_sentence(text: str) -> bool:
    """Whether a text ends as a sentence does, quotes and brackets behind its mark or not."""
    return text.rstrip('»"”) ').endswith((".", "!", "?", "؟", "…", ":"))
