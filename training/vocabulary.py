"""Train the SentencePiece vocabulary that both sides share.

    python -m training.vocabulary --corpus CORPUS --out FILE [--size 10000]

Term tags are reserved, bytes cover what is left, digits are split. Belongs here: the vocabulary's
settings. Must not: encode the training set (see `prepare`).
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

import sentencepiece

from service.tokenizer import TAGS
from training.clean import HeldOut, arabic, english, keep
from training.prepare import HERE, collect
from training.slots import Slots


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--corpus", type=Path, required=True)
    ap.add_argument("--out", type=Path, required=True, help="path without .model")
    ap.add_argument("--size", type=int, default=10_000)
    o = ap.parse_args()
    rnd = random.Random(1)
    held_out = HeldOut([*(o.corpus / "dev").glob("*.tsv"), *(o.corpus / "test").glob("*.tsv")])
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as text:
        for _, pair in collect(o.corpus, Slots(HERE / "slots", [], [], rnd), 1, rnd):
            a, e = arabic(pair.source), english(pair.target)
            if keep(a, e) and a not in held_out and e not in held_out:
                text.write(f"{a}\n{e}\n")
        text.flush()
        sentencepiece.SentencePieceTrainer.train(
            input=text.name, model_prefix=str(o.out), vocab_size=o.size, model_type="unigram", character_coverage=0.9999, byte_fallback=True,
            split_digits=True, user_defined_symbols=list(TAGS), eos_id=0, unk_id=1, bos_id=-1, pad_id=-1, normalization_rule_name="identity",
        )  # fmt: skip


if __name__ == "__main__":
    main()
