"""Mix the corpus into one training set: clean, fill slots, roughen, tokenize, align, annotate.

    python -m training.prepare --corpus CORPUS --spm FILE --out DIR --seed 1

Every pair is written several times (`--variants`), with other terms and the source cut into tokens in
another way each time (Kudo 2018, "Subword Regularization"): with this little text a model otherwise
learns its pairs by heart. Run it again with another seed now and then: slots get new fillers; a running
`train.py` picks the new set up. Belongs here: the order of the steps and the mixture. Must not: train.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import sentencepiece

from glossary.concepts import Category, Concept
from glossary.errors import InvalidEntries
from glossary.lexicon import lexicon
from glossary.match import Matcher
from glossary.normalize import fold_term
from glossary.termbase import Termbase
from service.tokenizer import tight
from training.annotate import Annotator, Links, phrase_marks
from training.clauses import Aligned, clauses
from training.clean import HeldOut, arabic, english, keep
from training.slots import SLOT, Mark, MarkedPair, Slots, rows

HERE = Path(__file__).parent
LONGEST = 112  # tokens a side; an Arabic news paragraph of 60 words has about 100

# Share of each source's rows drawn for one set; what is not named is left out. News first: software
# manuals are two thirds of the rows and teach little that an article needs.
SHARE = {
    "tatoeba_ara": 0.8, "un_v1_devtest": 0.7, "un_conflict": 0.7, "xquad": 1, "ud_pud": 2, "oedi_elections": 1, "gndem": 1,
    "mlqa_wiki_mined": 1, "mlqa_questions": 1, "sdg_translations": 1, "opensource_guide": 0.3, "vote_gov": 1, "nhs_covid19": 1,
    "coronamelder": 1, "covid19_scenarios": 1, "uk_whitehall": 1, "privacyguides": 0.3, "wikipedia_android": 0.1,
    "msdocs_d365_operations": 0.01, "bible_svd_web": 0.05,
    "wiktionary_ar_en": 0.3, "wikidata_name_tokens": 0.15, "google_ar2en_names": 0.1, "whosonfirst_places": 0.01,
    "cldr": 0.3, "mledoze_countries": 1, "helper_titles_orgs": 1, "iraq_places": 0.3, "dr5hn_arab_places": 0.1, "thegenio_names": 0.5,
}  # fmt: skip
# Of the tagged pairs half come from slots and lexicon, half from aligned phrases.
TAGGED = 0.5
# Of the pairs so many are cut into two clauses where their commas allow it.
CUT = 0.3
# Of the sources so many are cut into tokens by chance, the rest as they will be cut when translating.
SAMPLED, ALPHA = 0.5, 0.4


def roughen(text: str, rnd: random.Random) -> str:
    """What papers do to Arabic: drop hamzas, write every final yeh undotted, quote with straight marks."""
    r = rnd.random()
    if r < 0.05:
        text = re.sub("[أإآ]", "ا", text)
    elif r < 0.1:
        text = re.sub(r"ي(?!\w)", "ى", text)
    elif r < 0.13:
        text = text.replace("«", '"').replace("»", '"')
    return text


def known() -> list[tuple[str, str, Category]]:
    """(Arabic form, English, category) of every form of the built-in lexicon."""
    return [(f, c.preferred, c.category) for c in lexicon().termbase.concepts for f in c.forms]


def lexicon_matcher(corpus: Path) -> Matcher:
    """The built-in lexicon, and names, titles and organizations of the corpus's, to be found in the bitext."""
    seen: dict[str, Concept] = {fold_term(f): Concept((f,), e, kind) for f, e, kind in known()}
    for name in ("helper_titles_orgs", "mledoze_countries", "iraq_places", "cldr"):
        for row in rows(corpus / "lexicon" / f"{name}.tsv.gz"):
            if len(row) > 1 and row[0] and row[1]:
                seen.setdefault(fold_term(row[0]), Concept((row[0],), row[1]))
    concepts = list(seen.values())
    try:
        return Matcher(Termbase.build("lexicon", concepts))
    except InvalidEntries as error:
        bad = {re.search(r"'(.+?)'", p.reason).group(1) for p in error.problems if re.search(r"'(.+?)'", p.reason)}  # type: ignore[union-attr]
        return Matcher(Termbase.build("lexicon", [c for c in concepts if c.id not in bad]))


