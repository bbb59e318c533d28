"""The description of a run: every option, its meaning, default and limits, listed once.

The command line, the app's form, TOML files and the documentation are all made from the fields of `Config`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

import tomli_w
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PlainSerializer,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from tui_trainer.config.changes import Change, changeable, format_changes, parse_changes
from tui_trainer.config.error_messages import problems_in
from tui_trainer.config.hyperparameters import KINDS, after, described, field_of, uses
from tui_trainer.config.layer_sizes import MOST_LAYERS, format_hidden, parse_hidden
from tui_trainer.config.origins import KEY, Origins, known_origins, origins_of, paths_of, plugin_options, refuse_others
from tui_trainer.config.per_layer import OneForEach, OneOf, abridged, join, made_for, split
from tui_trainer.config.source import Source
from tui_trainer.config.value_types import Decay, Factor, FactorOrZero, Number, OrNone, Units, Whole
from tui_trainer.datasets.points import NOISE
from tui_trainer.datasets.scaling import SCALES
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import INITIALIZERS
from tui_trainer.nn.normalization import NORMALIZATIONS
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.nn.parts import Part
from tui_trainer.nn.registry import Registry
from tui_trainer.nn.schedules import SCHEDULES
from tui_trainer.text.language import N_, _, in_english

Key = TypeVar("Key")

AUTO: Final = "auto"
NONE: Final = "none"
MOST_EPOCHS: Final = 1_000_000_000


class Config(BaseModel):
    """One run, wholly determined: the same Config, data and machine give the same bytes.

    Beside the options here, each hyperparameter that a part declares is one; they come and go with the parts that are registered.
    Built with `Config.parse`, which raises `UserError`; `auto` values and defaults that depend on other options are resolved at once,
    except `threads`, which depends on the machine.
    """

    # Built when the options are there that the parts declare.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True, defer_build=True)

    _origins: Origins = PrivateAttr(default_factory=known_origins)
    """The plugins that there were when it was made: one that is read again later is another."""

    hidden: Annotated[tuple[Units, ...], BeforeValidator(parse_hidden), Field(max_length=MOST_LAYERS)] = Field(
        (256,), description="hidden layer sizes: 256, or 128x8,64 (eight of 128, one of 64), or none for softmax regression"
    )
    activation: Annotated[str, OneForEach(ACTIVATIONS)] = Field(
        "relu", description="function between the layers; one for all, or one for each hidden layer: tanh,relux2"
    )
    initializer: Annotated[str, OneForEach(INITIALIZERS, {AUTO: "the one made for the activation"}, output=AUTO)] = Field(
        AUTO, description="how weights start; one for all layers, or one for each, the output layer's last"
    )
    normalization: Annotated[str, OneForEach(NORMALIZATIONS, {NONE: "what the Dense layer puts out, as it is"})] = Field(
        NONE, description="what brings each hidden layer's outputs to mean 0 and variance 1; one for all, or one for each: batch,nonex2"
    )
    normalization_place: Annotated[str, OneOf({}, {"before": "before the activation", "after": "after the activation"})] = Field(
        "before", description="where normalization stands"
    )
    residual: Annotated[Whole, Field(ge=0, le=MOST_LAYERS)] = Field(
        0, description="a skip around every so many hidden layers, whose input is added to their output; 0 for none"
    )
    optimizer: Annotated[str, OneOf(OPTIMIZERS)] = Field("adam", description="rule that turns gradients into steps")
    learning_rate: Factor = Field(
        default_factory=lambda data: OPTIMIZERS[data["optimizer"]].default_learning_rate,
        description="size of a step",
    )
    schedule: Annotated[str, OneOf(SCHEDULES)] = Field("constant", description="how the learning rate changes from step to step")
    warmup: Annotated[Number, Field(ge=0, le=MOST_EPOCHS)] = Field(
        0.0, description="first epochs, over which the learning rate rises to its value; the schedule begins after them"
    )
    weight_decay: FactorOrZero = Field(
        default_factory=lambda data: OPTIMIZERS[data["optimizer"]].default_weight_decay,
        description="what pulls the weights to 0",
    )
    clip_norm: Annotated[Factor | None, OrNone] = Field(None, description="greatest norm of the gradient; longer ones are scaled down")
    dropout: Decay = Field(0.0, description="share of each hidden layer's outputs set to 0 while training")
    label_smoothing: Decay = Field(0.0, description="share of each label that all classes get alike while training")
    batch_size: Annotated[Whole, Field(ge=1)] = Field(32, description="images per step")
    epochs: Annotated[Whole, Field(ge=0, le=MOST_EPOCHS)] = Field(
        5, description="passes over the training images; 0 only initialises and evaluates"
    )
    early_stopping: Annotated[Whole, Field(ge=0, le=MOST_EPOCHS)] = Field(
        0, description="stop after so many epochs without a lower validation loss, and take the best weights; 0 for never"
    )
    validation: Annotated[Whole, Field(ge=0)] = Field(
        5000,
        description="training samples held out to validate on, the last in file order; of small data a fifth, not 5000",
    )
    seed: Annotated[Whole, Field(ge=0, lt=1 << 128)] = Field(0, description="decides the first weights and the order of images")
    shuffle: bool = Field(True, description="reshuffle the images each epoch, or keep file order")
    threads: Annotated[Whole, Field(ge=1, le=1024)] | Literal["auto"] = Field(
        AUTO, description="threads, at most; auto: every core that makes it faster"
    )
    checkpoint_every: Annotated[Number, Field(ge=0)] = Field(
        30.0, description="seconds between checkpoints within an epoch; 0 for one at its end alone"
    )
    data: str = Field(
        "mnist",
        min_length=1,
        description="mnist; a folder of IDX files, or of pictures by class; an .npz, CSV, Parquet or Feather file; sklearn:iris …; "
        "points in the plane: circles, xor, spiral, gaussians, moons",
    )
    noise: Annotated[Number, Field(ge=0, le=10)] = Field(
        NOISE, description="circles, xor, spiral, gaussians, moons: how far each point is off, where the shapes reach from -1 to 1"
    )
    scale: Annotated[str, OneOf(Registry("scale", {}), SCALES)] = Field(
        AUTO, description="how the data's numbers become inputs: as they are, divided by 255, to 0 to 1, or each feature standardised"
    )
    label: Annotated[Annotated[str, Field(min_length=1, max_length=1000)] | None, OrNone] = Field(
        None, description="the column of a table that holds the labels, by name or by number from 1; found by itself where it is clear"
    )
    changes: Annotated[
        tuple[InstanceOf[Change], ...],
        BeforeValidator(parse_changes),
        PlainSerializer(lambda changes: [change.record() for change in changes]),
    ] = Field((), description="options that change in the run, by step: 1200 learning_rate=0.0005, 3000 clip_norm=none (or none)")

    @field_validator("initializer")
    @classmethod
    def _resolve_initializer(cls, initializer: str, info: ValidationInfo) -> str:
        if not info.data.keys() >= {"hidden", "activation"}:
            return initializer
        layers = len(info.data["hidden"]) + 1
        made = split(made_for(info.data["activation"], layers - 1), layers)
        return join(made[layer] if name == AUTO else name for layer, name in enumerate(split(initializer, layers)))

    @field_validator("batch_size")
    @classmethod
    def _check_batch(cls, batch_size: int, info: ValidationInfo) -> int:
        if batch_size == 1 and _centering(info.data):
            raise PydanticCustomError("batch_of_one", _("must be at least 2 with batch normalization: one image has no spread"))
        return batch_size

    @field_validator("changes")
    @classmethod
    def _read_changes(cls, changes: tuple[Change, ...], info: ValidationInfo) -> tuple[Change, ...]:
        """Every change has to make a Config of the others, which also reads its values."""
        # What a change may touch depends on nothing else, and a deep network would take its time for each of thousands of changes.
        options = {name: info.data[name] for name in changeable() if info.data.get(name) is not None}
        if centering := _centering(info.data):
            options["normalization"] = centering
        read = []
        for change in changes:
            try:
                config = cls.model_validate({**options, **change.values})
            except ValidationError as error:
                name, problem = next(iter(problems_in(error).items()))
                message = _("at step {step}: {name} {problem}")
                raise PydanticCustomError("change", message, {"step": change.step, "name": name, "problem": problem}) from None
            read.append(Change(change.step, {name: getattr(config, name) for name in change.values}))
        return tuple(read)

    @classmethod
    def parse(cls, values: Mapping[str, Any], source: Source | None = None) -> "Config":
        """Check `values` and fill in the defaults. Raises UserError, one line, for the first value that is wrong.

        What `record` says of plugins may be among them: parts of the same names from other files are refused.
        """
        with in_english():
            options = dict(values)
            if (needed := options.pop(KEY, None)) is not None:
                refuse_others(needed, options, source or Source())
                for name in plugin_options(needed) - cls.model_fields.keys():
                    # Of a plugin that is not needed, as other parts are chosen now.
                    options.pop(name, None)
            try:
                return cls.model_validate(options)
            except ValidationError as error:
                name, problem = next(iter(problems_in(error).items()))
                raise (source or Source()).error(name, problem, colon=False) from None

    @property
    def read_by(self) -> tuple[str | None, str, float]:
        """How the data are read, as `load` takes it: `label`, `scale` and `noise`."""
        return self.label, self.scale, self.noise

    @property
    def activations(self) -> tuple[str, ...]:
        """The function after each hidden layer."""
        return split(self.activation, len(self.hidden))

    @property
    def normalizations(self) -> tuple[str, ...]:
        """What normalizes each hidden layer, or `none`."""
        return split(self.normalization, len(self.hidden))

    @property
    def initializers(self) -> tuple[str, ...]:
        """How the weights of each Dense layer start, the output layer's last."""
        return split(self.initializer, len(self.hidden) + 1)

    def renewed(self) -> "Config":
        """The same options for the parts that there are now, where a plugin has been read again. Raises UserError."""
        known = {name: vars(self)[name] for name in type(self).model_fields if vars(self).get(name) is not None}
        if "epochs" not in self.model_fields_set:
            del known["epochs"]  # small data decide it
        return self.parse(known)

    def parts(self, say: Callable[[str], str] = str) -> list[str]:
        """What the network is made of beside its layers' sizes, in short; `say` translates."""
        found = [abridged(self.activation), abridged(self.initializer)]
        if self.normalization != NONE:
            norm = f"{abridged(self.normalization)} {say(N_('norm'))}"
            found.append(norm if self.normalization_place == "before" else f"{norm} {say(N_('after'))}")
        if self.residual:
            found.append(say(N_("skips of {layers}")).format(layers=self.residual))
        return found

    def own(self, part: type[Part]) -> dict[str, Any]:
        """The values of a part's hyperparameters; its default for one of which each part has its own."""
        return {
            name: declared.default if (value := getattr(self, name)) is None else value for name, declared in part.hyperparameters.items()
        }

    def record(self) -> dict[str, Any]:
        """Every option and its value as plain data; and the plugins that they come from, if any, by their files and SHA-256."""
        values = self.model_dump(mode="json")
        if not self._origins:
            return values
        plugins = origins_of(values, self._origins)
        theirs = {name: parts for name, parts in uses().items() if all((use.option, use.part.name) in self._origins for use in parts)}
        for name, parts in theirs.items():
            users = {f"{use.option} {use.part.name}" for use in parts}
            takers = [plugin for plugin in plugins if users & set(plugin["parts"])]
            for plugin in takers:
                plugin.setdefault("options", []).append(name)
            if not takers:
                # Without its plugin, of which the run takes nothing, its files would not be read.
                values.pop(name, None)
        return {**values, KEY: plugins} if plugins else values

    @property
    def plugin_files(self) -> list[str]:
        """The files of the plugins that its options come from, as they were found here."""
        return paths_of(self.model_dump(mode="json"), self._origins)

    def to_toml(self) -> str:
        """The text of a config.toml that `read_toml` takes back; an option without a value is left out."""
        values = self.record() | {"hidden": format_hidden(self.hidden)}
        # TOML has no null: a change that takes an option's value away says so.
        values["changes"] = [{name: "none" if value is None else value for name, value in change.items()} for change in values["changes"]]
        return tomli_w.dumps({name: value for name, value in values.items() if value not in (None, [])})


