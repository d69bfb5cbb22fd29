"""The whole C text of a computation: a function for each leaf, steps, threads."""

from __future__ import annotations

from derivo.emit.c.columns import ColumnsWriter, TotalWriter
from derivo.emit.c.forms import has_form
from derivo.emit.c.functions import functions_text
from derivo.emit.c.in_numpy import InNumpyWriter, handed_over
from derivo.emit.c.layout import block, comment, declared, wrapped
from derivo.emit.c.move import MoveWriter
from derivo.emit.c.outside import APPLY, ASK, CALL, OUTSIDE, TAKE_MEMORY, movers
from derivo.emit.c.place import (
    Module,
    factor_text,
    plain,
    reserved,
    size_name,
    size_text,
)
from derivo.emit.c.plain import PlainWriter
from derivo.emit.c.rows import RowsWriter
from derivo.emit.c.runtime import Target, runtime
from derivo.emit.c.simple import (
    GatherWriter,
    PointwiseWriter,
    TurnedWriter,
    numbers_text,
    turn_call,
)  # fmt: skip
from derivo.emit.c.tile import TileWriter
from derivo.emit.c.writer import LeafText, Writer
from derivo.emit.plan.computation import Computation, with_insides
from derivo.emit.plan.items import is_literal
from derivo.emit.plan.layout import (
    Layout,
    Line,
    Number,
    Panels,
    is_turned,
    layout_of,
    origin,
    turning,
)  # fmt: skip
from derivo.emit.plan.leaf import (
    Columns,
    Gather,
    InNumpy,
    Leaf,
    Move,
    Numbers,
    Plain,
    Plan,
    Pointwise,
    Rows,
    Scan,
    Tile,
    Total,
    Turned,
)  # fmt: skip
from derivo.emit.plan.schedule import schedule
from derivo.graph.dim import product
from derivo.graph.names import Names
from derivo.graph.node import Node, order

_WRITERS: dict[type[Leaf], type[Writer]] = {
    Gather: GatherWriter, Pointwise: PointwiseWriter, Tile: TileWriter,
    Rows: RowsWriter, Columns: ColumnsWriter, Total: TotalWriter,
    Turned: TurnedWriter, Plain: PlainWriter, Move: MoveWriter, InNumpy: InNumpyWriter,
}  # fmt: skip


def write_c(computation: Computation, target: Target, title: str) -> str:
    """Write a computation as C.

    Parameters
    ----------
    computation
        What is computed.
    target
        The machine, and the floating type.
    title
        For the comment at the top.

    Raises
    ------
    NotSupportedError
        What has no form in C, and is not to be had from NumPy; the message says what.
    """
    prepared = computation.prepared()
    plan = schedule(prepared, has_form)
    return _ModuleWriter(prepared, plan, target).text(title)


def left_to_numpy(computation: Computation) -> tuple[Node, ...]:
    """Give what NumPy computes for a text, in the order of the numbers in it.

    Parameters
    ----------
    computation
        As it is `prepared`.
    """
    nodes = with_insides(order(computation.roots))
    if all(map(_needs_no_numpy, nodes)):
        return ()
    return schedule(computation, has_form).in_numpy


def _needs_no_numpy(node: Node) -> bool:
    """Tell whether a value is an argument, a number, part of a loop, or has a form."""
    is_given = not node.op.traits.isdisjoint({"item", "leaf"}) or is_literal(node)
    is_made = not node.inputs and node.op.element is not None
    return is_given or is_made or has_form(node)


