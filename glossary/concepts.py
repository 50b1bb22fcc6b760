"""Concepts: persons, offices and bodies, with their Arabic forms and English renderings.

Belongs here: the immutable data of a glossary and the words for it (TBX, ISO 30042: preferred,
admitted and forbidden renderings). Must not: match, read files or know revisions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Category(Enum):
    """What kind of thing a concept is."""

    TERM = "term"
    PERSON = "person"
    TITLE = "title"
    ORGANIZATION = "organization"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Concept:
    """One person, office, body, place or term, and how it is to be written in English.

    `forms` are its Arabic spellings, the main one first; spelling habits (hamza, final yeh, teh
    marbuta, vowel signs, tatweel, digits) need no form of their own. Renderings carry no article.
    `preferred` is used; `admitted` are accepted where the model wrote them; `forbidden` never stand.
    `plural` is the rendering that also counts when the English needs a plural, and the one that a dual
    or plural of the source asks for; `plural_forms` are Arabic plurals that no rule gives (وزراء).
    `acronym`, when given, is written behind the preferred rendering at the first mention and stands
    alone afterwards. `keep`: the forms are no Arabic and stand in the English as they are.
    """

    forms: tuple[str, ...]
    preferred: str
    category: Category = Category.TERM
    admitted: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    plural: str = ""
    plural_forms: tuple[str, ...] = ()
    acronym: str = ""
    keep: bool = False
    note: str = ""
    source: str = ""

    @property
    def id(self) -> str:
        """The entry's name inside its glossary: its main Arabic form."""
        return self.forms[0]

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every rendering that meets the glossary, the preferred one first."""
        extra = (self.plural,) if self.plural else ()
        return tuple(dict.fromkeys((self.preferred, *extra, *self.admitted)))

    def in_plural(self) -> Concept:
        """The concept as a dual or plural asks for it: its plural rendering and nothing else."""
        return replace(self, preferred=self.plural, admitted=(), plural="", acronym="")

    def mentioned(self, first: bool) -> Concept:
        """The concept as one mention asks for it: long form and acronym at the first, the acronym alone later."""
        if not self.acronym:
            return self
        both = f"{self.preferred} ({self.acronym})"
        if first:
            return replace(self, preferred=both, admitted=(), plural="", acronym="")
        return replace(self, preferred=self.acronym, admitted=(), forbidden=(*self.forbidden, both), plural="", acronym="")