def _centering(options: Mapping[str, Any]) -> str | None:
    """The normalization that needs more than one image, if any."""
    names = str(options.get("normalization", NONE)).split(",")
    return next((name for name in names if name in NORMALIZATIONS and NORMALIZATIONS[name].centers), None)


_PLAIN: Final[Mapping[str, FieldInfo]] = dict(Config.model_fields)
"""The options that no part declares."""


def _renew() -> None:
    """Give Config the options that the parts declare which there are now. Raises ValueError where a name is another option's already."""
    declared = uses()
    for name, found in declared.items():
        if name in _PLAIN:
            raise ValueError(
                f"{found[0].option} {found[0].part.name!r}: {name} is an option already, and no hyperparameter can be called so"
            )
    ordered: dict[str, FieldInfo] = {}
    for name, info in _PLAIN.items():
        ordered[name] = info
        ordered |= {each: field_of(found) for each, found in declared.items() if after(found) == name}
    known = Config.model_fields
    for name in known.keys() - ordered.keys():
        delattr(Config, name)
    for name in ordered.keys() - _PLAIN.keys():
        # A Config that was made before has no such value.
        setattr(Config, name, declared[name][0].declared().default)
    known.clear()
    known.update(ordered)
    for name in GENERATED:
        known[name].description = description(name)
    Config.model_rebuild(force=True)


