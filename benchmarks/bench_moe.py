"""Speed of EEGNet and of the mixtures' steps, against the textbook and against braindecode.

    python benchmarks/bench_moe.py    # a minute; the CPU on one thread, and a GPU if there is one

All times of a device come from one process, CPU times on a CPU; ratios travel between machines,
seconds do not. Results go to ``bench_moe.json`` beside this script. The textbook EEGNet is that of
``tests/moe/_textbook.py``. Peer: ``pip install braindecode``; where missing, a row says so.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from skseizure.moe import EEGNet, MixtureOfExperts
from skseizure.moe._mixture import agreement_loss, balance_loss
from skseizure.moe._network import MoELoss, MoENetwork
from skseizure.moe._temporal import trial_moments

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "moe"))
from _textbook import TextbookEEGNet

BATCH, N_CHANNELS, N_TIMES, SFREQ = 64, 20, 1000, 128
N_CLASSES, N_EXPERTS, HIDDEN, N_MANUAL = 4, 4, 64, 14
REPEATS = 7


class LoopMixMoE(nn.Module):
    """Mix-MoE as one would write it down: textbook EEGNet, one expert after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.extractor = TextbookEEGNet(N_CHANNELS, N_TIMES)
        n = self.extractor.n_features
        self.norm = nn.BatchNorm1d(n + N_MANUAL)
        self.gate = nn.Linear(n + N_MANUAL, N_EXPERTS + 1, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(n, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, N_CLASSES))
            for _ in range(N_EXPERTS)
        )

    def loss(self, x: torch.Tensor, manual: torch.Tensor, outside: torch.Tensor, y: torch.Tensor):
        """Compute the joint loss."""
        features = self.extractor(x)
        gates = self.gate(self.norm(torch.cat([features, manual], 1))).softmax(1)
        mixed = gates[:, -1:] * outside.exp()
        agree = torch.zeros((), device=x.device)
        for i, expert in enumerate(self.experts):
            proba = expert(features).softmax(1)
            mixed = mixed + gates[:, i : i + 1] * proba
            agree = agree + (outside.exp() * (outside - proba.log())).sum(1).mean() / N_EXPERTS
        load = (gates > 0).float().sum(0)
        loss = nn.functional.nll_loss(mixed.log(), y) + 0.1 * balance_loss(gates, load)
        return loss + 0.1 * agree

    def pretrain_loss(self, parts: list[torch.Tensor], y: torch.Tensor):
        """Give each expert a batch of its own, as the published code does."""
        return sum(
            nn.functional.cross_entropy(expert(self.extractor(part)), y)
            for expert, part in zip(self.experts, parts, strict=True)
        )


def best(function: Callable[[], Any], device: str) -> float:
    """Return the shortest of several times in seconds; CPU time on a CPU."""
    cpu = device == "cpu"
    times = []
    for _ in range(REPEATS):
        start = time.process_time() if cpu else time.perf_counter()
        function()
        if not cpu:
            torch.cuda.synchronize()
        times.append((time.process_time() if cpu else time.perf_counter()) - start)
    return min(times[1:])


def step(loss: Callable[[], torch.Tensor], module: nn.Module) -> Callable[[], None]:
    def run() -> None:
        module.train().zero_grad()
        loss().backward()

    return run


def evaluation(call: Callable[[], Any], module: nn.Module) -> Callable[[], None]:
    def run() -> None:
        module.eval()
        with torch.no_grad():
            call()

    return run