def collect(corpus: Path, slots: Slots, copies: int, rnd: random.Random) -> Iterator[tuple[str, MarkedPair]]:
    """(source name, pair) for one set, uncleaned."""
    for path in sorted([*(corpus / "bitext").glob("*.gz"), *(corpus / "lexicon").glob("*.gz")]):
        name = path.name.split(".")[0]
        share = SHARE.get(name, 0)
        for a, e, *_ in rows(path) if share else ():
            for _ in range(int(share) + (rnd.random() < share % 1)):
                yield name, MarkedPair(a, e.title() if name == "google_ar2en_names" else e)
    yield from (("lexicon", MarkedPair(f, e)) for f, e, _ in known())
    for path in sorted((HERE / "authored").glob("*.tsv")):
        for row in rows(path):
            if len(row) == 2:
                for _ in range(copies if SLOT.search(row[0]) else 1):
                    yield "authored", slots.expand(*row)


def cleaned(pair: MarkedPair, held_out: HeldOut, rnd: random.Random) -> MarkedPair | None:
    """The pair as it is trained on, None if it is to be left out. Marks survive only unchanged text."""
    a, e = arabic(pair.source), english(pair.target)
    if not keep(a, e) or a in held_out or e in held_out:
        return None
    rough = roughen(a, rnd)
    marks = pair.marks if len(a) == len(pair.source) and e == pair.target and len(rough) == len(a) else ()
    return MarkedPair(rough, e, marks)


def lexicon_marks(pair: MarkedPair, matcher: Matcher) -> list[Mark]:
    """Terms of the lexicon that stand once on both sides."""
    found: list[Mark] = []
    for m in matcher.find(pair.source):
        where = [x.span() for x in re.finditer(rf"\b{re.escape(m.concept.preferred)}\b", pair.target)]
        if len(where) == 1 and pair.source.count(m.surface) == 1 and not any(where[0][0] < x.target[1] and x.target[0] < where[0][1] for x in found):
            found.append(Mark((m.span.start, m.span.end), where[0]))
    return found


