"""Plugins as people write them, by name: right ones, wrong ones, hostile ones."""

IMPORTS = """
import numpy as np
from tui_trainer.parts import *
"""

PLUGINS: dict[str, str] = {
    # Right ones
    "rms": """
class Rms(Optimizer):
    \"\"\"Homework.\"\"\"
    keep = Hyperparameter(0.9, "share of the mean of squares kept", least=0, below=1)
    slots = {"square": 0.0}
    same_as = "rmsprop"
    def update(self, p, g, rate, square):
        square *= self.keep
        square += (1 - self.keep) * g * g
        p -= rate * g / (np.sqrt(square) + 1e-7)
""",
    "by_tensor": """
class ByTensor(Optimizer):
    \"\"\"Each tensor's gradient, divided by its own norm.\"\"\"
    per_tensor = True
    adaptive = True
    def update(self, p, g, rate, tensor):
        p -= rate * g / (np.linalg.norm(g) + 1e-7)
""",
    "plain": """
class Plain(Optimizer):
    \"\"\"The obvious way.\"\"\"
    def update(self, p, g, rate):
        p -= rate * g
""",
    "bent": """
class Bent(Activation):
    \"\"\"Bends at two places.\"\"\"
    slant = Hyperparameter(0.1, "slope outside", least=0, most=1)
    def value(self, z):
        return np.clip(z, -1, 1) + self.slant * (z - np.clip(z, -1, 1))
    def derivative(self, z):
        return np.where(np.abs(z) < 1, 1.0, self.slant)
""",
    # Wrong ones
    "wrong_slope": """
class WrongSlope(Activation):
    def value(self, z):
        return np.tanh(z)
    def derivative(self, z):
        return 1 - np.tanh(z)
""",
    "keeps": """
class Keeps(Activation):
    def value(self, z):
        self.z = z
        return np.tanh(z)
    def derivative(self, z):
        return 1 - np.tanh(self.z) ** 2
""",
    "overwrites": """
class Overwrites(Activation):
    def value(self, z):
        z *= z > 0
        return z
    def derivative(self, z):
        return (z > 0).astype(z.dtype)
""",
    "overflows": """
class Overflows(Activation):
    def value(self, z):
        return np.log(1 + np.exp(z))
    def derivative(self, z):
        return np.exp(z) / (1 + np.exp(z))
""",
    "correction": """
class Correction(Optimizer):
    slots = {"m": 0.0, "s": 0.0}
    def update(self, p, g, rate, m, s):
        m *= 0.9
        m += 0.1 * g
        s *= 0.999
        s += 0.001 * g * g
        t = self.steps + 1
        p -= rate * m / (1 - 0.9**t) / (np.sqrt(s / (1 - 0.999**t)) + 1e-7)
""",
    "half_corrected": """
class HalfCorrected(Optimizer):
    slots = {"m": 0.0, "s": 0.0}
    def update(self, p, g, rate, m, s):
        m *= 0.9
        m += 0.1 * g
        s *= 0.999
        s += 0.001 * g * g
        p -= rate * m / (1 - 0.9**self.steps) / (np.sqrt(s) + 1e-7)
""",
    "counter": """
count = 0
class Counter(Optimizer):
    def update(self, p, g, rate):
        global count
        count += 1
        p -= rate * g / count**0.1
""",
    "shared": """
class Shared(Optimizer):
    seen = {}
    def update(self, p, g, rate):
        velocity = self.seen.setdefault(p.size, np.zeros_like(p))
        velocity *= 0.9
        velocity += g
        p -= rate * velocity
""",
    "own_attribute": """
class OwnAttribute(Optimizer):
    def update(self, p, g, rate):
        if self.steps == 1:
            self.velocity = np.zeros_like(p)
        self.velocity *= 0.9
        self.velocity += g
        p -= rate * self.velocity
""",
    "keeps_gradient": """
class KeepsGradient(Optimizer):
    def update(self, p, g, rate):
        p -= rate * g
        self.before = g
""",
    "rebinds": """
class Rebinds(Optimizer):
    def update(self, p, g, rate):
        p = p - rate * g
""",
    "rebinds_slot": """
class RebindsSlot(Optimizer):
    slots = {"square": 0.0}
    def update(self, p, g, rate, square):
        square = 0.9 * square + 0.1 * g * g
        p -= rate * g / (np.sqrt(square) + 1e-7)
""",
    "no_root": """
class NoRoot(Optimizer):
    slots = {"square": 0.0}
    def update(self, p, g, rate, square):
        square *= 0.9
        square += 0.1 * g * g
        p -= rate * g / (square + 1e-7)
""",
    "uphill": """
class Uphill(Optimizer):
    def update(self, p, g, rate):
        p += rate * g
""",
    "no_epsilon": """
class NoEpsilon(Optimizer):
    slots = {"square": 0.0}
    def update(self, p, g, rate, square):
        square *= 0.9
        square += 0.1 * g * g
        p -= rate * g / np.sqrt(square)
""",
    "not_rmsprop": """
class NotRmsprop(Optimizer):
    slots = {"square": 0.0}
    same_as = "rmsprop"
    def update(self, p, g, rate, square):
        square *= 0.1
        square += 0.9 * g * g
        p -= rate * g / (np.sqrt(square) + 1e-7)
""",
    "my_adam": """
class MyAdam(Optimizer):
    slots = {"m": 0.0, "s": 0.0}
    def update(self, p, g, rate, m, s):
        m *= 0.9
        m += 0.1 * g
        s *= 0.999
        s += 0.001 * g * g
        p -= rate * m / (np.sqrt(s) + 1e-7)
""",
    "wrong_compiled": """
class WrongCompiled(Optimizer):
    elementwise = True
    slots = {"velocity": 0.0}
    def update(self, p, g, rate, velocity):
        velocity *= 0.9
        velocity += g
        p -= rate * velocity
    @staticmethod
    def compiled_update(p, g, rate, velocity):
        velocity = 0.99 * velocity + g
        return p - rate * velocity, velocity
""",
    "not_compilable": """
class NotCompilable(Activation):
    def value(self, z):
        return z / (1 + np.abs(z))
    def derivative(self, z):
        return 1 / (1 + np.abs(z)) ** 2
    @staticmethod
    def compiled_value(z):
        return sorted([z / (1 + abs(z))])[0]
    @staticmethod
    def compiled_derivative(z, f):
        return 1 / (1 + abs(z)) ** 2
""",
    "loops": """
class Loops(Optimizer):
    def update(self, p, g, rate):
        while True:
            pass
""",
    "draws": """
class Draws(Initializer):
    def draw(self, rng, fan_in, fan_out):
        return np.random.normal(0, 0.1, (fan_in, fan_out))
""",
    "misspread": """
class Misspread(Initializer):
    def draw(self, rng, fan_in, fan_out):
        return rng.normal(0, 1 / fan_in, (fan_in, fan_out))
    def deviation(self, fan_in, fan_out):
        return 1 / fan_in**0.5
""",
    "turned": """
class Turned(Initializer):
    def draw(self, rng, fan_in, fan_out):
        return rng.normal(0, 0.1, (fan_out, fan_in))
""",
    "negative": """
class Negative(Schedule):
    def factor(self, epoch):
        return 1 - epoch / max(self.epochs, 1e-9)
""",
    "stalls": """
class Stalls(Schedule):
    def factor(self, epoch):
        return min(epoch, 1.0)
""",
    "counts": """
class Counts(Schedule):
    def factor(self, epoch):
        self.calls = getattr(self, "calls", 0) + 1
        return 1 / self.calls
""",
    "half_split": """
class HalfSplit(Reader):
    kind = "nothing"
    def claims(self, path, start):
        return True
    def peek(self, path):
        return self.read(path).spec
    def read(self, path):
        x = np.zeros((4, 2), np.float32)
        return Contents(DataSpec((2,), 2, scale=1.0), x, np.array([0, 1, 0, 1]), x, np.array([0, 1, 0, 1]))
    def example(self, folder):
        path = folder / "one.half"
        path.write_text("example")
        return path
""",
    "zero_division": """
class ZeroDivision(LayerFigure):
    def of(self, layer):
        return 1 / layer.weight_norm if layer.weight_norm > 1 else 0.0
""",
    "cries_wolf": """
class CriesWolf(DiagnosisRule):
    symptom = "accuracy {accuracy:.0%}"
    cause = "It is not 100%."
    def find(self, case):
        return Evidence({"accuracy": case.accuracy or 0.0}) if case.history.epochs else None
""",
    # What goes wrong in a run
    "no_mean": """
class NoMean(Normalization):
    def forward(self, x, out, scratch):
        out[:] = x - x.mean(axis=0)
    def backward(self, x, out, gradient, scratch):
        pass
""",
    "running": """
class Running(Normalization):
    def __init__(self, units, **more):
        super().__init__(units, **more)
        self.mean = 0.0
    def forward(self, x, out, scratch):
        out[:] = x - self.mean
    def backward(self, x, out, gradient, scratch):
        self.mean = 0.9 * self.mean + 0.1 * x.mean(axis=0)
""",
    "raises": """
class Raises(Optimizer):
    def update(self, p, g, rate):
        if self.steps == 20:
            raise ArithmeticError("the dog ate it")
        p -= rate * g
""",
    "bad_memory": """
class BadMemory(Optimizer):
    def update(self, p, g, rate):
        print("chatter")
        p -= rate * g
    def memory(self):
        return {"last": float("nan") if self.steps else 0.0}
""",
    "nan": """
class Nan(Optimizer):
    def update(self, p, g, rate):
        p -= rate * g if self.steps < 20 else np.nan
""",
    "wrong_arguments": """
class WrongArguments(Optimizer):
    slots = {"square": 0.0}
    def update(self, p, g, rate):
        p -= rate * g
""",
}
"""The classes, after IMPORTS."""


def text_of(name: str) -> str:
    """The whole file."""
    return IMPORTS + PLUGINS[name]
