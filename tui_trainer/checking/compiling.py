"""Whether the engine can compile a part's form, where there is an engine."""

from collections.abc import Callable

from tui_trainer.checking.verdict import Verdict, failed, passed
from tui_trainer.nn.activations import Activation
from tui_trainer.nn.optimizers import Optimizer
from tui_trainer.training.engines import has_engine


def compilable(make: Callable[[], object]) -> Verdict:
    """The verdict on a form that does what the arrays do: whether `make` makes an operation of it."""
    if not has_engine():
        return passed("the compiled form does what the arrays do; there is no compiler here to try it with")
    from tui_trainer.engine.formulas import FormulaError  # noqa: PLC0415 imported only where numba is

    try:
        make()
    except FormulaError as error:
        return failed(f"the compiled form cannot be compiled, so that NumPy trains it: {error}")
    return passed("the compiled form does what the arrays do, and can be compiled")


def update_name(kind: type[Optimizer]) -> str:
    """The operation that the engine makes of an optimizer. Raises FormulaError."""
    from tui_trainer.engine.formulas import update_of  # noqa: PLC0415

    return update_of(kind)


def activation_names(kind: type[Activation]) -> tuple[str, ...]:
    """Those that it makes of an activation. Raises FormulaError."""
    from tui_trainer.engine.formulas import slope_of, value_of  # noqa: PLC0415

    return value_of(kind(1)), slope_of(kind(1))
