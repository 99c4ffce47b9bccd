"""Speed of EEGNet and of the mixtures' steps, against the textbook and against braindecode.

    python benchmarks/bench_moe.py                  # a minute; the CPU on one thread, and a GPU
    python benchmarks/bench_moe.py --device cuda    # a GPU only, and whether it agrees with the CPU
    python benchmarks/bench_moe.py --small          # seconds: that it runs; nothing is written

All times of a device come from one process, CPU times on a CPU; ratios travel between machines,
seconds do not. Results go to ``bench_moe.json`` beside this script, which keeps those of a device
that is not measured. The textbook is ``tests/moe/_textbook.py``. Peer: ``pip install braindecode``;
where missing, a row says so.
"""

from __future__ import annotations

import argparse
import copy
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.preprocessing import FunctionTransformer
from torch import nn

from skseizure.moe import EEGNet, MixMoEClassifier, MixtureOfExperts
from skseizure.moe._eegnet import trial_moments
from skseizure.moe._mixture import MoELoss, MoENetwork, agreement_loss
from skseizure.moe._training import single_precision

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "moe"))
from _textbook import LoopMixMoE, TextbookEEGNet

SFREQ, N_CLASSES, N_EXPERTS, HIDDEN, N_MANUAL = 128, 4, 4, 64, 14
N_MAPS = 16
TIMES = "times as fast as the textbook"


@dataclass
class Size:
    """How much is measured."""

    batch: int = 64
    n_channels: int = 20
    n_times: int = 1000
    repeats: int = 7

    @property
    def layout(self) -> tuple[int, int]:
        """Channels and samples."""
        return self.n_channels, self.n_times

    def signal(self, device: str) -> torch.Tensor:
        """Draw a batch."""
        return torch.randn(self.batch, *self.layout, device=device)


def best(function: Callable[[], Any], device: str, repeats: int) -> float:
    """Return the shortest of several times in seconds; CPU time on a CPU."""
    cpu = device == "cpu"
    times = []
    for _ in range(repeats):
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


def limits(device: str, repeats: int) -> tuple[float, float]:
    """Measure the bytes a second of a copy, read and written, and the operations of a product."""
    source = torch.ones(2**26, device=device)
    target = torch.empty_like(source)
    bandwidth = 2 * source.nbytes / best(lambda: target.copy_(source), device, repeats)
    n = 2048 if device == "cpu" else 8192
    square = torch.randn(n, n, device=device)
    return bandwidth, 2 * n**3 / best(lambda: square @ square, device, repeats)


