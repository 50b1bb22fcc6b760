"""Folding: the one spelling under which Arabic words are compared, with a map back to the text.

Belongs here: what counts as the same letter. Must not: know words, boundaries or terms.

Newspapers write one word many ways: الأعرجي and الأعرجى (final yeh dotted or not, the Egyptian
habit), الامن for الأمن (hamza left out), اللجنه for اللجنة, فضلًا with or without its tanwin, ـ as a
filler, digits of two kinds, «…» around or inside a name, bidi marks. Folding maps them together; the
offset map gives back the exact place in the text as it was sent. The classes follow the light
normalization of Larkey, Ballesteros and Connell (2002), "Improving Stemming for Arabic Information
Retrieval", plus ؤ/و and ئ/ي, which Egyptian and Levantine papers exchange (مسؤول, مسئول), and dashes.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from glossary.spans import Span

# Letters that papers exchange: alef with hamza or madda or wasla, yeh forms, teh marbuta, Persian forms.
_SAME = str.maketrans("أإآٱٲٳىئیېؤةۀہکڪ‐‑‒–—−", "ااااااييييوهههكك------")
# Not read as part of a word: tashkeel, Quranic marks, superscript alef, tatweel, joiners, bidi marks.
IGNORED = re.compile("[\u0610-\u061a\u061c\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u00ad\u034f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufe00-\ufe0f]")
# Arabic and Persian digits and number signs, as English writes them.
NUMERALS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٪٫٬", "01234567890123456789%.,")
# Quotes stand around a name, or around a part of it (حلف «الناتو»); they never tell two terms apart.
QUOTES = frozenset("«»\"“”„‟‘’‚‛'‹›`´″′")
CLOSING = {"«": "»", "“": "”", "„": "“", "‘": "’", "‹": "›", '"': '"', "'": "'"}
_ARABIC = re.compile("[\u0621-\u063a\u0641-\u064a\u066e-\u066f\u0671-\u06d3\u06fa-\u06ff\ufb50-\ufdff\ufe70-\ufefc]")


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text with its way back.

    `starts[i]` and `ends[i]` delimit in the original the code point that gave folded character i
    (both never decrease); `quoted[i]` says that a quote stood right before it.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    quoted: tuple[bool, ...]

    def span(self, start: int, end: int) -> Span:
        """The original span of folded [start, end), trailing marks of the last letter included."""
        return Span(self.starts[start], self.ends[end - 1])


def fold(text: str) -> Folded:
    """The folded form of `text`. Idempotent: folding a folded text changes nothing."""
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    quoted: list[bool] = []
    pending = False
    for at, char in enumerate(text):
        if _ignored(char):
            if out and ends[-1] == at and (char == "\u0640" or unicodedata.category(char) == "Mn"):
                ends[-1] = at + 1  # a vowel sign or filler belongs to the letter before it
            continue
        if char in QUOTES:
            pending = True
            continue
        if char.isspace():
            # A blank line or a paragraph separator ends a paragraph, and no term reaches over it.
            if out and out[-1] in " \u2029":
                if char == "\u2029" or (char == "\n" and "\n" in text[starts[-1] : at]):
                    out[-1] = "\u2029"
                ends[-1] = at + 1
            else:
                out.append("\u2029" if char == "\u2029" else " ")
                starts.append(at)
                ends.append(at + 1)
                quoted.append(pending)
                pending = False
            continue
        pieces = _pieces(char)
        if char == "ئ" and text[at + 1 : at + 2] == "و":
            pieces = "و"  # مسئول is مسؤول, شئون is شؤون
        elif char == "أ" and text[at - 1 : at] == "ي" and text[at + 1 : at + 2] in ("ة", "ه"):
            pieces = "ي"  # هيأة is هيئة
        for piece in pieces:
            out.append(piece)
            starts.append(at)
            ends.append(at + 1)
            quoted.append(pending)
            pending = False
    return _join_abd(Folded("".join(out), tuple(starts), tuple(ends), tuple(quoted)))


@lru_cache(maxsize=4096)
def _ignored(char: str) -> bool:
    return bool(IGNORED.match(char))


@lru_cache(maxsize=4096)
def _pieces(char: str) -> str:
    """What one character is folded to, whatever stands beside it."""
    if unicodedata.category(char) == "No":
        return "*"  # a raised footnote number is no part of the word before it
    folded = ""
    for piece in unicodedata.normalize("NFKC", char).translate(_SAME):
        digit = unicodedata.decimal(piece, None)
        lower = piece.lower()
        if not IGNORED.match(piece):
            folded += str(digit) if digit is not None else lower if len(lower) == 1 else piece
    return folded


def _join_abd(folded: Folded) -> Folded:
    """Write عبد الله as عبدالله: papers do both, and both are one name."""
    drop = {m.end() - 1 for m in re.finditer(r"(?<![^\W\d_])[وف]?[بكل]?عبد (?=ال)", folded.text)}
    if not drop:
        return folded
    keep = [i for i in range(len(folded.text)) if i not in drop]
    return Folded(
        "".join(folded.text[i] for i in keep),
        tuple(folded.starts[i] for i in keep),
        tuple(folded.ends[i] for i in keep),
        tuple(folded.quoted[i] for i in keep),
    )


@lru_cache(maxsize=16384)
def fold_term(term: str) -> str:
    """The folded form of a term: as `fold`, without outer and doubled white space."""
    if _LETTERS.fullmatch(term) and not _BESIDE.search(term):  # most are; a large glossary is read in half the time
        return " ".join(term.translate(_FOLDED).split())
    return " ".join(fold(term).text.split())


# Letters that are folded one by one, and those that depend on what stands beside them.
_LETTERS = re.compile("[\u0621-\u063a\u0641-\u064a ]*")
_BESIDE = re.compile("ئو|يأ|عبد")
_FOLDED = {ord(c): _pieces(c) for c in map(chr, (*range(0x621, 0x63B), *range(0x641, 0x64B)))}


def bare(text: str) -> str:
    """The text as its letters are written, without vowel signs, fillers, marks and quotes."""
    return "".join(c for c in IGNORED.sub("", text) if c not in QUOTES)


def is_arabic(char: str) -> bool:
    """Whether `char` is an Arabic letter (not a digit, not punctuation such as «،»)."""
    return bool(_ARABIC.match(char))


def is_picture(char: str) -> bool:
    """Whether a character is a picture or part of one (flag, skin tone, keycap): no letter, digit, quote, currency or operator."""
    if char <= "\u2000" or is_arabic(char):
        return False
    return char >= "\U000e0000" or unicodedata.category(char) in ("So", "Sk", "Me", "Co", "Cn")  # Cn: pictures newer than this Python


def has_arabic(text: str) -> bool:
    """Whether an Arabic letter stands anywhere in `text`."""
    return bool(_ARABIC.search(text))


def is_word(char: str) -> bool:
    """Whether `char` continues a word: a letter or digit of any script, or an underscore."""
    return char.isalnum() or char == "_"
