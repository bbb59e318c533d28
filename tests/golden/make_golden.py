"""Writes pytorch.npz, what PyTorch makes of the cases: `pip install torch optax`, then `python tests/golden/make_golden.py`."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import cases
import jax.numpy as jnp
import numpy as np
import optax
import torch
from torch import nn
from torch.nn import functional as F

FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": lambda z: F.leaky_relu(z, cases.ACTIVATIONS["leaky_relu"]["alpha"]),
    "gelu": F.gelu,
    "silu": F.silu,
    "selu": F.selu,
    "softplus": F.softplus,
    "elu": lambda z: F.elu(z, cases.ACTIVATIONS["elu"]["alpha"]),
}

DRAWS: Mapping[str, Callable[..., Any]] = {
    "uniform": lambda weights, **options: nn.init.uniform_(weights, -0.05, 0.05, **options),
    "glorot_uniform": nn.init.xavier_uniform_,
    "glorot_normal": nn.init.xavier_normal_,
    "lecun_uniform": lambda weights, **options: nn.init.kaiming_uniform_(weights, nonlinearity="linear", **options),
    "lecun_normal": lambda weights, **options: nn.init.kaiming_normal_(weights, nonlinearity="linear", **options),
    "orthogonal": nn.init.orthogonal_,
    "zeros": lambda weights, **options: nn.init.zeros_(weights),
    "he_uniform": lambda weights, **options: nn.init.kaiming_uniform_(weights, nonlinearity="relu", **options),
    "he_normal": lambda weights, **options: nn.init.kaiming_normal_(weights, nonlinearity="relu", **options),
}

Golden = dict[str, Any]

EPSILON = {"adadelta": 1e-6, "amsgrad": 1e-8, "radam": 1e-8}


def activations() -> Golden:
    """Values, slopes times the upstream gradient, and the gradient of PReLU's slopes."""
    golden: Golden = {}
    for name, function in FUNCTIONS.items():
        z = torch.tensor(cases.INPUTS, requires_grad=True)
        out = function(z)
        out.backward(torch.tensor(cases.upstream()))
        golden |= {f"activation.{name}.out": out.detach(), f"activation.{name}.gradient": z.grad}
    z = torch.tensor(cases.INPUTS[None], requires_grad=True)
    alpha = torch.full((cases.INPUTS.size,), cases.ACTIVATIONS["prelu"]["alpha"], requires_grad=True)
    out = F.prelu(z, alpha)
    out.backward(torch.tensor(cases.upstream()[None]))
    of_prelu = {"out": out.detach()[0], "gradient": z.grad[0], "alpha": alpha.grad}
    return golden | {f"activation.prelu.{key}": value for key, value in of_prelu.items()}


def initializers() -> Golden:
    """Quantiles, which say more of a distribution than its variance. PyTorch keeps weights as (fan_out, fan_in)."""
    golden: Golden = {}
    generator = torch.Generator().manual_seed(0)
    for name, draw in DRAWS.items():
        weights = draw(torch.empty(cases.FAN_OUT, cases.FAN_IN), generator=generator)
        golden[f"initializer.{name}"] = np.quantile(weights.double().flatten().numpy(), cases.QUANTILES)
    return golden


def loss() -> Golden:
    """Cross-entropy of each row, and the mean's gradient."""
    logits, labels = torch.tensor(cases.LOGITS, requires_grad=True), torch.tensor(cases.LABELS)
    F.cross_entropy(logits, labels).backward()
    found = {"loss.each": F.cross_entropy(logits, labels, reduction="none").detach(), "loss.gradient": logits.grad}
    smoothed = torch.tensor(cases.LOGITS, requires_grad=True)
    F.cross_entropy(smoothed, labels, label_smoothing=cases.SMOOTHING).backward()
    each = F.cross_entropy(smoothed, labels, reduction="none", label_smoothing=cases.SMOOTHING).detach()
    return found | {"loss.smoothed.each": each, "loss.smoothed.gradient": smoothed.grad}


class Lion(torch.optim.Optimizer):  # type: ignore[misc] # PyTorch carries no types where it is not installed
    """Optax's, whose steps PyTorch's parameters take: PyTorch has none."""

    def __init__(self, parameters: Any, rate: float, betas: tuple[float, float], weight_decay: float = 0.0) -> None:
        super().__init__(parameters, {})
        self._rule = optax.lion(rate, *betas, weight_decay=weight_decay)
        self._state = self._rule.init(jnp.asarray(self._only.detach().numpy()))

    @property
    def _only(self) -> Any:
        return self.param_groups[0]["params"][0]

    def step(self) -> None:
        """Take a step."""
        p = jnp.asarray(self._only.detach().numpy())
        moves, self._state = self._rule.update(jnp.asarray(self._only.grad.numpy()), self._state, p)
        self._only.data.copy_(torch.tensor(np.asarray(optax.apply_updates(p, moves))))


