"""Source of a training step that calls the loss, its gradient and the update rule."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace

from derivo.emit.places import below, nest_expression
from derivo.emit.program import Source
from derivo.emit.step import Function, grouped, parts_of_module, write_function
from derivo.emit.wrap import wrapped
from derivo.graph.names import Names, adjoint_name
from derivo.graph.nest import (
    as_written,
    gradient_nests,
    is_nest,
    parts_of,
    rebuilt,
    short_name,
)
from derivo.graph.node import Graph

NUMBERS = ("learning_rate", "step_number")
# So many parameters are updated in one line, not each in a line of its own.
FEWEST_IN_A_LOOP = 6


@dataclass(frozen=True)
class CallsOfStep:
    """What a step is to call.

    Attributes
    ----------
    loss
        The loss: its name and its parameters.
    source
        The text of the loss and its gradient.
    rules
        The update rule for each argument that is trained, by its path.
    states
        What the rule keeps of each of them.
    title, summary
        The heading above the updates, and the docstring.
    """

    loss: Graph
    source: Source
    rules: Mapping[str, Function]
    states: tuple[str, ...]
    title: str
    summary: str


@dataclass(frozen=True)
class CallingStep:
    """The text of a module, and what the step is called in it."""

    text: str
    name: str


def write_calls(step: CallsOfStep) -> CallingStep:
    """Write a module: the loss, its gradient, the update rule, and the step.

    The arguments of the step are single arrays, whatever nests the loss takes them in.
    """
    text = step.source.text
    taken = _top_names(text)
    called, blocks = _rules(step.rules, taken)
    name = Names(taken).fresh("step")
    blocks.append(_Lines(step, Names(taken | {name}), called).write(name))
    written = "\n\n\n".join("\n".join(block) for block in blocks)
    head = _imports(text, written)
    return CallingStep(f"{head}{text.rstrip()}\n\n\n{written}\n", name)


def _imports(text: str, added: str) -> str:
    """Write the imports that a module lacks for what is added to it."""
    own = text.split("\n")
    plain, numpy = f"from types import {SimpleNamespace.__name__}", "import numpy as np"
    head = ""
    if numpy not in own and "np." in added:
        head = f"{numpy}\n\n\n"
    if plain not in own and f"{SimpleNamespace.__name__}(" in added:
        head = f"{plain}\n\n{head}"
    return head


def _top_names(text: str) -> set[str]:
    """Give the names that a module defines."""
    found: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {n.id for t in node.targets for n in ast.walk(t)
                      if isinstance(n, ast.Name)}  # fmt: skip
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {a.asname or a.name for a in node.names}
    return found


def _rules(
    rules: Mapping[str, Function], taken: set[str]
) -> tuple[dict[str, str], list[list[str]]]:
    """Write update rules, each text once; give what each argument's is called.

    A rule may read the shape of its parameter, and be another for another shape.
    """
    known: dict[str, Function] = {}
    texts: dict[str, str] = {}
    for path, function in rules.items():
        plain = "\n".join(write_function(function, {}))
        known.setdefault(plain, function)
        texts[path] = plain
    names = Names(taken)
    own = {plain: names.fresh(f.name) for plain, f in known.items()}
    functions = [replace(f, name=own[plain]) for plain, f in known.items()]
    top, blocks = parts_of_module(functions, taken)
    blocks = [b for b in blocks if _name_of(b) not in taken]  # helpers of the loss, too
    taken |= names.taken | _top_names("\n".join(top)) | set(map(_name_of, blocks))
    called = {path: own[plain] for path, plain in texts.items()}
    return called, [*([top] if top else []), *blocks]


def _name_of(block: Sequence[str]) -> str:
    return block[0].removeprefix("def ").partition("(")[0]


class _Lines:
    """Writes the step itself."""

    def __init__(
        self, step: CallsOfStep, names: Names, called: Mapping[str, str]
    ) -> None:
        self.step = step
        self.names = names
        self.called = called
        names.taken |= set(NUMBERS)
        paths = [n.attrs["name"] for n in step.loss.inputs]
        self.arguments = {p: names.fresh(short_name(p)) for p in paths}
        self.kept = {
            p: [self.arguments[p], *(names.fresh(f"{s}_{short_name(p)}")
                                     for s in step.states)]
            for p in step.rules
        }  # fmt: skip

    def write(self, name: str) -> list[str]:
        """Give the lines of the function."""
        arrays = {a: self.names.fresh(a) for a in self.step.source.arrays}
        loss = self.names.fresh("loss" if "loss" not in self.names.taken else "value")
        saved = "saved"
        given = [
            ast.unparse(self._argument(nest)) for _, nest in self.step.loss.signature
        ]
        given += [f"{a}={own}" for a, own in arrays.items()]
        call = f"{loss}, {saved} = {self.step.source.name}({', '.join(given)})"
        kept = [[names[k] for names in self.kept.values()]
                for k in range(1 + len(self.step.states))]  # fmt: skip
        data = [a for p, a in self.arguments.items() if p not in self.kept]
        heads = [data, *kept, [*NUMBERS, *arrays.values()]]
        is_one_rule = len(set(self.called.values())) == 1
        if is_one_rule and len(self.kept) >= FEWEST_IN_A_LOOP:
            lines, results = self._all_at_once(saved, kept)
            returned = [[loss], [f"*{r}" for r in results]]
        else:
            back, adjoints = self._backward(saved)
            lines = ["# Backward.", back, f"# {self.step.title}"]
            lines += [self._update(p, adjoints[p]) for p in self.kept]
            returned = [[loss], *kept]
        lines = ["# Forward.", call, *lines]
        return [
            *grouped(f"def {name}(", heads, "):", ""),
            f'    """{self.step.summary}"""',
            *(part for line in lines for part in wrapped(f"    {line}")),
            *grouped("return ", returned, "", "    "),
        ]

    def _all_at_once(
        self, saved: str, kept: Sequence[Sequence[str]]
    ) -> tuple[list[str], list[str]]:
        """Update all parameters alike; give the lines, and the lists that they fill."""
        fresh, states = self.names.fresh, self.step.states
        lists = [fresh("parameters"), *(fresh(f"{s}s") for s in states)]
        gradients = fresh("gradients")
        back, adjoints = self._backward(saved)
        lines = ["# Backward.", back]
        whole, sign, call = back.partition(" = ")
        if whole == ", ".join(adjoints.values()):  # in the order of the parameters
            lines = ["# Backward.", f"{gradients}{sign}{call}"]
        else:
            lines.append(f"{gradients} = [{', '.join(adjoints[p] for p in self.kept)}]")
        lines.append(f"# {self.step.title}")
        lines += [
            f"{own} = [{', '.join(names)}]"
            for own, names in zip(lists, kept, strict=True)
        ]
        each, arrays = fresh("each"), fresh("arrays")
        (rule,) = set(self.called.values())
        lines.append(f"{each} = zip({', '.join([lists[0], gradients, *lists[1:]])})")
        given = ", ".join([f"*{arrays}", *NUMBERS])
        new = f"[{rule}({given}) for {arrays} in {each}]"
        if not states:
            return [*lines, f"{lists[0]} = {new}"], lists
        lines += [f"{each} = {new}", f"{', '.join(lists)} = zip(*{each})"]
        return lines, lists

    def _argument(self, nest: object) -> ast.expr:
        inputs = self.step.loss.inputs
        paths = rebuilt(nest, lambda k: inputs[k].attrs["name"])
        return nest_expression(paths, lambda p: ast.Name(self.arguments[p]))

    def _backward(self, saved: str) -> tuple[str, dict[str, str]]:
        """Give the call of the gradient, and the expression of each gradient."""
        nests = gradient_nests(self.step.loss, self.step.rules)
        found: dict[str, str] = {}
        names: list[str] = []
        for parameter, nest in nests.items():
            wish = adjoint_name(parameter)
            names.append(self.names.fresh(wish))
            found |= dict(_places(as_written(nest), ast.Name(names[-1])))
        word, given = "gradient", [saved]
        if not self.step.source.is_loss:
            word, given = "backward", [saved, "1.0"]
        call = f"{self.step.source.name}_{word}({', '.join(given)})"
        return f"{', '.join(names)} = {call}", found

    def _update(self, path: str, gradient: str) -> str:
        new = self.kept[path]
        given: Sequence[str] = [new[0], gradient, *new[1:], *NUMBERS]
        return f"{', '.join(new)} = {self.called[path]}({', '.join(given)})"


def _places(nest: object, place: ast.expr) -> Iterator[tuple[str, str]]:
    """Give the expression of each leaf of a nest of paths."""
    if is_nest(nest):
        for key, part in parts_of(nest):
            yield from _places(part, below(place, key))
    elif isinstance(nest, str):
        yield nest, ast.unparse(place)
