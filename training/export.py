"""Package a trained checkpoint: fp16 safetensors, int8 CTranslate2, vocabulary, hashes.

    python -m training.export --checkpoint DIR [DIR …] --spm FILE --data DATA --out service/model_files

Several checkpoints are averaged (Vaswani et al. 2017, §6.1). Belongs here: everything between training
and the folder the server loads. Must not: train or score.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import sentencepiece
import torch
from ctranslate2.converters import TransformersConverter
from transformers import MarianMTModel, MarianTokenizer

from training import shortlist

LICENSE = "CC-BY-SA-4.0"  # the strictest licence among the training texts; see MODEL_CARD.md


def average(folders: list[Path]) -> MarianMTModel:
    """The mean of the checkpoints' weights, as 32-bit floats."""
    model = MarianMTModel.from_pretrained(folders[0], dtype=torch.float32)
    total = {k: v.clone() for k, v in model.state_dict().items()}
    for folder in folders[1:]:
        for k, v in MarianMTModel.from_pretrained(folder, dtype=torch.float32).state_dict().items():
            total[k] += v
    model.load_state_dict({k: v / len(folders) for k, v in total.items()})
    return model


def write_tokenizer(spm: Path, out: Path) -> None:
    """The SentencePiece model as a Marian tokenizer: one model for both sides, ids as in the file, `<pad>` last."""
    sp = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    vocabulary = {sp.id_to_piece(i): i for i in range(sp.get_piece_size())}
    vocabulary["<pad>"] = len(vocabulary)
    for name in ("source.spm", "target.spm"):
        shutil.copyfile(spm, out / name)
    (out / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    tokenizer = MarianTokenizer(
        source_spm=str(out / "source.spm"), target_spm=str(out / "target.spm"), vocab=str(out / "vocab.json"), source_lang="ar", target_lang="en"
    )
    tokenizer.save_pretrained(out)


def export(folders: list[Path], spm: Path, data: Path, out: Path, name: str, longest: int) -> None:
    """Write the packaged model to `out`; MODEL_CARD.md there is kept."""
    model = average(folders)
    if not (out / "MODEL_CARD.md").exists():
        out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / "full"
        full.mkdir()
        model.save_pretrained(full)
        write_tokenizer(spm, full)
        converted = Path(scratch) / "ctranslate2"
        TransformersConverter(str(full)).convert(str(converted), quantization="int8")
        shortlist.write(data, converted)
        shutil.rmtree(out / "ctranslate2", ignore_errors=True)
        shutil.copytree(converted, out / "ctranslate2")
        model.half().save_pretrained(full)
        for path in full.iterdir():
            shutil.copyfile(path, out / path.name)
    sums = {
        n: hashlib.sha256((out / n).read_bytes()).hexdigest()
        for n in ("model.safetensors", "ctranslate2/model.bin", "ctranslate2/shared_vocabulary.json", "ctranslate2/vmap.txt", "source.spm", "target.spm")
    }
    meta = {"name": name, "license": LICENSE, "follows_guides": True, "max_source_tokens": longest, "sha256": sums}
    (out / "tarjuman.json").write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--checkpoint", type=Path, nargs="+", required=True)
    ap.add_argument("--spm", type=Path, required=True)
    ap.add_argument("--data", type=Path, required=True, help="folder written by prepare.py: its links make the shortlist")
    ap.add_argument("--out", type=Path, default=Path("service/model_files"))
    ap.add_argument("--name", default="tarjuman-ar-en-10m")
    ap.add_argument("--longest", type=int, default=60, help="longest segment in source tokens; longer guided ones copy worse (benchmarks.inline)")
    o = ap.parse_args()
    export(o.checkpoint, o.spm, o.data, o.out, o.name, o.longest)