def optimizer(name: str, parameters: Any, rate: float, options: Mapping[str, Any]) -> Any:
    """PyTorch's optimizer for one of ours."""
    decay = {"weight_decay": options["weight_decay"]} if "weight_decay" in options else {}
    epsilon = {"eps": options.get("epsilon", EPSILON.get(name, 1e-7))}
    momentum = {"momentum": options.get("momentum", 0.9)}
    betas = {"betas": (options.get("beta1", 0.9), options.get("beta2", 0.999)), **epsilon}
    kind, own = {
        "sgd": (torch.optim.SGD, {}),
        "momentum": (torch.optim.SGD, momentum),
        "nesterov": (torch.optim.SGD, {**momentum, "nesterov": True}),
        "adagrad": (torch.optim.Adagrad, {**epsilon, "initial_accumulator_value": 0.1}),
        "rmsprop": (torch.optim.RMSprop, {**epsilon, "alpha": options.get("rho", 0.9)}),
        "adam": (torch.optim.Adam, betas),
        "adamw": (torch.optim.AdamW, betas),
        "nadam": (torch.optim.NAdam, betas),
        "amsgrad": (torch.optim.Adam, {**betas, "amsgrad": True}),
        "radam": (torch.optim.RAdam, betas),
        "adadelta": (torch.optim.Adadelta, {**epsilon, "rho": options.get("rho", 0.9)}),
        "lion": (Lion, {"betas": (options.get("beta1", 0.9), options.get("beta2", 0.99))}),
    }[name]
    return kind(parameters, rate, **own, **decay)


def optimizers() -> Golden:
    """Where the parameters stand after some steps."""
    golden: Golden = {}
    for case, options in cases.RULES.items():
        p = torch.tensor(cases.start(), requires_grad=True)
        rule = optimizer(case.partition(",")[0], [p], cases.RATE, options)
        stands = []
        for step in range(1, cases.STEPS[-1] + 1):
            p.grad = torch.tensor(cases.gradient(step))
            if "clip_norm" in options:
                nn.utils.clip_grad_norm_([p], options["clip_norm"])
            rule.step()
            if step in cases.STEPS:
                stands.append(p.detach().numpy().copy())
        golden[f"optimizer.{case}"] = np.stack(stands)
    return golden


