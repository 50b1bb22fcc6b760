"""The lexical shortlist: which output tokens a source token may call for, so that the output layer need not score all.

    python -m training.export … --data DATA        # writes it beside the CTranslate2 model, as vmap.txt

A batch is decoded with the union of its source tokens' lists. On a small model the output layer is more than half of
the decoder's arithmetic. Source: Jean et al. 2015, "On Using Very Large Target Vocabulary", §3.3; Junczys-Dowmunt et
al. 2018 (Marian's shortlists). Belongs here: counting links. Must not: align (see `prepare.py`).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

# Long lists: half of the gain of the shortest that cost no quality, but a segment hardly depends on its batch.
EACH = 200  # tokens aligned with a source token, most frequent first
ALWAYS = 3000  # most frequent target tokens, in every list


def write(data: Path, converted: Path) -> None:
    """Write `converted`/vmap.txt from the links of a prepared folder: source token, tab, target tokens."""
    tokens: list[str] = json.loads((converted / "shared_vocabulary.json").read_text(encoding="utf-8"))
    linked: dict[int, Counter[int]] = defaultdict(Counter)
    frequent: Counter[int] = Counter()
    for source, target, links in zip(*((data / n).read_text(encoding="ascii").splitlines() for n in ("src", "tgt", "fwd")), strict=True):
        s, t = source.split(), target.split()
        frequent.update(map(int, t))
        for link in links.split():
            a, b = link.split("-")
            linked[int(s[int(a)])][int(t[int(b)])] += 1
    always = {i for i, _ in frequent.most_common(ALWAYS)}
    lines = ["\t" + " ".join([*(tokens[i] for i in sorted(always)), "</s>"])]
    for i, token in enumerate(tokens):
        # A token may always stand for itself: renderings inside tags, names in Latin letters, figures.
        own = dict.fromkeys([i, *(j for j, _ in linked[i].most_common(EACH) if j not in always)])
        lines.append(token + "\t" + " ".join(tokens[j] for j in own))
    (converted / "vmap.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
