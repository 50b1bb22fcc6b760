"""Cleaning: one spelling of the text, and filters that keep noise and test sets out.

Belongs here: decisions on single pairs. Must not: read the corpus layout (see `prepare`) or tokenize.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from glossary.normalize import fold_term, has_arabic
from service.tokenizer import normalize_source

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_MARKUP = re.compile(r"<[a-zA-Z/!][^>]*>|&[a-z]+;|\{\{|\}\}|https?://|\\[nt]|%[sd]|\$\{")
arabic = normalize_source


def english(text: str) -> str:
    """English as the model writes it: straight quotes, single spaces, no invisible marks."""
    text = unicodedata.normalize("NFKC", text).translate(str.maketrans("“”„’‘", '"""\'\''))
    return re.sub(r"\s+", " ", _INVISIBLE.sub("", text)).strip()


def keep(source: str, target: str) -> bool:
    """Whether a cleaned pair looks like a translation: scripts, lengths, ratio, no markup."""
    if not has_arabic(source) or not re.search("[A-Za-z]", target) or has_arabic(target):
        return False
    if _MARKUP.search(source) or _MARKUP.search(target):
        return False
    letters = sum(map(str.isalpha, source)), sum(map(str.isalpha, target))
    latin = len(re.findall("[A-Za-z]", source))
    if latin > letters[0] * 0.4:
        return False
    # English news is 1.28 times as long as its Arabic; short texts vary more.
    return letters[0] < 12 or 0.5 <= letters[1] / letters[0] <= 2.8


class HeldOut:
    """Segments of development and test sets, both sides, under folding: nothing trained on may equal one."""

    def __init__(self, files: Iterable[Path]):
        self._seen: set[str] = set()
        for path in files:
            for line in path.read_text(encoding="utf-8").splitlines():
                self._seen.update(self._key(cell) for cell in line.split("\t"))

    @staticmethod
    def _key(text: str) -> str:
        return re.sub(r"\W+", " ", fold_term(text).casefold()).strip()

    def __contains__(self, text: str) -> bool:
        return self._key(text) in self._seen
