"""Authored templates: `{TITLE1} {PER1}` filled with names, offices and places.

Belongs here: fillers and their places in both sides. Must not: tag terms (see `annotate`).
"""

from __future__ import annotations

import gzip
import random
import re
from dataclasses import dataclass
from pathlib import Path

SLOT = re.compile(r"\{(F?PER|SUR|TITLE|ORG|CITY|CTRY|DAY|MON|NUM|YEAR)\d?\}")
TERMS = frozenset(("PER", "FPER", "SUR", "TITLE", "ORG", "CITY", "CTRY"))


@dataclass(frozen=True)
class Mark:
    """A term in a pair: [start, end) in the Arabic, [start, end) in the English."""

    source: tuple[int, int]
    target: tuple[int, int]


@dataclass(frozen=True)
class MarkedPair:
    """A pair with the places of its terms."""

    source: str
    target: str
    marks: tuple[Mark, ...] = ()


def rows(path: Path) -> list[list[str]]:
    """Tab-separated rows of a text file, gzip or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [line.rstrip("\n").split("\t") for line in lines]


class Slots:
    """Fillers from `slots/`; single names from `names` and towns from `places` (Arabic, English) for variety."""

    def __init__(self, folder: Path, names: list[tuple[str, str]], places: list[tuple[str, str]], rnd: random.Random):
        self.rnd, self.wild, self.places = rnd, names, places
        self.lists = {p.stem: [(r[0], r[1]) for r in rows(p)] for p in sorted(folder.glob("*.tsv"))}

    def surname(self) -> tuple[str, str]:
        return self.rnd.choice(self.lists["sur"] if self.rnd.random() < 0.6 or not self.wild else self.wild)

    def person(self, first: str = "first_m") -> tuple[str, str]:
        given = self.rnd.choice(self.lists[first] if self.rnd.random() < 0.75 or not self.wild else self.wild)
        middle = [self.rnd.choice(self.lists["first_m"])] if self.rnd.random() < 0.15 else []
        parts = [given, *middle, self.surname()]
        return " ".join(p[0] for p in parts), " ".join(p[1] for p in parts)

    def title(self) -> tuple[str, str]:
        if self.rnd.random() > 0.65:
            return self.rnd.choice(self.lists["title_fix"])
        base = self.rnd.choice(self.lists["title_base"])
        if self.rnd.random() < 0.4:
            return base
        nation = self.rnd.choice(self.lists["nat_m"])
        return f"{base[0]} {nation[0]}", f"{nation[1]} {base[1]}"

    def fill(self, kind: str) -> tuple[str, str]:
        if kind in ("PER", "FPER"):
            return self.person("first_f" if kind == "FPER" else "first_m")
        if kind == "SUR":
            return self.surname()
        if kind == "TITLE":
            return self.title()
        if kind in ("NUM", "YEAR"):
            n = str(self.rnd.randint(11, 99) if kind == "NUM" else self.rnd.randint(1950, 2030))
            return n, n
        if kind == "CITY" and self.places and self.rnd.random() < 0.5:
            return self.rnd.choice(self.places)
        return self.rnd.choice(self.lists[{"ORG": "org", "CITY": "city", "CTRY": "ctry", "DAY": "day", "MON": "mon"}[kind]])

    def expand(self, source: str, target: str) -> MarkedPair:
        """One filling of a template, with the places of its names and titles."""
        filled = {m.group(): self.fill(m.group(1)) for m in SLOT.finditer(source)}
        a, places_a = self._fill_in(source, filled, 0)
        e, places_e = self._fill_in(target, filled, 1)
        if e[:1].islower() and not e.startswith(("al-", "el-")):
            e = e[0].upper() + e[1:]
        marks = []
        for key, spans in places_a.items():
            if SLOT.fullmatch(key).group(1) in TERMS and len(spans) == len(places_e.get(key, ())):  # type: ignore[union-attr]
                marks += [Mark(x, y) for x, y in zip(spans, places_e[key], strict=True)]
        return MarkedPair(a, e, tuple(sorted(marks, key=lambda m: m.source)))

    @staticmethod
    def _fill_in(text: str, filled: dict[str, tuple[str, str]], side: int) -> tuple[str, dict[str, list[tuple[int, int]]]]:
        out, at = "", 0
        places: dict[str, list[tuple[int, int]]] = {}
        for m in SLOT.finditer(text):
            out += text[at : m.start()]
            value = filled.get(m.group(), (m.group(), m.group()))[side]
            if side == 1 and value.startswith("the "):  # the mark covers the rendering without its article
                value = value[4:]
                if not out.lower().endswith("the "):
                    out += "The " if not out else "the "
            if side == 0 and value.startswith("ال") and re.search(r"(?:^|\s)[وف]?ل$", out):
                value = value[1:] if not value.startswith("الل") else value[2:]  # ل + ال is written لل, ل + الل too
            places.setdefault(m.group(), []).append((len(out), len(out) + len(value)))
            out += value
            at = m.end()
        return out + text[at:], places
