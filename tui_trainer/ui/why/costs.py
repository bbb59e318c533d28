"""What a remedy costs, in a phrase for each of its options."""

from collections.abc import Iterator, Mapping

from tui_trainer.config.options import Config
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Options
from tui_trainer.diagnosis.remedies import changed
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.text.language import N_, _, ngettext
from tui_trainer.training.model import build_layers, parameters


def costs(case: Case, options: Options) -> str:
    """The phrases, in the order of the options; each once."""
    after = changed(case.config, options)
    # Another optimizer's rate is on a scale of its own.
    names = [name for name in options if name != "learning_rate" or "optimizer" not in options]
    phrases = dict.fromkeys(phrase for name in names for phrase in _phrases(name, case, after) if phrase)
    return "; ".join(phrases)


def _phrases(name: str, case: Case, after: Config) -> Iterator[str]:
    before, now = getattr(case.config, name), getattr(after, name)
    if name == "hidden":
        yield _wider(case, after)
    elif name in ORDERED:
        less, more = ORDERED[name]
        yield from _ordered(before or 0, now or 0, less, more)
    elif name == "optimizer":
        yield _memory(len(OPTIMIZERS[now].slots))
    elif name in ONCE:
        yield _(ONCE[name])


def _ordered(before: float, now: float, less: str, more: str) -> Iterator[str]:
    if before == now:
        return
    times = max(before, now) / min(before, now) if min(before, now) > 0 else 0.0
    yield _(more if now > before else less).format(times=times, now=now)


def _memory(count: int) -> str:
    if not count:
        return _("the optimizer remembers nothing")
    text = ngettext("the optimizer keeps {count} number for each weight", "the optimizer keeps {count} numbers for each weight", count)
    return text.format(count=count)


def _wider(case: Case, after: Config) -> str:
    summaries = case.history.summaries
    inputs = summaries[0].parameters // max(summaries[0].output_shape[-1], 1) - 1 if summaries else 0
    if inputs < 1:
        return _("more parameters, and more time for each epoch")
    counts = [sum(map(parameters, build_layers(config, inputs, case.classes))) for config in (case.config, after)]
    text = _("{before:,} parameters become {after:,}: an epoch takes up to {times:.1f} times as long")
    return text.format(before=counts[0], after=counts[1], times=counts[1] / max(counts[0], 1))


ONCE: Mapping[str, str] = {
    "activation": N_("another function, about as fast"),
    "initializer": N_("other first weights, which cost nothing"),
    "uniform_limit": N_("other first weights, which cost nothing"),
    "schedule": N_("the steps shrink in another way, which costs nothing"),
    "decay": N_("the steps shrink in another way, which costs nothing"),
    "clip_norm": N_("clipping: the gradient's norm is worked out for each step"),
}
"""For options whose value does not matter."""

ORDERED: Mapping[str, tuple[str, str]] = {
    "learning_rate": (
        N_("steps {times:.3g} times smaller may need more epochs"),
        N_("steps {times:.3g} times larger may make the loss jump"),
    ),
    "epochs": (N_("fewer epochs"), N_("takes {times:.3g} times as long")),
    "batch_size": (
        N_("{times:.3g} times as many steps in an epoch, which takes longer"),
        N_("{times:.3g} times fewer steps in an epoch, which is over sooner"),
    ),
    "dropout": (N_("less dropout: more is learned by heart"), N_("dropout slows the learning: it may need more epochs")),
    "early_stopping": (
        N_("stops after {now:g} epochs without a better validation loss"),
        N_("stops after {now:g} epochs without a better validation loss"),
    ),
    "weight_decay": (N_("less decay: weights may grow, and more be learned by heart"), N_("more decay holds the weights back")),
    "warmup": (N_("full steps from the start"), N_("the first steps are small, and learn little")),
    "decay_every": (N_("the steps shrink sooner"), N_("the steps shrink later")),
    "validation": (N_("more images to learn from, fewer to judge by"), N_("fewer images to learn from")),
}
"""For options that are numbers: what less of it costs, and what more."""
