"""Train a Marian model with cross-entropy and a guided-alignment loss; resumable.

Belongs here: the optimisation loop. Must not: read raw text (see `prepare.py`), compute losses (see
`packed.py`) or export (see `export.py`).

    python -m training.train --data DIR --out DIR [--resume CHECKPOINT] --minutes 150 [--workers 2]
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from transformers import MarianConfig, MarianMTModel

from service.backend_ct2 import cores
from training.data import Corpus
from training.muon import Muon
from training.packed import Packed
from training.workers import agreed, average, same, start


def new_model(vocab: int, dim: int, encoder: int, decoder: int, eos: int) -> MarianMTModel:
    """A fresh model. `<pad>` is the last id and its embedding is zero: CTranslate2 starts decoding there."""
    heads = max(4, dim // 64)
    config = MarianConfig(
        vocab_size=vocab + 1, d_model=dim, encoder_layers=encoder, decoder_layers=decoder,
        encoder_attention_heads=heads, decoder_attention_heads=heads, encoder_ffn_dim=4 * dim, decoder_ffn_dim=4 * dim,
        max_position_embeddings=512, pad_token_id=vocab, eos_token_id=eos, bos_token_id=None, decoder_start_token_id=vocab,
        forced_eos_token_id=eos, scale_embedding=True, share_encoder_decoder_embeddings=True, tie_word_embeddings=True,
        activation_function="relu",
    )  # fmt: skip
    model = MarianMTModel(config)
    for name, p in model.named_parameters():
        if p.dim() > 1 and "embed_positions" not in name and "shared" not in name:
            torch.nn.init.xavier_uniform_(p)
    torch.nn.init.normal_(model.model.shared.weight, std=dim**-0.5)
    return model


def deepened(model: MarianMTModel, layers: int) -> MarianMTModel:
    """The model with so many encoder layers; the new ones stand among the old and change next to nothing until they are trained."""
    old = model.model.encoder.layers
    config = MarianConfig.from_dict({**model.config.to_dict(), "encoder_layers": layers})
    deep = MarianMTModel(config)
    deep.load_state_dict({k: v for k, v in model.state_dict().items() if ".encoder.layers." not in k}, strict=False)
    gaps = len(old) - 1  # the new layers are spread over these: behind the last one, whose spread is the widest, they would change much
    if not gaps:
        raise SystemExit("a model of one encoder layer cannot be deepened: there is nothing to put a layer between")
    after = [min(n + 1 + -(-(n + 1) * (layers - len(old)) // gaps), layers) for n in range(len(old))]
    for n, layer in enumerate(old):
        first, *rest = range(after[n - 1] if n else 0, after[n])
        deep.model.encoder.layers[first].load_state_dict(layer.state_dict())
        for new in rest:
            added, norm = deep.model.encoder.layers[new], layer.final_layer_norm
            for linear in (added.self_attn.out_proj, added.fc2):
                torch.nn.init.zeros_(linear.weight)
                torch.nn.init.zeros_(linear.bias)
            # What stands between is a normalization of numbers that already have about this spread and mean.
            torch.nn.init.constant_(added.final_layer_norm.weight, (norm.weight.square().mean() + norm.bias.var()).sqrt().item())
            torch.nn.init.constant_(added.final_layer_norm.bias, norm.bias.mean().item())
    return deep


def fast(device: str) -> torch.dtype:
    """bfloat16 where it multiplies matrices faster than 32 bits: measured, because CPUs differ by two orders of magnitude."""
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.ones(1024, 1024, dtype=dtype, device=device)
        for _ in range(3):  # the last of three counts
            began = time.perf_counter()
            (a @ a)[0, 0].item()
            seconds[dtype] = time.perf_counter() - began
    return min(seconds, key=lambda d: seconds[d])


def optimizers(model: MarianMTModel, lr: float, kind: str, ratio: float, dtype: torch.dtype) -> list[torch.optim.Optimizer]:
    """AdamW for everything, or Muon for the matrices inside layers and AdamW for the rest."""
    inner = [p for n, p in model.named_parameters() if p.requires_grad and ".layers." in n and p.dim() == 2]
    if kind == "adamw":
        inner = []
    ids = {id(p) for p in inner}
    rest = [p for p in model.parameters() if p.requires_grad and id(p) not in ids]
    found: list[torch.optim.Optimizer] = [torch.optim.AdamW(rest, lr=lr, betas=(0.9, 0.98), eps=1e-9, weight_decay=0.01, fused=True)]
    if inner:
        found.append(Muon(inner, lr=lr * ratio, dtype=dtype))
    return found


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", type=Path, required=True, help="folder written by prepare.py; re-read when it changes")
    ap.add_argument("--out", type=Path, required=True)
    ap.add_argument("--resume", default="", help="a checkpoint folder; default: --out when it holds one")
    ap.add_argument("--dim", type=int, default=256)
    ap.add_argument("--encoder", type=int, help="layers (default: 4, or as many as the resumed model has); a resumed model of fewer is deepened")
    ap.add_argument("--decoder", type=int, default=2)
    ap.add_argument("--tokens", type=int, default=2000, help="target tokens in a batch")
    ap.add_argument("--lr", type=float, default=5e-4)
    ap.add_argument("--ratio", type=float, default=6, help="Muon's learning rate in units of --lr")
    ap.add_argument("--warmup", type=int, default=300, help="steps")
    ap.add_argument("--minutes", type=float, default=150, help="wall clock of this run; the rate decays over it")
    ap.add_argument("--flat", type=float, default=0.6, help="share of the run at full rate")
    ap.add_argument("--guide", type=float, default=0.5, help="weight of the alignment loss")
    ap.add_argument("--smoothing", type=float, default=0.1)
    ap.add_argument("--negatives", type=int, default=0, help="sampled softmax over so many other words until the rate decays; 0: full softmax")
    ap.add_argument("--dropout", type=float, default=0.0)
    ap.add_argument("--optimizer", choices=("muon", "adamw"), default="muon")
    ap.add_argument("--workers", type=int, default=1, help="processes that share every batch; on a CPU one a core")
    ap.add_argument("--threads", type=int, default=0, help="of each worker; default: the cores divided among them")
    ap.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    o = ap.parse_args()
    o.out.mkdir(parents=True, exist_ok=True)
    o.threads = o.threads or max(1, cores() // o.workers)
    with tempfile.TemporaryDirectory() as meeting:
        if o.workers == 1:
            train(0, o, meeting)
        else:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # an orderly exit takes the workers along
            torch.multiprocessing.spawn(train, (o, meeting), o.workers, daemon=True)


def train(rank: int, o: argparse.Namespace, meeting: str) -> None:
    """One worker's whole run: its share of every batch, gradients averaged over all workers; worker 0 speaks and saves."""
    torch.set_num_threads(o.threads)
    torch.set_flush_denormal(True)
    start(rank, o.workers, meeting)
    corpus = Corpus(o.data)
    say = partial(print, flush=True) if rank == 0 else lambda _: None
    deeper = False
    resume = o.resume or (str(o.out) if (o.out / "config.json").exists() else "")
    if resume:
        model = MarianMTModel.from_pretrained(resume, dtype=torch.float32)
        if deeper := (o.encoder or 0) > model.config.encoder_layers:
            model = deepened(model, o.encoder)
    else:
        model = new_model(corpus.vocab, o.dim, o.encoder or 4, o.decoder, corpus.eos)
    pad = model.config.pad_token_id
    model.model.shared.weight.data[pad] = 0
    for positions in (model.model.encoder.embed_positions, model.model.decoder.embed_positions):
        positions.weight.requires_grad_(False)  # sinusoids; a checkpoint does not keep them
    model.to(o.device).train()
    same(model.parameters())  # what is new in it is random
    packed = Packed(model, o.smoothing, o.dropout)
    dtype = agreed(fast(o.device))
    opts = optimizers(model, o.lr, o.optimizer, o.ratio, dtype)
    say(f"{len(corpus)} pairs, products in {dtype}")
    peaks = [opt.param_groups[0]["lr"] for opt in opts]
    state = o.out / "optimizer.pt"
    if state.exists() and resume == str(o.out) and not deeper:
        for opt, saved in zip(opts, torch.load(state), strict=True):
            opt.load_state_dict(saved)
    began, step, seen, saved_at, report = time.time(), 0, 0, time.time(), []
    while True:
        # Workers agree on the order of batches, on the clock and on leaving a folder that changed: worker 0's word goes.
        order = agreed(random.randrange(2**31))
        for batch in corpus.batches(o.tokens, order):
            done, changed = agreed(((time.time() - began) / (o.minutes * 60), corpus.changed()))
            if changed:
                break
            step += 1
            rate = min(step / o.warmup, 1) * (1 if done < o.flat else max(0.02, 1 - (done - o.flat) / (1 - o.flat)))
            for opt, peak in zip(opts, peaks, strict=True):
                opt.param_groups[0]["lr"] = rate * peak
            packed.negatives = o.negatives if done < 0.9 else 0
            share = batch[rank :: o.workers] or batch[:1]  # similar lengths, so equal work
            with torch.autocast(o.device, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
                ce, align = packed.loss(share, o.device)
            (ce + o.guide * align).backward()
            model.model.shared.weight.grad[pad] = 0
            average([p.grad for p in model.parameters() if p.grad is not None])
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for opt in opts:
                opt.step()
                opt.zero_grad(set_to_none=True)
            seen += len(batch)
            report.append((ce.item(), align.item(), sum(len(t) for _, t, _ in share)))
            if step % 100 == 0:
                c, a, n = np.array(report).T
                minutes = (time.time() - began) / 60
                rates = f"rate {rate:.3f} pairs {seen} ({seen / minutes / 60:.0f}/s) {minutes:.0f} min"
                say(f"{step} ce {(c * n).sum() / n.sum():.3f} align {(a * n).sum() / n.sum():.3f} {rates}")
                report = []
            if rank == 0 and (done >= 1 or time.time() - saved_at > 240):
                model.save_pretrained(o.out)
                torch.save([opt.state_dict() for opt in opts], state)
                (o.out / "progress.json").write_text(json.dumps({"pairs": seen, "step": step}))
                saved_at = time.time()
            if done >= 1:
                return
        corpus.reload()


if __name__ == "__main__":
    main()
