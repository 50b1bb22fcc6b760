"""Cross-entropy of a checkpoint on bitext: the quickest sign of whether training helps.

    python -m training.evaluate --checkpoint DIR --spm FILE BITEXT.tsv [BITEXT.tsv …]

Nats a target token, without smoothing. Belongs here: loss. Must not: decode (see `benchmarks.quality`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from transformers import MarianMTModel

from training.clean import arabic, english
from training.packed import Packed


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("bitext", type=Path, nargs="+")
    ap.add_argument("--checkpoint", required=True)
    ap.add_argument("--spm", required=True)
    ap.add_argument("--first", type=int, default=300, help="lines of each file")
    o = ap.parse_args()
    sp = sentencepiece.SentencePieceProcessor(model_file=o.spm)
    packed = Packed(MarianMTModel.from_pretrained(o.checkpoint, dtype=torch.float32).eval(), 0.0, 0.0)
    for path in o.bitext:
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[: o.first]]
        pairs = [(np.array(sp.encode(arabic(a))), np.array(sp.encode(english(e))), np.zeros((0, 2), int)) for a, e, *_ in rows]
        total = tokens = 0.0
        with torch.inference_mode():
            for at in range(0, len(pairs), 30):
                part = pairs[at : at + 30]
                count = sum(len(t) + 1 for _, t, _ in part)
                total += packed.loss(part)[0].item() * count
                tokens += count
        print(f"{o.checkpoint} {path.name} cross-entropy {total / tokens:.4f}")


if __name__ == "__main__":
    main()
