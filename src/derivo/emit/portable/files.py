"""The files of an exported model: its text, its header, and a test with its numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derivo.emit.c.layout import block, comment, wrapped
from derivo.emit.c.place import plain, reserved, size_name
from derivo.emit.plan.computation import Computation
from derivo.emit.plan.layout import origin
from derivo.emit.portable.elements import function_text
from derivo.emit.portable.scope import Arrays, is_given, true_shape
from derivo.emit.portable.writer import NOTED, FunctionWriter
from derivo.graph.builder import Constant
from derivo.graph.names import Names
from derivo.graph.node import Node, order

ROWS = "MODEL_ROWS"
_WIDE = 88
# Names that the files have themselves.
_OWN = """
rows x_rows i j k l p q r u v real larger smaller index_within index_was_beyond whole
failed model_real model_predict model_train predict_some steps
"""
_OF_PREDICT = (
    "Give y, MODEL_OUTPUTS numbers a row, for x, MODEL_INPUTS numbers a row, row after "
    "row; any number of rows."
)
_OF_TRAIN = (
    f"Make a training step on at most {ROWS} rows, and give the loss before it. NAN: "
    "the loss is not finite, an index lies beyond its axis, a whole number is too "
    "large for model_real, or the number of rows does not fit; then nothing is changed."
)
_HELPERS = {
    "larger": "static long larger(long a, long b) { return a > b ? a : b; }",
    "smaller": "static long smaller(long a, long b) { return a < b ? a : b; }",
    "noted": "static int index_was_beyond;",
    "index_within": """\
/* An index: a negative one counts from behind, one beyond the axis is noted. */
static long index_within(long at, long n) {
    if (at >= -n && at < n) return at < 0 ? at + n : at;
    index_was_beyond = 1;
    return 0;
}""",
    "whole": """\