def muon() -> Golden:
    """Where a network's matrices stand: hidden ones PyTorch's Muon moves, in float32 in place of bfloat16, and the others AdamW."""
    torch.Tensor.bfloat16 = torch.Tensor.float
    tensors = [torch.tensor(cases.matrix(index, shape), requires_grad=True) for index, shape in enumerate(cases.MUON_SHAPES)]
    rules = [
        torch.optim.Muon(tensors[1:-1], cases.RATE, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW([tensors[0], tensors[-1]], cases.RATE, weight_decay=0.1, eps=1e-7),
    ]
    golden: Golden = {}
    for step in range(1, 31):
        for index, tensor in enumerate(tensors):
            tensor.grad = torch.tensor(cases.matrix(index + 10 * step, tensor.shape))
        for rule in rules:
            rule.step()
        if step in cases.STEPS or step == 30:
            golden |= {f"muon.{step}.{index}": tensor.detach().numpy().copy() for index, tensor in enumerate(tensors)}
    return golden


def schedules() -> Golden:
    """The factor at some batches, or after every epoch."""
    golden: Golden = {}
    batches = cases.BATCHES
    for case, options in cases.SCHEDULED.items():
        name, rule = case.partition(",")[0], torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
        if name == "plateau":
            own = {
                "factor": options.get("decay", 0.1),
                "patience": options.get("patience", 10),
                "threshold": options.get("threshold", 1e-4),
            }
            reducing, rates = torch.optim.lr_scheduler.ReduceLROnPlateau(rule, **own, eps=0), []
            for loss in cases.LOSSES:
                reducing.step(loss)
                rates.append(rule.param_groups[0]["lr"])
            golden[f"schedule.{case}"] = np.array(rates)
            continue
        if name == "one_cycle":
            course = torch.optim.lr_scheduler.OneCycleLR(rule, 1.0, total_steps=batches + 1, cycle_momentum=False, **options)
        else:
            course = torch.optim.lr_scheduler.PolynomialLR(rule, total_iters=batches, **options)
        rates = []
        for _ in range(batches):
            rates.append(rule.param_groups[0]["lr"])
            rule.step()
            course.step()
        golden[f"schedule.{case}"] = np.array(rates)[:: cases.EVERY]
    return golden


def runs() -> Golden:
    """Where whole networks end. Half precision, of weights less their start, keeps the file small: what moved by 0.1 is kept to 5e-5."""
    golden: Golden = {}
    images, labels = (torch.tensor(array) for array in cases.pixels())
    for activation, options in cases.RUNS.items():
        shapes = list(pairwise((images.shape[1], *cases.HIDDEN, 10)))
        layers = [
            (torch.tensor(cases.first_weights(index, *shape), requires_grad=True), torch.zeros(shape[1], requires_grad=True))
            for index, shape in enumerate(shapes)
        ]
        rule = optimizer(options["optimizer"], [tensor for layer in layers for tensor in layer], options["learning_rate"], options)
        for start in list(range(0, cases.IMAGES, cases.BATCH)) * cases.EPOCHS:
            x = images[start : start + cases.BATCH]
            for weight, bias in layers[:-1]:
                x = FUNCTIONS[activation](x @ weight + bias)
            weight, bias = layers[-1]
            rule.zero_grad()
            F.cross_entropy(x @ weight + bias, labels[start : start + cases.BATCH]).backward()
            rule.step()
        for index, (weight, bias) in enumerate(layers):
            moved = weight.detach().numpy() - cases.first_weights(index, *shapes[index])
            golden[f"run.{activation}.dense_{index + 1}.weight"] = moved.astype(np.float16)
            golden[f"run.{activation}.dense_{index + 1}.bias"] = bias.detach().numpy().astype(np.float16)
    return golden


class Normalized:
    """Dense layers with a skip around each after the first, and normalization before or after the activation."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        batch = options["normalization"] == "batch"
        self.after = "normalization_place" in options
        self.function = FUNCTIONS[options["activation"]]
        self.dense, self.norm = nn.ModuleList(), nn.ModuleList()
        for index, (inputs, units) in enumerate(pairwise((784, *cases.SKIPPING, 10))):
            hidden = index < len(cases.SKIPPING)
            self.dense.append(nn.Linear(inputs, units, bias=not (hidden and batch and not self.after)))
            if hidden:
                self.norm.append(nn.BatchNorm1d(units) if batch else nn.LayerNorm(units))
        self.skip = nn.Linear(*cases.SKIPPING[1:], bias=False)
        with torch.no_grad():
            for index, layer in enumerate(self.dense):
                layer.weight[:] = torch.tensor(cases.first_weights(index, layer.in_features, layer.out_features).T)
                if layer.bias is not None:
                    layer.bias[:] = 0
            self.skip.weight[:] = torch.tensor(cases.first_weights(cases.PROJECTION, *cases.SKIPPING[1:]).T)

    def parameters(self) -> list[Any]:
        return [tensor for part in (self.dense, self.norm, self.skip) for tensor in part.parameters()]

    def __call__(self, x: Any) -> Any:
        """The logits."""
        z = None
        for index, (dense, norm) in enumerate(zip(self.dense, self.norm, strict=False)):
            added = 0 if z is None else self.skip(z) if index == len(cases.SKIPPING) - 1 else z
            z = dense(x) + added
            x = norm(self.function(z)) if self.after else self.function(norm(z))
        return self.dense[-1](x)

    def named(self) -> Golden:
        """Every parameter and statistic by our name, weights as (inputs, units)."""
        golden: Golden = {}
        kind = "batch_norm" if isinstance(self.norm[0], nn.BatchNorm1d) else "layer_norm"
        for index, layer in enumerate(self.dense):
            golden |= {f"dense_{index + 1}.{name}": tensor for name, tensor in layer.state_dict().items()}
        for index, layer in enumerate(self.norm):
            state = layer.state_dict().items()
            golden |= {f"{kind}_{index + 1}.{name}": tensor for name, tensor in state if name != "num_batches_tracked"}
        golden["residual_2.weight"] = self.skip.weight.detach()
        return {name: tensor.numpy().T for name, tensor in golden.items()}


def normalized() -> Golden:
    """Where networks with normalization and skips end, in half precision: less than 5e-4 off where a number is below 1."""
    golden: Golden = {}
    images, labels = (torch.tensor(array) for array in cases.pixels())
    for case, options in cases.NORMALIZED.items():
        network = Normalized(options)
        rule = optimizer(options["optimizer"], network.parameters(), options["learning_rate"], options)
        for start in list(range(0, cases.IMAGES, cases.BATCH)) * cases.EPOCHS:
            rule.zero_grad()
            F.cross_entropy(network(images[start : start + cases.BATCH]), labels[start : start + cases.BATCH]).backward()
            rule.step()
        golden |= {f"normalized.{case}.{name}": tensor.astype(np.float16) for name, tensor in network.named().items()}
    return golden


def main() -> None:
    """Ask PyTorch, and keep the answers."""
    torch.set_num_threads(1)
    golden = (
        {"torch": torch.__version__} | activations() | initializers() | loss() | optimizers() | muon() | schedules() | runs() | normalized()
    )
    np.savez_compressed(cases.FILE, **golden)


if __name__ == "__main__":
    main()