def align(folder: Path, tokens: list[tuple[list[int], list[int]]]) -> list[Links]:
    """Links of both directions together, by eflomal (Östling and Tiedemann 2016)."""
    for name, side in (("plain.src", 0), ("plain.tgt", 1)):
        (folder / name).write_text("".join(" ".join(map(str, t[side])) + "\n" for t in tokens), encoding="ascii")
    command = ["eflomal-align", "-s", "plain.src", "-t", "plain.tgt", "-f", "plain.fwd", "-r", "plain.rev", "-m", "3"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    links = []
    forward, backward = ((folder / n).read_text().splitlines() for n in ("plain.fwd", "plain.rev"))
    for f, r in zip(forward, backward, strict=True):
        links.append(sorted({(int(s), int(t)) for s, t in (x.split("-") for x in (*f.split(), *r.split()))}))
    return links


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--corpus", type=Path, required=True)
    ap.add_argument("--spm", type=Path, required=True)
    ap.add_argument("--out", type=Path, required=True)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--copies", type=int, default=2, help="fillings of each template")
    ap.add_argument("--variants", type=int, default=3, help="how often each pair is written")
    o = ap.parse_args()
    o.out.mkdir(parents=True, exist_ok=True)
    rnd = random.Random(o.seed)
    sentencepiece.set_random_generator_seed(o.seed)
    tokens = rows(o.corpus / "lexicon" / "wikidata_name_tokens.tsv.gz")
    names = [(r[0], r[1]) for r in tokens if len(r[0]) > 2 and r[1].isascii() and r[1].isalpha()]
    single = [(f, e, kind) for f, e, kind in known() if " " not in f]
    names += 3 * [(f, e) for f, e, kind in single if kind is Category.PERSON]
    places = [(f, e) for f, e, kind in single if kind is Category.PLACE and not f.startswith("ال")]  # mostly towns
    slots = Slots(HERE / "slots", names, places, rnd)
    held_out = HeldOut([*sorted((o.corpus / "dev").glob("*.tsv")), *sorted((o.corpus / "test").glob("*.tsv"))])
    sp = sentencepiece.SentencePieceProcessor(model_file=str(o.spm))
    counts: collections.Counter[str] = collections.Counter()
    pairs: list[MarkedPair] = []
    encoded: list[tuple[list[int], list[int]]] = []
    seen: set[tuple[str, str]] = set()
    for name, raw in collect(o.corpus, slots, o.copies, rnd):
        pair = cleaned(raw, held_out, rnd)
        if pair and (pair.source, pair.target) not in seen:
            seen.add((pair.source, pair.target))
            ids = sp.encode(pair.source), sp.encode(pair.target)
            if 0 < len(ids[0]) < LONGEST and 0 < len(ids[1]) < LONGEST:
                pairs.append(pair)
                encoded.append(ids)
                counts[name] += 1
    print(len(pairs), "pairs", dict(counts.most_common()), flush=True)
    links = align(o.out, encoded)
    matcher = lexicon_matcher(o.corpus)
    kinds = ("PER", "SUR", "TITLE", "ORG")

    def other() -> str:
        """A name or office, or any words of the corpus: whatever stands in a tag is to be copied."""
        if rnd.random() < 0.4:
            words = rnd.choice(pairs).target.split()
            start = rnd.randrange(len(words))
            run = " ".join(words[start : start + rnd.randint(1, 6)])
            if re.fullmatch(r"[\w'’& -]+", run):
                return run
        return slots.fill(rnd.choice(kinds))[1].removeprefix("the ")

    def cut(text: str) -> list[str]:
        sample = rnd.random() < SAMPLED
        return tight(sp.encode(text, out_type=str, enable_sampling=sample, alpha=ALPHA, nbest_size=-1))

    annotator = Annotator(rnd, other, cut, lambda t: list(sp.encode(t, out_type=str)))
    tagged: collections.Counter[str] = collections.Counter()
    cut_up = 0
    with (o.out / "src").open("w") as fs, (o.out / "tgt").open("w") as ft, (o.out / "fwd").open("w") as ff, (o.out / "rev").open("w") as fr:
        order = list(range(len(pairs))) * o.variants
        rnd.shuffle(order)
        for i in order:
            (s, t), link = encoded[i], links[i]
            whole = Aligned(pairs[i], [sp.id_to_piece(x) for x in s], [sp.id_to_piece(x) for x in t], link)
            parts = clauses(whole, rnd) if rnd.random() < CUT else (whole,)
            if len(parts) > 1 and any(p.pair.source in held_out or p.pair.target in held_out for p in parts):
                parts = (whole,)  # the whole has been held against them
            cut_up += len(parts) > 1
            for part in parts:
                marks: list[Mark] = []
                pair, pieces = part.pair, (part.source, part.target)
                if rnd.random() < (0.6 if pair.marks else TAGGED) and len(pair.source.split()) > 2:
                    marks = [m for m in pair.marks if rnd.random() < 0.7] or (lexicon_marks(pair, matcher) if rnd.random() < 0.5 else [])
                    kind = "slots" if marks and pair.marks else "lexicon" if marks else "phrases"
                    marks = phrase_marks(pair, pieces, part.links, rnd, marks)
                    tagged[kind] += bool(marks)
                new_s, new_t, new_links = annotator.annotate(pair, marks, (*pieces, part.links))
                if len(new_s) >= LONGEST * 1.4 or len(new_t) >= LONGEST * 1.2:
                    new_s, new_t, new_links = part.source, part.target, part.links
                fs.write(" ".join(str(sp.piece_to_id(x)) for x in new_s) + "\n")
                ft.write(" ".join(str(sp.piece_to_id(x)) for x in new_t) + "\n")
                ff.write(" ".join(f"{a}-{b}" for a, b in new_links) + "\n")
                fr.write("\n")
    print("tagged", dict(tagged), "cut up", cut_up, flush=True)
    for name in ("plain.src", "plain.tgt", "plain.fwd", "plain.rev"):
        (o.out / name).unlink()
    meta = {"vocab": sp.get_piece_size(), "eos": sp.eos_id(), "seed": o.seed, "counts": dict(counts), "tagged": dict(tagged)}
    (o.out / "meta.json").write_text(json.dumps(meta, indent=1))


if __name__ == "__main__":
    main()