class _ModuleWriter:
    def __init__(self, computation: Computation, plan: Plan, target: Target) -> None:
        self.computation = computation
        self.plan = plan
        self.target = target
        self.sizes = computation.sizes
        # Names of the numbers of steps in loops over time.
        self.counters: dict[str, None] = {}
        self.functions: list[str] = []
        self.phases: list[str] = []
        self.module = Module(
            target,
            {},
            computation.names,
            Names({*reserved(), *map(size_name, self.sizes)}),
            {n: k for k, n in enumerate(plan.in_numpy)},
            computation.rows,
        )
        self._name_values()

    # --- names ------------------------------------------------------------------------

    def _name_values(self) -> None:
        """Name what lies in memory, in the order in which it is met."""
        c = self.computation
        for node in (*c.batches, *c.kept, *c.numbers):
            self._name(node, node.attrs.get("name", "constant"))
        for node in self.plan.mirrors:
            self._name(node, self._turned_name(node))
        for leaf in self.plan.leaves:
            self._name_leaf(leaf)

    def _name_leaf(self, leaf: Leaf) -> None:
        """Name what a leaf computes."""
        names, arrays = self.computation.names, self.module.arrays
        for node in leaf.nodes:
            is_number = isinstance(layout_of(node.spec.shape), Number)
            alone = isinstance(leaf, Turned | Plain | InNumpy)
            if node in leaf.kept or is_number or alone:
                turned = self._turned_name(node) if is_turned(node) else ""
                self._name(node, names.get(node) or turned or node.op.name)
        if isinstance(leaf, InNumpy):
            self._name_by_rows(leaf)
        if isinstance(leaf, Move):
            of = leaf.to if leaf.value is None else leaf.value
            wish = names.get(leaf.to) or arrays.get(origin(of)) or names.get(of)
            self._name(leaf.to, f"{wish or leaf.to.op.name}")
        if isinstance(leaf, Scan):
            self.counters[leaf.counter] = None
            for inside, value in leaf.outside.items():
                arrays[inside] = arrays[origin(value)]
            for move in leaf.begin:
                self._name_leaf(move)
            for result, carry in leaf.same.items():
                arrays[result] = arrays[origin(carry)]

    def _name(self, node: Node, wish: str) -> None:
        if node not in self.module.arrays:
            self.module.arrays[node] = self.module.names.fresh(plain(wish))

    def _name_by_rows(self, leaf: InNumpy) -> None:
        """Name what NumPy sees of values that do not lie row by row."""
        module = self.module
        for node in handed_over(leaf):
            name, layout = module.arrays[node], layout_of(node.spec.shape)
            if name not in module.by_rows and not isinstance(layout, Line):
                kind = "number" if isinstance(layout, Number) else "by_rows"
                module.by_rows[name] = module.names.fresh(f"{name}_{kind}")

    def _turned_name(self, node: Node) -> str:
        source = self.module.arrays.get(origin(node.inputs[0]), "values")
        return f"{source}_turned"

    # --- the text ---------------------------------------------------------------------

    def text(self, title: str) -> str:
        """Write the file."""
        step = self._plan(self.plan)
        blocks = [
            "\n".join(comment(title)),
            *runtime(self.target),
            *functions_text(self.module.used, single=self.target.single),
            self._struct(),
            *self.functions,
            self._memory(),
            self._step(step),
            self._beginnings(),
            movers(self.computation, self.module),
            OUTSIDE,
            *self._calls(),
            *([ASK] if self.module.in_numpy else []),
        ]
        return wrapped("\n\n".join(b.strip() for b in blocks)) + "\n"

    def _calls(self) -> list[str]:
        """Give the call of a function of rows, or of one without steps."""
        if not self.computation.outputs:
            return []
        return [APPLY if self.computation.batches else CALL]

    def _leaf(self, leaf: Leaf) -> LeafText:
        if isinstance(leaf, Numbers):
            return numbers_text(leaf, self.module)
        return _WRITERS[type(leaf)](leaf, self.module).write()

    def _arrays(self) -> list[tuple[str, Layout]]:
        """Give all arrays, with how they lie."""
        names = self.module.arrays
        # Inside a loop a value may have another's array.
        of_name = {name: n for n, name in reversed(names.items())}
        found = [(name, layout_of(of_name[name].spec.shape)) for name in
                 dict.fromkeys(names.values())]  # fmt: skip
        for leaf in self.plan.leaves:
            if isinstance(leaf, Total) and leaf.of_rows:
                (node,) = leaf.nodes
                layout = layout_of(node.inputs[0].spec.shape)
                assert isinstance(layout, Panels)  # noqa: S101
                found.append((f"{names[node]}_rows", Line(layout.rows)))
        for node, name in reversed(names.items()):
            rows = self.module.by_rows.get(name)
            if rows and not isinstance(layout_of(node.spec.shape), Number):
                found.append((rows, Line(product(node.spec.shape))))
        return [*dict(found).items()]

    def _numbers_by_rows(self) -> list[str]:
        """Give the numbers that NumPy is given or gives, as they lie in memory."""
        of_name = {name: n for n, name in self.module.arrays.items()}
        return [
            rows for name, rows in self.module.by_rows.items()
            if isinstance(layout_of(of_name[name].spec.shape), Number)
        ]  # fmt: skip

    def _struct(self) -> str:
        arrays = [
            f"*{name}" for name, at in self._arrays() if not isinstance(at, Number)
        ]
        numbers = [name for name, at in self._arrays() if isinstance(at, Number)]
        given = [f"*{self.module.arrays[n]}_all" for n in self.computation.batches]
        asked = [f"*{name}" for name in self._numbers_by_rows()]
        ask = [
            "    int (*ask_numpy)(int value, void **arrays, long rows);",
            "    int *is_lost;  /* it failed */",
        ]
        lines = [
            "/* The arrays of a step, and its numbers: each thread has a copy. */",
            "struct step {",
            "    const int64_t *order;  /* which rows; NULL: from `first` on */",
            "    long first;",
            "    int is_changed;  /* arrays were put in since the last run */",
            *(f"    long {n};" for n in map(size_name, self.sizes)),
            *(f"    long {n};" for n in self.counters),
            *declared("real", arrays),
            *(declared("const real", given) if given else ()),
            *(declared("double", numbers) if numbers else ()),
            *(declared("double", asked) if asked else ()),
            *(ask if self.module.in_numpy else ()),
            "};",
        ]
        return "\n".join(lines)

    def _memory(self) -> str:
        """Write how memory is given out: the arrays lie one after the other."""
        lines = [f"const long {n} = s->{n};" for n in map(size_name, self.sizes)]
        lines += [
            f"s->{name} = take_memory(&at, {self._length(layout)});"
            for name, layout in self._arrays() if not isinstance(layout, Number)
        ]  # fmt: skip
        lines += [
            f"s->{name} = (double *)take_memory(&at, 2);"
            for name in self._numbers_by_rows()
        ]
        if self.module.in_numpy:
            lines.append("s->is_lost = (int *)take_memory(&at, 1);")
        body = block(
            "static char *place_arrays(struct step *s, char *at)",
            [*lines, "return at;"],
        )
        return f"{TAKE_MEMORY.strip()}\n{body}"

    def _length(self, layout: Layout) -> str:
        if isinstance(layout, Line):
            return factor_text(layout.length)
        assert isinstance(layout, Panels)  # noqa: S101
        width, rows = self.target.width(layout.cols), factor_text(layout.rows)
        if isinstance(layout.cols, int):
            return f"{rows} * {-(-layout.cols // width) * width}"
        return (
            f"{rows} * (({size_text(layout.cols)} + {width - 1}) / {width} * {width})"
        )

    def _step(self, lines: list[str]) -> str:
        """Write the phases, and the step that goes through them."""
        note = "One step of all threads. Gives 0 if the loss is not finite."
        return "\n".join([
            "#define SHARE(n, m) share(n, m, part, parts), share(n, m, part+1, parts)",
            "#define PANELS(n) SHARE(n, PANEL)",
            "#define ROWS(n) SHARE(n, rows_together(n, parts))",
            "#define EACH(n) (n) * part / parts, (n) * (part + 1) / parts",
            *self.phases,
            *comment(note),
            block(
                "static int make_step(struct step *s, struct member *me)",
                [*lines, "return 1;"],
            ),
        ])  # fmt: skip

    def _plan(self, plan: Plan) -> list[str]:
        """Write the statements that go through the phases of a plan."""
        return [line for phase in plan.phases for line in self._leaves(phase.leaves)]

    def _leaves(self, leaves: tuple[Leaf, ...]) -> list[str]:
        """Write the statements of one phase; loops over time come last."""
        lines, last = [], []
        texts = [(n, self._leaf(n)) for n in leaves if not isinstance(n, Scan)]
        shared = [(leaf, text) for leaf, text in texts if leaf.length is not None]
        self.functions += [t.functions for _, t in texts if t.functions]
        asks = [text.call for leaf, text in texts if isinstance(leaf, InNumpy)]
        for leaf, text in texts:
            if isinstance(leaf, InNumpy):
                last += [text.last] if text.last else []
            elif leaf.length is None:
                lines += [*text.call.split("\n"), *self._check(leaf)]
                last += [text.last] if text.last else []
        if asks:
            lines.append(block("if (!me->thread)", asks))
            last.insert(0, "if (*s->is_lost) return 0;")
        if shared:
            lines += self._together(shared)
        elif texts:
            lines.append("meet(me);")
        scans = [self._scan(leaf) for leaf in leaves if isinstance(leaf, Scan)]
        return [*lines, *last, *scans]

    def _scan(self, scan: Scan) -> str:
        """Write a loop over time."""
        now, count = f"s->{scan.counter}", size_text(scan.count, "s->")
        head = f"for ({now} = 0; {now} < {count}; ++{now})"
        if scan.is_reverse:
            head = f"for ({now} = {count} - 1; {now} >= 0; --{now})"
        begin = self._leaves(scan.begin)
        if scan.goes_apart:
            texts = [(n, self._leaf(n)) for n in scan.body.leaves]
            self.functions += [t.functions for _, t in texts if t.functions]
            return "\n".join([*begin, *self._together(texts, head)])
        return "\n".join([*begin, block(head, self._plan(scan.body))])

    def _together(
        self, texts: list[tuple[Leaf, LeafText]], loop: str = ""
    ) -> list[str]:
        """Write a phase, and the statements that have all threads do it."""
        number = len(self.phases) + 1
        self.phases.append(self._phase(number, texts, loop))
        cheap = all(text.is_cheap_in_parts for _, text in texts)
        each = "PARTS" if cheap else "1"
        return [f"/* Phase {number}. */", f"together(phase_{number}, s, {each}, me);"]

    def _phase(self, number: int, texts: list[tuple[Leaf, LeafText]], loop: str) -> str:
        """Write what is done in a part of a phase, perhaps again and again."""
        by_rows = all(leaf.goes_by_rows for leaf, _ in texts)
        calls = []
        for leaf, text in texts:
            assert leaf.length is not None  # noqa: S101
            length = size_text(leaf.length, "s->")
            share = "EACH" if leaf.is_whole else "ROWS" if by_rows else "PANELS"
            calls += text.call.replace("{share}", f"{share}({length})").split("\n")
        given = "s"
        if loop:
            given = "of_all"
            calls = ["struct step own = *of_all, *s = &own;", block(loop, calls)]
        head = f"static void phase_{number}(const struct step *{given}, "
        return block(f"{head}long part, long parts)", calls)

    def _check(self, leaf: Leaf) -> list[str]:
        """Stop before anything is updated if the loss is not finite."""
        loss = self.computation.loss
        if loss is None or origin(loss) not in leaf.nodes:
            return []
        if not isinstance(leaf, Numbers | Total):
            return []
        return [f"if (!isfinite(s->{self.module.arrays[origin(loss)]})) return 0;"]

    def _beginnings(self) -> str:
        """Write what is done when a run and when a step begins."""
        names = self.module.arrays
        turns = []
        for node in self.plan.mirrors:
            whole = turning(node)
            assert whole is not None  # noqa: S101
            rows = f"0, {size_text(whole.rows, 's->')}"
            call = turn_call(
                f"s->{names[origin(node.inputs[0])]}", f"s->{names[node]}", whole,
                lambda d: factor_text(d, "s->"), self.target, rows,
            )  # fmt: skip
            if whole.count != 1:
                count = size_text(whole.count, "s->")
                head = f"for (long stack = 0; stack < {count}; ++stack)"
                call = f"{head}\n    {call}"
            turns.append(call)
        counts = [
            f"s->{names[n]} = step_number;" for n in self.computation.numbers
            if n.attrs["name"] == "step_number"
        ]  # fmt: skip
        loss = self.computation.loss
        value = "0" if loss is None else f"s->{names[origin(loss)]}"
        rows = self.computation.rows
        set_rows = f"s->{size_name(rows)} = rows;" if rows else ""
        called = [size_name(n) for n in self.sizes]
        sizes = [f"s->{n} = sizes[{k}];" for k, n in enumerate(called)]
        return "\n".join([
            block(
                "static void set_sizes(struct step *s, const long *sizes)",
                [*sizes, "(void)s, (void)sizes;"],
            ),
            block(
                "static void set_rows(struct step *s, long rows)",
                [*([set_rows] if rows else []), "(void)s, (void)rows;"],
            ),
            block("static void begin_run(struct step *s)", [*turns, "(void)s;"]),
            block("static void begin_step(struct step *s, double step_number)",
                  [*counts, "(void)s, (void)step_number;"]),
            block(
                "static double loss_of(const struct step *s)",
                ["(void)s;", f"return {value};"],
            ),
        ])  # fmt: skip
