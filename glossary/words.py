"""Words that must not be taken for something else.

Belongs here: closed word lists with their reason. Must not: hold matching logic (see `match`).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

# Prepositions, particles, pronouns and relatives, spelled as they are written (ى and ي told apart).
# A surface that is one of these is not a name that merely folds to the same letters: على "on" is not
# علي "Ali", إلى "to" is not إلي, منّي "from me" is not منى "Mona".
# Source: the closed classes of Ryding (2005), A Reference Grammar of Modern Standard Arabic, ch. 12-19.
FUNCTION_WORDS = frozenset(
    """
    على إلى الى إلي في فى من عن مع حتى متى لدى سوى كل قد لقد لم لن لا ما هل أم أو او ثم بل لكن لكنّ إن أن ان إنّ أنّ
    إذا اذا إذ اذ لو لولا كي لكي هو هي هى هما هم هن أنا انا نحن أنت انت أنتم هذا هذه هؤلاء ذلك تلك أولئك الذي الذى
    التي التى الذين اللذان اللتان اللاتي منذ عند عندما بعد قبل بين تحت فوق أمام خلف دون غير حيث كما مما عما فيما بما
    لما إما اما أما إلا الا أي اى أى أين كيف لماذا مني منا منه منها منهم عني عنا عنه عنها عنهم له لها لهم لنا لي به بها
    بهم بنا بي فيه فيها فيهم إليه اليه إليها اليها عليه عليها عليهم علينا إنه انه إنها انها أنه أنها ليس كان كانت
    """.split()
)

# Frequent words that fold to a name's letters but are not how anyone writes it: الآن "now" is not آلان
# (Alain) with an article, الهام "important" is not إلهام (Ilham), سلمي "peaceful" is not سلمى (Salma).
HOMOGRAPHS = frozenset("الآن الان الهام اليأس يحيي سلمي ليلي بشري يسري هدي".split())

# In Egyptian spelling a final ي is written ى; these words show that a text does so.
EGYPTIAN_SIGNS = frozenset("فى التى الذى هى أى وفى والتى والذى".split())


@cache
def whole_words() -> frozenset[str]:
    """Folded words that begin with a proclitic letter by nature: كريم is not ك + ريم, وليد not و + ليد."""
    return _listed("whole_words.txt")


@cache
def small_words() -> frozenset[str]:
    """English words that have no capital inside a sentence: the, prosecutors, stressing; not Brown, not May."""
    return _listed("small_words.txt")


def _listed(name: str) -> frozenset[str]:
    text = files("glossary").joinpath(name).read_text(encoding="utf-8")
    return frozenset(line for line in text.split("\n") if line and not line.startswith("#"))