def roofline(size: Size, limit: tuple[float, float], *, training: bool) -> float:
    """Return the least time of a pass of EEGNet in seconds.

    It must move the signal once, and once more for the spatial gradient; write and read the 16 maps
    at the convolution and at the first pool, both ways in training. It must sum the channels up
    into 16 maps and convolve these, three times in training.
    """
    signal = size.batch * size.n_channels * size.n_times
    maps = size.batch * N_MAPS * size.n_times
    moved = 4 * (2 * signal + 8 * maps if training else signal + 4 * maps)
    operations = (3 if training else 1) * 2 * maps * (size.n_channels + SFREQ // 2)
    bandwidth, arithmetic = limit
    return max(moved / bandwidth, operations / arithmetic)


def braindecode_net(size: Size) -> tuple[nn.Module | None, str]:
    try:
        from braindecode.models import EEGNet as Theirs

        n_channels, n_times = size.layout
        net = Theirs(n_chans=n_channels, n_outputs=N_CLASSES, n_times=n_times, sfreq=SFREQ)
        return net, importlib.metadata.version("braindecode")
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


def row(size: Size, seconds: float, reference: float | None = None) -> dict[str, float]:
    out = {"ms": 1e3 * seconds, "windows a second": size.batch / seconds}
    if reference is not None:
        out[TIMES] = reference / seconds
    return out


def bench_eegnet(size: Size, device: str) -> dict[str, Any]:
    """Time EEGNet, training (forward, backward) and evaluation."""
    x = size.signal(device)
    limit = limits(device, size.repeats)
    textbook = TextbookEEGNet(*size.layout).to(device)
    nets: dict[str, nn.Module] = {
        f"ours, {method}": EEGNet(*size.layout, SFREQ, method=method).to(device)
        for method in ("fast", "conv")
    }
    theirs, version = braindecode_net(size)
    if theirs is not None:
        nets[f"braindecode {version}"] = theirs.to(device)

    def both(net: nn.Module) -> dict[str, float]:
        return {
            "training": best(step(lambda: net(x).square().sum(), net), device, size.repeats),
            "evaluation": best(evaluation(lambda: net(x), net), device, size.repeats),
        }

    reference = both(textbook)
    out: dict[str, Any] = {"textbook": {m: row(size, s) for m, s in reference.items()}}
    for name, net in nets.items():
        times = both(net)
        out[name] = {mode: row(size, s, reference[mode]) for mode, s in times.items()}
        for mode, seconds in times.items():
            least = roofline(size, limit, training=mode == "training")
            out[name][mode]["share of the roofline"] = least / seconds
    if theirs is None:
        out["braindecode"] = f"not measured: {version}"
    if device == "cpu":
        fast = nets["ours, fast"]
        moments = trial_moments(x, fast.kernel_size)
        cached = best(step(lambda: fast(x, moments).square().sum(), fast), device, size.repeats)
        out["ours, fast, moments known"] = {"training": row(size, cached, reference["training"])}
    return out


def mix_network(size: Size, **settings: Any) -> MoENetwork:
    return MoENetwork(
        *size.layout,
        N_CLASSES,
        n_manual=N_MANUAL,
        top_k=None,
        noisy=False,
        sfreq=SFREQ,
        n_experts=N_EXPERTS,
        hidden=HIDDEN,
        **{"extractor": None, "mixed_precision": False, **settings},
    )


def bench_step(size: Size, device: str, *, small: bool) -> dict[str, Any]:
    """Time a whole step of Mix-MoE, joint and pre-training, against the loop on the textbook."""
    x = size.signal(device)
    y = torch.randint(N_CLASSES, (size.batch,), device=device)
    given = {
        "manual": torch.randn(size.batch, N_MANUAL, device=device),
        "outside": torch.randn(size.batch, N_CLASSES, device=device).log_softmax(1),
    }
    expert = torch.arange(size.batch, device=device) * N_EXPERTS // size.batch
    criterion = MoELoss(None, 0.1, 0.1)
    loop = LoopMixMoE(*size.layout, N_CLASSES, N_MANUAL, N_EXPERTS, HIDDEN).to(device)
    ours = mix_network(size).to(device)
    mixed = mix_network(size, mixed_precision=True).to(device)

    def whole(net: Any, loss: Callable[[], torch.Tensor]) -> float:
        optimiser = torch.optim.AdamW(net.parameters())

        def run() -> None:
            step(loss, net)()
            optimiser.step()

        return best(run, device, size.repeats)

    def joint(net: Any, **more: Any) -> float:
        return whole(net, lambda: criterion(net(x, **given, **more), y))

    reference = whole(loop, lambda: loop.loss(x, **given, y=y))
    pretrain = whole(loop, lambda: loop.pretrain_loss([x] * N_EXPERTS, y))
    alone = whole(ours, lambda: criterion(ours(x, expert=expert), y))
    predict = [
        best(evaluation(call, net), device, size.repeats)
        for call, net in (
            (lambda: loop.loss(x, **given, y=y), loop),
            (lambda: ours(x, **given), ours),
        )
    ]
    out = {
        "joint, loop on the textbook": row(size, reference),
        "joint, ours": row(size, joint(ours), reference),
        "joint, ours, mixed precision": row(size, joint(mixed), reference),
        "pre-training, a batch an expert on the textbook": row(size, pretrain),
        "pre-training, ours": row(size, alone, pretrain),
        "prediction, loop on the textbook": row(size, predict[0]),
        "prediction, ours": row(size, predict[1], predict[0]),
    }
    if device == "cpu":
        moments = trial_moments(x, ours.extractor.kernel_size)
        known = joint(ours, moments=moments)
        out["joint, ours, moments known"] = row(size, known, reference)
    if device != "cpu" or small:
        # On a CPU compiling gains nothing; there it is only seen to run.
        backend = "aot_eager" if device == "cpu" else "inductor"
        compiled = torch.compile(ours, backend=backend, fullgraph=True)
        out["joint, ours, compiled"] = row(size, joint(compiled), reference)
    return out


def bench_fit(size: Size, device: str, n_batches: int) -> dict[str, Any]:
    """Time whole epochs of `MixMoEClassifier`, with what lies between the steps."""
    y = np.arange(n_batches * size.batch) % N_CLASSES
    X = np.random.default_rng(0).normal(size=(len(y), *size.layout)).astype(np.float32)
    out = {}
    for augment in (True, False):
        model = MixMoEClassifier(
            FunctionTransformer(log_std), sfreq=SFREQ, max_epochs=4, pretrain_fraction=0.5,
            batch_size=size.batch, augment=augment, device=device, random_state=0,
        ).fit(X, y)  # fmt: skip
        for stage, epochs in (("pre-training", slice(0, 2)), ("joint", slice(2, 4))):
            seconds = min(epoch["dur"] for epoch in model.history_[epochs])
            name = f"{stage}, {'' if augment else 'not '}augmented"
            out[name] = {"windows a second, wall time": len(y) / seconds}
    return out


def log_std(X: np.ndarray) -> np.ndarray:
    return np.log(np.asarray(X).std(axis=2))


def agreement(size: Size, device: str) -> dict[str, Any]:
    """Compare a device, and mixed precision on it, with the CPU: outputs, gradients, trainings."""
    torch.manual_seed(0)
    extractor = partial(EEGNet, dropout=(0.0, 0.0))
    reference = mix_network(size, extractor=extractor)
    for weight in reference.mixture.gate.parameters():  # a gate that has learned something
        nn.init.normal_(weight, std=0.1)
    x, y = size.signal("cpu"), torch.randint(N_CLASSES, (size.batch,))
    manual = torch.randn(size.batch, N_MANUAL)
    outside = torch.randn(size.batch, N_CLASSES).log_softmax(1)

    def run(net: nn.Module, where: str) -> tuple[torch.Tensor, torch.Tensor]:
        net = copy.deepcopy(net).to(where).train()
        data = [values.to(where) for values in (x, manual, outside, y)]
        out = net(data[0], manual=data[1], outside=data[2])
        MoELoss(None, 0.1, 0.1)(out, data[3]).backward()
        gradient = torch.cat([p.grad.flatten().cpu() for p in net.parameters()])
        return out[0].detach().softmax(1).cpu(), gradient

    proba, gradient = run(reference, "cpu")
    plain = mix_network(size, extractor=partial(extractor, method="conv"))
    half = mix_network(size, extractor=extractor, mixed_precision=True)
    out: dict[str, Any] = {}
    bounds = {"single precision": (1e-4, 1e-3), "mixed precision": (0.01, 0.05)}
    for (name, bound), net in zip(bounds.items(), (plain, half), strict=True):
        net.load_state_dict(reference.state_dict())
        p, g = run(net, device)
        far = float((p - proba).abs().max()), float((g - gradient).norm() / gradient.norm())
        out[name] = {
            "probabilities differ by": far[0],
            "gradient differs by, relative": far[1],
            f"within {bound[0]:g} and {bound[1]:g}": far[0] <= bound[0] and far[1] <= bound[1],
        }
    rng = np.random.default_rng(0)
    labels = np.arange(8 * size.batch) // 2 % 2
    X = rng.normal(size=(len(labels), *size.layout)) * np.where(labels, 2, 1)[:, None, None]
    fits = {}
    for name, settings in {
        "cpu": {"device": "cpu"},
        "device": {"device": device},
        "device, again": {"device": device},
        "device, mixed precision": {"device": device, "mixed_precision": True},
    }.items():
        model = MixMoEClassifier(
            FunctionTransformer(log_std), sfreq=SFREQ, max_epochs=6, random_state=0, **settings
        )
        fits[name] = model.fit(X[::2], labels[::2])
        out[f"accuracy after training, {name}"] = float(fits[name].score(X[1::2], labels[1::2]))
    out["two fits on the device are the same"] = all(
        np.array_equal(v, fits["device, again"].state_[k]) for k, v in fits["device"].state_.items()
    )
    moved = copy.deepcopy(fits["device"]).set_params(device="cpu")
    gap = np.abs(moved.predict_proba(X) - fits["device"].predict_proba(X)).max()
    out["trained on the device, predicted on the CPU within 1e-4"] = bool(gap <= 1e-4)
    return out


def bench_experts(size: Size, device: str) -> dict[str, Any]:
    """Time gate, experts and losses alone."""
    features = torch.randn(size.batch, 496, device=device)
    outside = torch.randn(size.batch, N_CLASSES, device=device).log_softmax(1)
    mixture = MixtureOfExperts(496, N_CLASSES, N_EXPERTS, hidden=HIDDEN, outside=True).to(device)

    def loss() -> torch.Tensor:
        out = mixture(features, None, outside)
        return out.log_proba.sum() + agreement_loss(out.expert_log_proba, outside)

    return row(size, best(step(loss, mixture), device, size.repeats))


def measure(size: Size, device: str, *, small: bool) -> dict[str, Any]:
    print(f"{device}, batches of {size.batch} windows of {size.layout}", flush=True)
    with single_precision(device):  # as in fit
        out = {
            "torch": torch.__version__,
            "layout": {"batch": size.batch, "n_channels": size.n_channels, "n_times": size.n_times},
            "EEGNet": bench_eegnet(size, device),
            "step": bench_step(size, device, small=small),
            "gate, experts and losses alone": bench_experts(size, device),
        }
    out["whole epochs of fit"] = bench_fit(size, device, 2 if small else 1024 // size.batch + 1)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], help="default: all there are")
    parser.add_argument("--small", action="store_true", help="little data, nothing is written")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda, but torch finds no GPU here.")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    file = Path(__file__).with_suffix(".json")
    results = json.loads(file.read_text()) if file.is_file() and not options.small else {}
    size = Size(8, 4, 256, 2) if options.small else Size()
    everything = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    for device in [options.device] if options.device else everything:
        results[device] = measure(size, device, small=options.small)
        if device == "cuda":
            # Few windows do not fill a GPU.
            results["cuda, large batches"] = measure(Size(batch=2048), device, small=False)
            print(torch.cuda.get_device_name())
        results[f"{device} against the CPU"] = agreement(size, device)
    if "cuda" not in results:
        results["cuda"] = "not measured: no GPU"
    if "cpu" in results:
        eegnet, steps = results["cpu"]["EEGNet"], results["cpu"]["step"]
        results["bars"] = {
            "EEGNet training >= 4": eegnet["ours, fast"]["training"][TIMES] >= 4,
            "EEGNet evaluation >= 6": eegnet["ours, fast"]["evaluation"][TIMES] >= 6,
            "whole step >= 3": steps["joint, ours"][TIMES] >= 3,
        }
    print(json.dumps(results, indent=1))
    if not options.small:
        file.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