def bandwidth(device: str) -> float:
    """Measure the bytes a second of a copy, reads and writes together."""
    source = torch.ones(2**26, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / best(lambda: target.copy_(source), device)


def roofline(seconds: float, device: str, *, training: bool) -> float:
    """Return the share of the memory roofline that a pass of EEGNet reaches.

    The least that a pass must move: the signal once, and once more for the spatial gradient; the 16
    maps written and read at the convolution and at the first pool, both ways in training.
    """
    signal = BATCH * N_CHANNELS * N_TIMES * 4
    maps = BATCH * 16 * N_TIMES * 4
    moved = 2 * signal + 8 * maps if training else signal + 4 * maps
    return moved / bandwidth(device) / seconds


def braindecode_net() -> tuple[nn.Module | None, str]:
    try:
        from braindecode.models import EEGNet as Theirs

        net = Theirs(n_chans=N_CHANNELS, n_outputs=N_CLASSES, n_times=N_TIMES, sfreq=SFREQ)
        return net, importlib.metadata.version("braindecode")
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


def row(seconds: float, reference: float | None = None) -> dict[str, float]:
    out = {"ms": 1e3 * seconds, "windows a second": BATCH / seconds}
    if reference is not None:
        out["times as fast as the textbook"] = reference / seconds
    return out


def bench_eegnet(device: str) -> dict[str, Any]:
    """Time EEGNet, training (forward, backward) and evaluation."""
    x = torch.randn(BATCH, N_CHANNELS, N_TIMES, device=device)
    textbook = TextbookEEGNet(N_CHANNELS, N_TIMES).to(device)
    nets: dict[str, nn.Module] = {
        f"ours, {method}": EEGNet(N_CHANNELS, N_TIMES, SFREQ, method=method).to(device)
        for method in ("fast", "conv")
    }
    theirs, version = braindecode_net()
    if theirs is not None:
        nets[f"braindecode {version}"] = theirs.to(device)
    out: dict[str, Any] = {}
    reference = {
        "training": best(step(lambda: textbook(x).square().sum(), textbook), device),
        "evaluation": best(evaluation(lambda: textbook(x), textbook), device),
    }
    out["textbook"] = {mode: row(seconds) for mode, seconds in reference.items()}
    for name, net in nets.items():
        times = {
            "training": best(step(lambda n=net: n(x).square().sum(), net), device),
            "evaluation": best(evaluation(lambda n=net: n(x), net), device),
        }
        out[name] = {mode: row(seconds, reference[mode]) for mode, seconds in times.items()}
        for mode, seconds in times.items():
            share = roofline(seconds, device, training=mode == "training")
            out[name][mode]["share of the memory roofline"] = share
    if theirs is None:
        out["braindecode"] = f"not measured: {version}"
    fast = nets["ours, fast"]
    moments = trial_moments(x, fast.kernel_size)
    cached = best(step(lambda: fast(x, moments).square().sum(), fast), device)
    out["ours, fast, moments known"] = {"training": row(cached, reference["training"])}
    return out


def bench_step(device: str) -> dict[str, Any]:
    """Time a whole step of Mix-MoE, joint and pre-training, against the loop on the textbook."""
    x = torch.randn(BATCH, N_CHANNELS, N_TIMES, device=device)
    manual = torch.randn(BATCH, N_MANUAL, device=device)
    outside = torch.randn(BATCH, N_CLASSES, device=device).log_softmax(1)
    y = torch.randint(N_CLASSES, (BATCH,), device=device)
    settings = {"sfreq": SFREQ, "extractor": None, "n_experts": N_EXPERTS, "hidden": HIDDEN}
    network = MoENetwork(
        N_CHANNELS,
        N_TIMES,
        N_CLASSES,
        n_manual=N_MANUAL,
        top_k=None,
        noisy=False,
        mixed_precision=False,
        **settings,
    ).to(device)
    criterion, loop = MoELoss(None, 0.1, 0.1), LoopMixMoE().to(device)
    expert = torch.arange(BATCH, device=device) * N_EXPERTS // BATCH
    moments = trial_moments(x, network.extractor.kernel_size) if device == "cpu" else None
    optimisers = {net: torch.optim.AdamW(net.parameters()) for net in (network, loop)}

    def whole(net: nn.Module, loss: Callable[[], torch.Tensor]) -> float:
        def run() -> None:
            step(loss, net)()
            optimisers[net].step()

        return best(run, device)

    def ours(**inputs: Any) -> torch.Tensor:
        return criterion(network(x, **inputs), y)

    joint = whole(loop, lambda: loop.loss(x, manual, outside, y))
    pretrain = whole(loop, lambda: loop.pretrain_loss([x] * N_EXPERTS, y))
    given = {"manual": manual, "outside": outside}
    known = {"moments": moments, **given}
    predict = best(evaluation(lambda: loop.loss(x, manual, outside, y), loop), device)
    ours_predict = best(evaluation(lambda: network(x, **given), network), device)
    return {
        "joint, loop on the textbook": row(joint),
        "joint, ours": row(whole(network, lambda: ours(**given)), joint),
        "joint, ours, moments known": row(whole(network, lambda: ours(**known)), joint),
        "pre-training, a batch an expert on the textbook": row(pretrain),
        "pre-training, ours": row(whole(network, lambda: ours(expert=expert)), pretrain),
        "prediction, loop on the textbook": row(predict),
        "prediction, ours": row(ours_predict, predict),
    }


def bench_experts() -> dict[str, Any]:
    """Time all experts in one product against the loop, on the CPU."""
    features = torch.randn(BATCH, 496)
    outside = torch.randn(BATCH, N_CLASSES).log_softmax(1)
    mixture = MixtureOfExperts(496, N_CLASSES, N_EXPERTS, hidden=HIDDEN, outside=True)

    def loss() -> torch.Tensor:
        out = mixture(features, None, outside)
        return out.log_proba.sum() + agreement_loss(out.expert_log_proba, outside)

    return row(best(step(loss, mixture), "cpu"))


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    results: dict[str, Any] = {
        "batch": BATCH,
        "n_channels": N_CHANNELS,
        "n_times": N_TIMES,
        "torch": torch.__version__,
    }
    for device in ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]:
        results[device] = {"EEGNet": bench_eegnet(device), "step": bench_step(device)}
    if "cuda" not in results:
        results["cuda"] = "not measured: no GPU"
    results["gate, experts and losses alone, cpu"] = bench_experts()
    cpu = results["cpu"]
    key = "times as fast as the textbook"
    results["bars"] = {
        "EEGNet training >= 4": cpu["EEGNet"]["ours, fast"]["training"][key] >= 4,
        "EEGNet evaluation >= 6": cpu["EEGNet"]["ours, fast"]["evaluation"][key] >= 6,
        "whole step >= 3": cpu["step"]["joint, ours"][key] >= 3,
    }
    print(json.dumps(results, indent=1))
    Path(__file__).with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