/* A whole number that was computed: one that real cannot hold is noted. */
static double whole(double x) {
    const double limit = sizeof(real) == 4 ? 16777216.0 : 9007199254740992.0;
    if (!(fabs(x) < limit && x == floor(x))) index_was_beyond = 1;
    return x;
}""",
}


@dataclass(frozen=True)
class ExportedFunction:
    """A function of arrays that has results of its own.

    Attributes
    ----------
    name
        What it is called.
    note
        What it gives.
    computation
        Its graph; all its arguments are `kept`.
    results
        A name for each of the outputs.
    """

    name: str
    note: str
    computation: Computation
    results: tuple[str, ...]


@dataclass(frozen=True)
class Exported:
    """What is exported.

    Attributes
    ----------
    title
        What it is, for comments.
    single
        float32 rather than float64.
    rows
        Rows that the working arrays have room for.
    sizes
        Values of the other named sizes.
    values
        Parameters and states as they are now, by name.
    predict, train
        What is computed; None for what is left out.
    steps
        How many training steps were made so far.
    functions
        Further functions.
    """

    title: str
    single: bool
    rows: int
    values: Mapping[str, Any]
    predict: Computation | None = None
    train: Computation | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    steps: int = 0
    functions: tuple[ExportedFunction, ...] = ()

    @property
    def computations(self) -> tuple[Computation, ...]:
        """All that is computed."""
        own = (self.predict, self.train, *(f.computation for f in self.functions))
        return tuple(c for c in own if c is not None)


def model_files(exported: Exported) -> dict[str, str]:
    """Write ``model.c`` and ``model.h``.

    Raises
    ------
    NotSupportedError
        An operation that has no form in C99; the message says which.
    """
    return _Files(exported).written()


class _Files:
    def __init__(self, exported: Exported) -> None:
        self.exported = exported
        sizes = map(size_name, exported.sizes)
        given = {
            argument_name(n)
            for c in exported.computations
            for n in (*c.batches, *c.kept, *c.numbers) if n.op.name == "argument"
            and n.attrs["name"] not in exported.values
        }  # fmt: skip
        given |= {name for f in exported.functions for name in f.results}
        self.names = Names({*reserved(), *_OWN.split(), *sizes, *given, ROWS})
        self.parameters = {
            name: self.names.fresh(plain(name)) for name in exported.values
        }
        self.constants: dict[int, tuple[str, Any]] = {}
        self.writers: list[FunctionWriter] = []
        self.arrays = Arrays(self.names)

    def written(self) -> dict[str, str]:
        functions = []
        if self.exported.predict is not None:
            functions.append(self._predict(self.exported.predict))
        if self.exported.train is not None:
            functions.append(self._train(self.exported.train))
        functions += map(self._function, self.exported.functions)
        body = "\n\n".join(functions)
        head = [
            "\n".join(comment(self.exported.title)),
            '#include "model.h"\n\n#include <math.h>',
            "typedef model_real real;",
        ]
        sizes = ", ".join(
            f"{size_name(k)} = {n}" for k, n in self.exported.sizes.items()
        )
        if sizes:
            head.append(f"enum {{ {sizes} }};")
        head += self._helpers(body)
        memory = self.arrays.declared()
        if memory:
            room = f", for {ROWS} rows" if self.exported.rows else ""
            note = comment(f"What is computed on the way{room}.")
            head.append("\n".join([*note, *memory]))
        text = "\n\n".join([*head, *self._arrays(), body])
        return {"model.c": wrapped(text) + "\n", "model.h": self._header()}

    # --- parts ------------------------------------------------------------------------

    def _helpers(self, body: str) -> list[str]:
        used = {f for w in self.writers for f in w.used}
        functions = [
            function_text(f, single=self.exported.single)
            for f in sorted(used, key=lambda f: f.name)
        ]
        whole = body + "".join(functions)
        needed = {name for name in _HELPERS if re.search(rf"\b{name}\(", whole)}
        if needed & {name.removesuffix("(") for name in NOTED}:
            needed.add("noted")
        return [*(t for name, t in _HELPERS.items() if name in needed), *functions]

    def _arrays(self) -> list[str]:
        """Write the parameters, and the arrays that were closed over."""
        found = []
        kind = "static real" if self.exported.train is not None else "static const real"
        for name, value in self.exported.values.items():
            found.append(
                _array(kind, self.parameters[name], value, self.exported.single)
            )
        for name, value in self.constants.values():
            found.append(_array("static const real", name, value, self.exported.single))
        return found

    def _known(self, computation: Computation) -> dict[Node, str]:
        """Give what the arguments of a computation are called."""
        known: dict[Node, str] = {}
        for node in (*computation.batches, *computation.kept, *computation.numbers,
                     *order(computation.roots)):  # fmt: skip
            value = node.attrs.get("value")
            if isinstance(value, Constant):
                if id(value) not in self.constants:
                    wish = computation.names.get(node, "constant")
                    name = self.names.fresh(plain(wish))
                    self.constants[id(value)] = name, np.asarray(value.array)
                known[node] = self.constants[id(value)][0]
            elif is_given(node):
                name = node.attrs["name"]
                known[node] = self.parameters.get(name) or argument_name(node)
        return known

    def _writer(
        self, computation: Computation, known: dict[Node, str]
    ) -> FunctionWriter:
        self.arrays.begin()
        writer = FunctionWriter(
            computation, single=self.exported.single, known=known, arrays=self.arrays,
            most_rows=ROWS,
        )  # fmt: skip
        self.writers.append(writer)
        return writer

    # --- functions --------------------------------------------------------------------

    def _predict(self, computation: Computation) -> str:
        computation = computation.for_small_machines()
        (output,) = map(origin, computation.outputs)
        known = self._known(computation)
        known[output] = y = self.names.fresh("y")
        writer = self._writer(computation, known)
        lines = writer.write("")
        (x,) = computation.batches
        name, size = known[x], size_name(computation.rows)
        heading = (
            f"static void predict_some(const real *{name}, long {size}, real *{y})"
        )
        some = block(heading, lines)
        columns, units = (_columns(n) for n in (x, output))
        call = [
            f"const long some = rows - first < {ROWS} ? rows - first : {ROWS};",
            f"predict_some({name} + first * {columns}, some, {y} + first * {units});",
        ]
        loop = block(f"for (long first = 0; first < rows; first += {ROWS})", call)
        whole = block(
            f"void model_predict(const model_real *{name}, long rows, model_real *{y})",
            [loop],
        )
        return f"{some}\n\n{whole}"

    def _train(self, computation: Computation) -> str:
        computation = computation.for_small_machines()
        known = self._known(computation)
        writer = self._writer(computation, known)
        steps = computation.numbers
        lines = writer.write("return (real)NAN;")
        counted = any(n.attrs["name"] == "step_number" for n in steps)
        loss = writer.loss()
        rows = computation.rows
        body = []
        if rows:
            body += [
                f"const long {size_name(rows)} = rows;",
                f"if (rows < 1 || rows > {ROWS}) return (real)NAN;",
            ]
        if counted:
            body.append("const double step_number = (double)(steps + 1);")
        unused = [n for n in ("learning_rate",) if not _is_read(n, lines)]
        body += [f"(void){n};" for n in (*unused, *(() if rows else ("rows",)))]
        if counted and not _is_read("step_number", lines):
            body.append("(void)step_number;")
        if any(w in line for line in lines for w in NOTED):
            body.append("index_was_beyond = 0;")
        data = list(self._data(computation))
        given = _arguments(data, [known[n] for n in data])
        head = f"model_real model_train({given}long rows, double learning_rate)"
        before = f"static long steps = {self.exported.steps};\n\n" if counted else ""
        end = [*(["++steps;"] if counted else []), f"return {loss};"]
        return before + block(head, [*body, *lines, *end])

    def _function(self, function: ExportedFunction) -> str:
        """Write a function whose results are put where its last arguments point."""
        computation = function.computation.for_small_machines()
        known = self._known(computation)
        data = list(self._data(computation))
        names = [known[n] for n in data]
        given = _arguments(data, names)
        outputs = [*zip(function.results, computation.outputs, strict=True)]
        for name, node in outputs:
            # What is computed as an array is computed where it is wanted.
            if true_shape(node.spec.shape) and origin(node).inputs:
                known.setdefault(origin(node), name)
        writer = self._writer(computation, known)
        lines = writer.write("")
        for name, node in outputs:
            lines += writer.put(node, name)
        noted = any(w in line for line in lines for w in NOTED)
        before = ["index_was_beyond = 0;"] if noted else []
        before += [f"(void){n};" for n in names if not _is_read(n, lines)]
        failed = "index_was_beyond" if noted else "0"
        results = ", ".join(f"model_real *{name}" for name in function.results)
        head = f"int {function.name}({given}{results})"
        return block(head, [*before, *lines, f"return {failed};"])

    def _data(self, computation: Computation) -> Iterable[Node]:
        kept = [
            n for n in computation.kept
            if is_given(n) and not isinstance(n.attrs.get("value"), Constant)
            and n.attrs["name"] not in self.parameters
        ]  # fmt: skip
        return (*computation.batches, *kept)

    # --- the header -------------------------------------------------------------------

    def _header(self) -> str:
        e = self.exported
        kind = "float" if e.single else "double"
        lines = [
            *comment(e.title), "#ifndef MODEL_H", "#define MODEL_H", "",
            f"typedef {kind} model_real;", "",
        ]  # fmt: skip
        if e.predict is not None:
            (x,), (output,) = e.predict.batches, e.predict.outputs
            inputs, outputs = (_columns(n) for n in (x, output))
            lines += [
                f"enum {{ MODEL_INPUTS = {inputs}, MODEL_OUTPUTS = {outputs} }};",
                f"enum {{ {ROWS} = {e.rows} }};",
                "",
                *comment(_OF_PREDICT),
                "void model_predict(const model_real *x, long rows, model_real *y);",
            ]
        elif e.train is not None:
            lines += [f"enum {{ {ROWS} = {e.rows} }};"]
        for function in e.functions:
            data = list(self._data(function.computation))
            given = _arguments(data, map(argument_name, data))
            results = ", ".join(f"model_real *{name}" for name in function.results)
            lines += [
                *([""] if function is not e.functions[0] else []),
                *comment(function.note),
                f"int {function.name}({given}{results});",
            ]
        if e.train is not None:
            names = [argument_name(n) for n in self._data(e.train)]
            given = _arguments(self._data(e.train), names)
            lines += [
                "",
                *comment(_OF_TRAIN),
                f"model_real model_train({given}long rows, double learning_rate);",
            ]
        return wrapped("\n".join([*lines, "", "#endif"])) + "\n"


def argument_name(node: Node) -> str:
    """Give what an argument is called in C: a part of a nest by its way, ``p_w``."""
    return plain_name(node.attrs["name"])


def plain_name(path: str) -> str:
    """Give a name that C takes for a way into a nest: ``p_w`` for ``p["w"]``."""
    name = re.sub(r"\W+", "_", plain(path) if path.isidentifier() else path).strip("_")
    return name if name not in reserved() else f"{name}_given"


def is_one_number(node: Node) -> bool:
    """Tell whether an argument is given as a number, not as an array."""
    return not true_shape(node.spec.shape)


def _arguments(data: Iterable[Node], names: Iterable[str]) -> str:
    """Declare what a step is made on, each followed by a comma."""
    return "".join(
        f"{'const model_real *' if true_shape(n.spec.shape) else 'model_real '}{name}, "
        for n, name in zip(data, names, strict=True)
    )


def _columns(node: Node) -> str:
    sizes = [str(d) for d in true_shape(node.spec.shape[1:])]
    return " * ".join(sizes) or "1"


def _is_read(name: str, lines: Iterable[str]) -> bool:
    return any(re.search(rf"\b{name}\b", line) for line in lines)


def number_text(value: float, *, single: bool) -> str:
    """Write a number so that it is read back exactly."""
    value = float(value)
    if not np.isfinite(value):
        return "NAN" if np.isnan(value) else "INFINITY" if value > 0 else "-INFINITY"
    text = np.format_float_positional(np.float32(value), unique=True, trim="0")
    if not single:
        text = repr(value)
    elif len(text) > 14:
        text = np.format_float_scientific(np.float32(value), unique=True, trim="0")
    return f"{text}f" if single else text


def _array(kind: str, name: str, value: Any, single: bool) -> str:
    """Write an array with its elements, or a number."""
    array = np.asarray(value)
    if array.size == 1:
        return f"{kind} {name} = {number_text(array.item(), single=single)};"
    if not array.any():
        return f"{kind} {name}[{array.size}] = {{0}};"
    return array_text(f"{kind} {name}", array, single=single)


def array_text(head: str, array: Any, *, single: bool) -> str:
    """Write an array with its elements, in lines."""
    lines, line = [], "   "
    for value in np.asarray(array).ravel():
        text = f" {number_text(value, single=single)},"
        if len(line) + len(text) > _WIDE:
            lines.append(line)
            line = "   "
        line += text
    shape = ", ".join(map(str, np.shape(array)))
    note = f" /* ({shape}) */" if np.ndim(array) > 1 else ""
    inner = "\n".join([*lines, line]).rstrip(",")
    return f"{head}[{np.size(array)}] = {{{note}\n{inner}\n}};"
