"""Operations made from the compiled forms of parts: scalar Python in, a compiled function over arrays out.

A form is read as text, and written again for float32: its numbers become float32, functions of `math` become those of elementary.py, which
a processor computes sixteen at a time, and functions that it calls are written again too. What an operation is called contains a digest of
all that it is made from, so that one that was kept on disk is never another one's.
"""

import ast
import hashlib
import inspect
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import cache
from types import CodeType, FunctionType
from typing import Any, Final

from tui_trainer.engine.library import CompilerError, add_text, address
from tui_trainer.engine.places import FIRST, MOST_SCALARS
from tui_trainer.nn.activations import Activation
from tui_trainer.nn.optimizers import Optimizer
from tui_trainer.nn.parts import Part

MOST_SLOTS: Final = 8
"""Of an optimizer: as many addresses as an instruction has room for."""

MOST_POWER: Final = 8
"""A whole power is a product."""

PARAMETER: Final = "p[i] * shrink"
GRADIENT: Final = "g[i] * factor + p[i] * decay"
"""What an update is called with: both contain the weight decay, of which one is 0."""

_FUNCTIONS: Final[dict[Any, str]] = {
    math.exp: "elementary.exp",
    math.expm1: "elementary.expm1",
    math.tanh: "elementary.tanh",
    math.erf: "elementary.erf",
    math.log: "elementary.log",
    math.log1p: "elementary.log1p",
    math.sqrt: "sqrt",
    math.fabs: "abs",
    abs: "abs",
    min: "elementary.smaller",
    max: "elementary.larger",
    float: "np.float32",
}


class FormulaError(Exception):
    """A form cannot be written again: it uses what has no compiled form."""


class Formula:
    """A scalar function, written again for float32 under a name of its own, with what it needs before it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._written: dict[FunctionType, str] = {}
        self._trees: dict[FunctionType, ast.FunctionDef] = {}
        self._texts: list[str] = []
        own = _plain(function)
        self.name = self._write(own)
        self.tree = self._trees[own]
        """The function itself."""
        self.parameters = tuple(inspect.signature(own).parameters)
        self.uses = {node.id for node in ast.walk(_tree(own)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        """The names that it reads."""

    @property
    def text(self) -> str:
        """The source."""
        return "\n\n".join(self._texts)

    def _write(self, function: FunctionType) -> str:
        if function not in self._written:
            name = f"{function.__name__}_{len(self._written)}"
            self._written[function] = name
            tree = _Float32(function, self._write).visit(deepcopy(_tree(function)))
            tree.name = name
            self._trees[function] = tree
            self._texts.append("@inlined\n" + ast.unparse(ast.fix_missing_locations(tree)))
        return self._written[function]


def _plain(function: Callable[..., Any]) -> FunctionType:
    if not isinstance(function, FunctionType):
        raise FormulaError(f"{function!r} is not a function written in Python")
    return function


@cache
def _tree(function: FunctionType) -> ast.FunctionDef:
    """The function's text, without decorators, annotations and docstrings. Raises FormulaError where it is not what is run."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError, ValueError, SyntaxError) as error:
        raise FormulaError(f"the text of {function.__name__} cannot be read: {error}") from None
    if not isinstance(tree, ast.FunctionDef):
        raise FormulaError(f"{function.__name__} is no function with a name")
    tree.decorator_list, tree.returns = [], None
    for argument in tree.args.args:
        argument.annotation = None
    # The file may have been changed since it was read.
    module = compile(ast.Module([tree], []), "", "exec")
    (code,) = (constant for constant in module.co_consts if isinstance(constant, CodeType))
    if (code.co_code, code.co_names, code.co_varnames) != (
        function.__code__.co_code,
        function.__code__.co_names,
        function.__code__.co_varnames,
    ) or _constants(code) != _constants(function.__code__):
        raise FormulaError(f"the text of {function.__name__} is not what was read")
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:]
    return tree


def _constants(code: CodeType) -> list[Any]:
    return [constant for constant in code.co_consts if not isinstance(constant, CodeType)]