def description(name: str, say: Callable[[str], str] = str) -> str:
    """What an option is, in words that `say` translates, as the parts are now that there are."""
    if name in GENERATED:
        return GENERATED[name](say)
    found = uses().get(name)
    return described(found, say) if found else say(Config.model_fields[name].description or "")


def _initializer(say: Callable[[str], str]) -> str:
    made = _grouped((kind.initializer, kind.name) for kind in ACTIVATIONS.values())
    texts = [say(N_("{initializer} for {activations}")).format(initializer=name, activations=names) for name, names in made.items()]
    text = say(N_("how weights start; auto: {made}; one for all layers, or one for each, the output layer's last"))
    return text.format(made="; ".join(texts))


def _learning_rate(say: Callable[[str], str]) -> str:
    rates = _grouped((rule.default_learning_rate, rule.name) for rule in OPTIMIZERS.values())
    each = [say(N_("{rate} for {optimizers}")).format(rate=rate, optimizers=names) for rate, names in rates.items()]
    return say(N_("size of a step ({rates})")).format(rates="; ".join(each))


def _weight_decay(say: Callable[[str], str]) -> str:
    kinds = _grouped(((rule.decoupled_decay, rule.default_weight_decay), rule.name) for rule in OPTIMIZERS.values())
    texts = []
    for (decoupled, default), names in kinds.items():
        text = say(N_("decoupled weight decay")) if decoupled else say(N_("L2 regularization"))
        texts.append(f"{text} ({default:g})" if not (decoupled or default) else f"{names}: {text} ({default:g})")
    return "; ".join(texts)


