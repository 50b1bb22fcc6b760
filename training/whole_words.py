"""Write `glossary/whole_words.txt`: words that begin with a proclitic letter by nature.

    python -m training.whole_words CORPUS_FOLDER > glossary/whole_words.txt

كريم (a name) is not ك + ريم and وفد (a delegation) is not و + فد, while ولبنان is و + لبنان. A word is
listed when it is a given name or surname of ours, or when the corpus has it five times and at least five times as
often as what is left without its first letter or two. The list holds counts' outcomes, no text.
"""

from __future__ import annotations

import collections
import re
import sys
from pathlib import Path

from glossary.normalize import fold_term
from training.slots import rows

HERE = Path(__file__).parent
WORD = re.compile("[\u0621-\u064a]+")
# Counts mislead where the rest is a frequent word itself (فعلي "actual" is not ف + علي), and where a word
# is seen behind a proclitic only (بانتظام "regularly").
MORE = "ولايه باب لصالح فعلي لجان كبري بليون لسان كندي كسول وسام باسيل كرامي لمي لاوس برقه".split()
LESS = "لمعان برنا بجروح بانتظام لاغراض بتعهداتها وبروتوكولاتها بابتسامه".split()
# Words that begin with a proclitic letter and ال by nature.
WITH_AL = ("والد", "والي", "بالغ", "بالون", "باليرمو", "بالفعل", "بالكاد", "بالنسبه", "بالاضافه", "فالح", "فالنسيا", "كالف")


def main(corpus: Path) -> None:
    count: collections.Counter[str] = collections.Counter()
    bitext = (path for path in sorted((corpus / "bitext").glob("*.gz")) if not path.name.startswith("msdocs"))
    for path in (*sorted((HERE / "authored").glob("*.tsv")), *bitext):
        for row in rows(path):
            count.update(WORD.findall(fold_term(row[0])))
    names: set[str] = set()
    for name in ("first_m", "first_f", "sur", "city", "ctry", "nat_m"):
        for row in rows(HERE / "slots" / f"{name}.tsv"):
            names.update(w for w in WORD.findall(fold_term(row[0])))
    found = {w for w in names if w[0] in "وفبكل" and len(w) > 2 and not w.startswith(("ال", "لل"))}
    for word, n in count.items():
        if n >= 5 and word[0] in "وفبكل" and len(word) > 2 and not word.startswith("لل"):
            rests = [word[1:]] + ([word[2:]] if word[0] in "وف" and word[1] in "بكل" else [])
            if all(count[r] * 5 <= n for r in rests if len(r) >= 2):
                found.add(word)
    found = {w for w in found if not re.match("[وفبك]+ال", w) or w.startswith(WITH_AL) or w in names}
    found = (found | set(MORE)) - set(LESS)
    print("# Folded words that begin with a proclitic letter by nature; see training/whole_words.py.")
    print("\n".join(sorted(found)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