class _Float32(ast.NodeTransformer):
    """Writes a function's numbers and calls anew."""

    def __init__(self, function: FunctionType, write: Callable[[FunctionType], str]) -> None:
        self._function, self._write = function, write
        self._local = {*function.__code__.co_varnames}

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return _number(node.value)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if not isinstance(node.op, ast.Pow):
            return self._deeper(node)
        power = node.right.value if isinstance(node.right, ast.Constant) else None
        if not isinstance(power, int) or not 1 <= power <= MOST_POWER:
            raise FormulaError(f"{self._function.__name__} takes a power that is not a whole number from 1 to {MOST_POWER}")
        base = self.visit(node.left)
        product = base
        for _ in range(power - 1):
            product = ast.BinOp(product, ast.Mult(), deepcopy(base))
        return product

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self._local:
            return node
        value = self._known(node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FormulaError(f"{self._function.__name__} uses {node.id}, which is no number")
        return _number(value)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        value = self._known(node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FormulaError(f"{self._function.__name__} uses {ast.unparse(node)}, which is no number")
        return _number(value)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        called = self._known(node.func)
        if isinstance(called, FunctionType):
            name = self._write(called)
        elif called in _FUNCTIONS:
            name = _FUNCTIONS[called]
        else:
            raise FormulaError(f"{self._function.__name__} calls {ast.unparse(node.func)}, which has no compiled form")
        arguments = [self.visit(each) for each in node.args]
        return ast.Call(ast.parse(name, mode="eval").body, arguments, [])

    def _deeper(self, node: ast.expr) -> ast.expr:
        visited: ast.expr = self.generic_visit(node)  # type: ignore[assignment] # an expression stays one
        return visited

    def _known(self, node: ast.expr) -> Any:
        """What a name outside of the function stands for."""
        if isinstance(node, ast.Attribute):
            return getattr(self._known(node.value), node.attr, None)
        if not isinstance(node, ast.Name) or node.id in self._local:
            raise FormulaError(f"{self._function.__name__} uses {ast.unparse(node)}, which has no compiled form")
        names = inspect.getclosurevars(self._function)
        return {**names.builtins, **names.globals, **names.nonlocals}.get(node.id)


def _number(value: float) -> ast.expr:
    return ast.Call(ast.parse("np.float32", mode="eval").body, [ast.Constant(value)], [])


# Operations


def value_of(activation: Activation) -> str:
    """The operation f(z + b). Raises FormulaError where the function has no compiled form."""
    return _value(type(activation), _learned(activation))


def slope_of(activation: Activation) -> str:
    """The operation that multiplies the gradient by f'."""
    return _slope(type(activation), _learned(activation))


def _learned(activation: Activation) -> str:
    """The name of what is learned; empty where nothing is."""
    shapes = activation.shapes()
    if len(shapes) > 1 or any(shape != (activation.units,) for shape in shapes.values()):
        raise FormulaError(f"{type(activation).__name__} learns more than a number for each unit")
    return next(iter(shapes), "")


def needs_input(activation: Activation) -> bool:
    """Whether f' is computed from z, which has to be kept then, and not from f alone."""
    return _keeps(type(activation), bool(activation.shapes()))


@cache
def _keeps(kind: type[Activation], learns: bool) -> bool:
    formula = Formula(kind.compiled_derivative)
    return learns or formula.parameters[0] in formula.uses


def _arguments(formula: Formula, kind: type[Activation], learned: str, given: int) -> str:
    """What a form is called with after its first arguments: hyperparameters, and what is learned."""
    numbers = list(kind.hyperparameters)
    found = []
    for name in formula.parameters[given:]:
        if name == learned:
            found.append("learned[unit]")
        elif name in numbers:
            found.append(f"number_{numbers.index(name)}")
        else:
            raise FormulaError(f"{kind.__name__} has no {name}")
    return "".join(f", {each}" for each in found)


def _numbers(kind: type[Activation], learned: str) -> str:
    """What is read once: the constants, or the address of what is learned for each unit."""
    if learned:
        return "    learned = floats(a[{place}])"
    return "\n".join(f"    number_{number} = floats(a[{{place}}])[{number}]" for number in range(len(kind.hyperparameters)))


@cache
def _value(kind: type[Activation], learned: str) -> str:
    if not kind.is_compiled():
        raise FormulaError(f"{kind.__name__} has no compiled form")
    formula = Formula(kind.compiled_value)
    more = _arguments(formula, kind, learned, 1)
    keeps = _keeps(kind, bool(learned))
    into = "            z[o + unit] = x\n" if keeps else ""
    return _made(
        kind,
        f"""{formula.text}


def operation(a, step):
    start, stop, width, z, out, stride, bias = a[0], a[1], a[2], floats(a[3]), floats(a[4]), a[5], floats(a[6])
{_numbers(kind, learned).format(place=7)}
    for row in range(start, stop):
        o = row * stride
        for unit in range(width):
            x = {"z" if keeps else "out"}[o + unit] + bias[unit]
{into}            out[o + unit] = {formula.name}(x{more})
""",
    )


@cache
def _slope(kind: type[Activation], learned: str) -> str:
    formula = Formula(kind.compiled_derivative)
    more = _arguments(formula, kind, learned, 2)
    z, f, *_ = formula.parameters
    of = f"{'z[o + unit]' if z in formula.uses else 'ZERO'}, {'out[o + unit]' if f in formula.uses else 'ZERO'}"
    head = f"""
def operation(a, step):
    rows, width, z, out, stride, gradient = a[0], a[1], floats(a[2]), floats(a[3]), a[4], floats(a[5])
{_numbers(kind, learned).format(place=6)}"""
    if not learned:
        body = f"""
    for row in range(rows):
        o, g = row * stride, row * width
        for unit in range(width):
            gradient[g + unit] *= {formula.name}({of}{more})
"""
        return _made(kind, f"{formula.text}\n\n{head}{body}", "_slope")
    if kind.compiled_gradient is Activation.compiled_gradient:
        raise FormulaError(f"{kind.__name__}.compiled_gradient is missing")
    share = Formula(kind.compiled_gradient)
    text = share.text.replace(share.name, f"share_{share.name}")
    shared = _arguments(share, kind, learned, 2)
    body = f"""
    shares = floats(a[7])
    for unit in range(width):
        shares[unit] = ZERO
    for row in range(rows):
        o, g = row * stride, row * width
        for unit in range(width):
            e = gradient[g + unit]
            shares[unit] += share_{share.name}(z[o + unit], out[o + unit]{shared}) * e
            gradient[g + unit] = e * {formula.name}({of}{more})
"""
    return _made(kind, f"{formula.text}\n\n{text}\n\n{head}{body}", "_slope")


@cache
def update_of(kind: type[Optimizer]) -> str:
    """The operation that updates some parameters. Raises FormulaError where the rule has no compiled form."""
    if not kind.is_compiled():
        raise FormulaError(f"{kind.__name__} has no compiled form")
    formula, slots = Formula(kind.compiled_update), list(kind.slots)
    if len(slots) > MOST_SLOTS:
        raise FormulaError(f"{kind.__name__} has more than {MOST_SLOTS} slots")
    if missing := [slot for slot in slots if slot not in formula.parameters]:
        raise FormulaError(f"{kind.__name__}.compiled_update does not take {', '.join(missing)}")
    scalars = [name for name in formula.parameters[2:] if name not in slots]
    if len(scalars) > MOST_SCALARS - FIRST:
        raise FormulaError(f"{kind.__name__} has more than {MOST_SCALARS - FIRST} scalars")
    places = {name: f"slot_{number}[i]" for number, name in enumerate(slots)} | {name: f"scalar_{n}" for n, name in enumerate(scalars)}
    arrays = "".join(f"    slot_{number} = floats(a[{4 + number}])\n" for number in range(len(slots)))
    numbers = "".join(f"    scalar_{number} = s[FIRST + {number}]\n" for number in range(len(scalars)))
    flush = "".join(f"        _flush(slot_{number}, count)\n" for number in range(len(slots)))
    body = _in_place(formula, places, slots) or _called(formula, places, slots)
    return _made(
        kind,
        f"""{formula.text}


def operation(a, step):
    count, p, g, factor, s = a[0], floats(a[1]), floats(a[2]), floats(a[3])[0], floats(step[SCALARS])
{arrays}    shrink, decay = s[SHRINK], s[DECAY]
{numbers}    for i in range(count):
{textwrap.indent(body, " " * 8)}
{f"    if s[FLUSH] != ZERO:{chr(10)}{flush}" if slots else ""}""",
    )


def _called(formula: Formula, places: Mapping[str, str], slots: Sequence[str]) -> str:
    """An update as a call."""
    into = ", ".join(["p[i]", *(places[slot] for slot in slots)])
    of = ", ".join(places[name] for name in formula.parameters[2:])
    return f"{into} = {formula.name}({PARAMETER}, {GRADIENT}, {of})"


def _in_place(formula: Formula, places: Mapping[str, str], slots: Sequence[str]) -> str | None:
    """An update as statements that write each number where it stands; None where it is more than one statement after another.

    A compiler chooses by such an order which product and sum become one instruction, and so the last bit.
    """
    *statements, last = formula.tree.body
    values = last.value.elts if isinstance(last, ast.Return) and isinstance(last.value, ast.Tuple) else [getattr(last, "value", None)]
    targets = [each.targets[0] for each in statements if isinstance(each, ast.Assign) and len(each.targets) == 1]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    kept = [each.id if isinstance(each, ast.Name) else "" for each in values[1:]]
    p, g, *_ = formula.parameters
    if not isinstance(last, ast.Return) or len(names) < len(statements) or kept != list(slots) or {p, g} & set(names) or values[0] is None:
        return None
    uses = sum(isinstance(node, ast.Name) and node.id == g for statement in formula.tree.body for node in ast.walk(statement))
    own = {name: f"own_{name}" for name in names}
    known = {**own, **places, p: PARAMETER, g: GRADIENT if uses == 1 else "e"}

    def written(node: ast.AST) -> str:
        return ast.unparse(_Places(known).visit(deepcopy(node)))

    lines = [] if uses == 1 else [f"e = {GRADIENT}"]
    lines += [written(statement) for statement in statements]
    return "\n".join([*lines, f"p[i] = {written(values[0])}"])


class _Places(ast.NodeTransformer):
    """Puts what names stand for in their place."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.parse(self._known[node.id], mode="eval").body if node.id in self._known else node


def _made(kind: type[Part], text: str, suffix: str = "") -> str:
    """The name under which the operation with this text is compiled."""
    name = f"{kind.name}{suffix}.{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    add_text(name, text)
    if not kind.__module__.startswith("tui_trainer."):
        # Of what others have written only the compiler knows whether it can be compiled.
        try:
            address(name)
        except CompilerError as error:
            raise FormulaError(f"{kind.__name__}: {error}") from error
    return name