def _grouped(pairs: Iterable[tuple[Key, str]]) -> dict[Key, str]:
    """The names that have each key in common, as a list in words."""
    found: dict[Key, list[str]] = {}
    for key, name in pairs:
        found.setdefault(key, []).append(name)
    return {key: ", ".join(names) for key, names in found.items()}


GENERATED: Final[Mapping[str, Callable[[Callable[[str], str]], str]]] = {
    "initializer": _initializer,
    "learning_rate": _learning_rate,
    "weight_decay": _weight_decay,
}
"""Descriptions that tell of the parts that there are."""

_renew()
for _kind in KINDS.values():
    _kind.parts.listeners.append(_renew)


def as_text(value: Any) -> str:
    """What stands for an option's value on the command line and in the form, such that Config reads it back the same."""
    if isinstance(value, tuple | list):
        return format_changes(value) if value and isinstance(value[0], Change) else format_hidden(tuple(value))
    return "none" if value is None else str(value)


def problems(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with `values`, by field; empty when they make a Config."""
    try:
        Config.model_validate({name: value for name, value in values.items() if name != KEY})
    except ValidationError as error:
        return problems_in(error)
    return {}


def fields() -> Iterator[tuple[str, FieldInfo]]:
    """Every option's name and description, in the order they are shown."""
    return iter(Config.model_fields.items())


def choices(name: str) -> Mapping[str, str]:
    """What a field may be and what each means; empty for fields that are numbers, texts or switches."""
    return next((item.choices for item in Config.model_fields[name].metadata if isinstance(item, OneOf)), {})


def layered(name: str) -> bool:
    """Whether a field may also be a comma list of its choices, one for each layer."""
    return any(isinstance(item, OneForEach) for item in Config.model_fields[name].metadata)
