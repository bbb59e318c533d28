"""Writes docs/parts.md: every activation, initializer, optimizer and schedule as its class tells of itself.

python tools/make_parts.py
"""

import inspect
from pathlib import Path

from tui_trainer.config.hyperparameters import KINDS
from tui_trainer.config.source import option
from tui_trainer.nn.optimizers import Optimizer
from tui_trainer.nn.parts import Part

PAGE = Path(__file__).parents[1] / "docs" / "parts.md"

HEAD = """# Parts: activations, initializers, optimizers and schedules

Each is a class in a file of its own, from whose docstrings `python tools/make_parts.py` writes this page. What can be set is an option of
its own name, in the form under *More*, in `--help`, in TOML and in sweeps; its default is that of the part that is chosen. `NumPy` marks
what the compiled engine has no form for.
"""

TITLES = {
    "activation": ("Activations", "`--activation NAME`, or one for each layer: `--activation tanh,relux2`."),
    "initializer": ("Initializers", "`--initializer NAME`, or one for each layer; `auto` is the one made for the activation."),
    "schedule": ("Schedules", "`--schedule NAME`: a factor of the learning rate from step to step, after `--warmup`."),
    "optimizer": ("Optimizers", "`--optimizer NAME`. η is `--learning-rate`, whose default is in the last column."),
}


def row(part: type[Part]) -> str:
    """A part's row of its table."""
    told = " ".join(inspect.cleandoc(part.__doc__ or "").split()).replace("|", "\\|")
    settings = [f"`{option(name)}` {declared.default:g}" for name, declared in part.hyperparameters.items()]
    if issubclass(part, Optimizer):
        settings.append(f"η {part.default_learning_rate:g}")
        settings += [f"`--weight-decay` {part.default_weight_decay:g}"] if part.default_weight_decay else []
    is_compiled = getattr(part, "is_compiled", lambda: True)()
    return f"| {part.name} | {told}{'' if is_compiled else ' NumPy.'} | {', '.join(settings)} |"


def page() -> str:
    """The page."""
    parts = [HEAD]
    for choice, kind in KINDS.items():
        title, text = TITLES.get(choice, (choice.capitalize(), f"`{option(choice)} NAME`."))
        rows = "\n".join(row(part) for part in kind.parts.values())
        parts.append(f"## {title}\n\n{text}\n\n| name | what it is | defaults |\n| --- | --- | --- |\n{rows}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
