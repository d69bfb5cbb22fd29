"""Loops that the user wrote over a list: a step is written inside a ``for``.

Forward, what a step keeps is appended to a list; backward, the loop runs over that list
from its end, and the gradients of the elements are gathered in a list of their own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from derivo.emit.comments import forward_comment
from derivo.emit.expression import written
from derivo.emit.handing_on import in_place, last_things_last, stored_at_once
from derivo.emit.places import NOBODYS, below, nest_expression
from derivo.emit.program import Program
from derivo.emit.statement import (
    Statement,
    append,
    definition,
    definitions,
    insert_first,
    tuple_of,
)
from derivo.emit.wishes import wishes_of
from derivo.emit.writing import StepPrograms, Writing
from derivo.graph.block import Block, Roll, rolls_among
from derivo.graph.names import adjoint_name
from derivo.graph.nest import as_written, parts_of, pruned, rebuilt, short_name
from derivo.graph.node import Node
from derivo.ops.arithmetic import add


def rows_of_loops(
    nodes: Iterable[Node], readers: Mapping[Node, int], arguments: Iterable[Node],
    signature: Iterable[tuple[str, Any]],
) -> set[Node]:  # fmt: skip
    """Give the rows of arrays that are only read as the row of a loop's step."""
    rolls = rolls_among(nodes, arguments, signature).values()
    rows = {
        call.inputs[place]
        for roll in rolls
        if roll is not None
        for call in roll.calls
        for place in roll.rows
    }
    return {n for n in rows if readers[n] == 1}


def write_step(body: Writing, node: Node, nodes: list[Node]) -> None:
    """Write the loop that a call is a step of, where its first step is met.

    Parameters
    ----------
    body
        The function that the loop stands in.
    node
        The call of a step, forward or backward.
    nodes
        Everything that is written in the function.
    """
    if "back" in node.op.traits:
        call = node.inputs[0]
        others = [n.inputs[0] for n in nodes if "back" in n.op.traits]
    else:
        call, others = node, nodes
    number = call.attrs["step"][0]
    roll = rolls_among(others, body.arguments, body.signature)[number]
    if "back" not in node.op.traits:
        if call.attrs["step"][1] == 0:
            assert roll is not None  # noqa: S101  or it would not have stayed
            _Forward(body, roll, nodes).write()
        return
    backs = {n.inputs[0]: n for n in nodes if "back" in n.op.traits}
    _Backward(body, call, backs, nodes).write()


@dataclass
class _Loop:
    """What the forward loop and the backward loop have in common."""

    body: Writing
    nodes: list[Node]

    def read(self, call: Node) -> dict[int, Node]:
        """Give the results of a call that are read, by place."""
        return {
            n.attrs["at"]: n
            for n in self.nodes
            if "result" in n.op.traits and n.inputs[0] is call
        }

    def start(self, node: Node, wish: str, *, read: int) -> str:
        """Give the name of what is handed on from step to step, as the first finds it.

        A value that nothing else reads hands its own name on; an argument does so if
        the user writes over it. `read` is how often the loop reads the value.
        """
        body = self.body
        name = body.bound.get(node)
        is_free = body.readers[node] <= read and node not in body.kept
        if name and is_free and (node not in body.arguments or name == wish):
            return name
        # It has the name that the user gave to what some step hands on.
        held = body.names.held.get(wish)
        mine = {n for c in self.calls_around for n in self.read(c).values()}
        name = body.names.fresh(wish, held if held in mine else None)
        body.statements.append(definition(name, body.expression(node)))
        return name

    @property
    def calls_around(self) -> Iterable[Node]:
        """The calls, forward or backward, that the loop stands for."""
        raise NotImplementedError

    def close(
        self, head: ast.For, inner: Writing, ends: Mapping[str, ast.expr],
        comment: Any,
    ) -> None:  # fmt: skip
        """Add the loop to the body, its last lines leaving what is handed on."""
        for s in inner.statements:
            if s.node is not None and s.node not in self.body.notes:
                self.body.notes[s.node] = comment(s.node, inner.bound)
        may_take = {
            name: {end.id} if isinstance(end, ast.Name) else set()
            for name, end in ends.items()
        }
        lines = stored_at_once(inner.statements, ends.values())
        lines = last_things_last(lines, ends.values())
        lines = in_place(lines, ends, may_take)
        self.body.statements.append(Statement(head))
        self.body.statements += [s.deeper() for s in lines]


@dataclass
class _Forward(_Loop):
    roll: Roll = None  # type: ignore[assignment]

    def __init__(self, body: Writing, roll: Roll, nodes: list[Node]) -> None:
        super().__init__(body, nodes)
        self.roll = roll
        self.block: Block = roll.calls[0].attrs["block"]
        self.step: StepPrograms = body.functions.steps[self.block]

    def write(self) -> None:
        """Write the loop."""
        body, roll, program = self.body, self.roll, self.step.forward
        self.step.rolls[roll.calls[0].attrs["step"][0]] = roll
        first = roll.calls[0]
        inner = body.inner()
        inner.wishes, inner.hints = program.names, {}
        inputs = dict(enumerate(program.inputs))
        for place in roll.fixed:
            self._bind(inner, inputs[place], body.named(first.inputs[place]))
        head = self._over_what(inner, inputs)
        carries = self._carries(inner, inputs)
        kept = [n for n in roll.calls if n in body.kept]
        saved = self.step.kept_by(roll) if kept else None
        own = saved or []
        inner.compute(program.outputs, keep=[n for n in own if n not in inner.bound])
        gathered = self._gather(inner)
        if saved is not None:
            self._keep(inner, own)
        self.step.names = dict(inner.bound)
        for place, name in carries.items():
            output = program.outputs[roll.carried[place]]
            self.step.names[output] = program.names.get(output, name)
        ends = {
            name: inner.expression(program.outputs[roll.carried[place]])
            for place, name in carries.items()
        }

        def comment(node: Node, _bound: Mapping[Node, str]) -> str:
            return forward_comment(node, program.forward_notes)

        self.close(head, inner, ends, comment)
        last = self.read(roll.calls[-1])
        for place, name in carries.items():
            result = last.get(roll.carried[place])
            if result is not None and result not in gathered:
                body.bind(result, name)

    @property
    def calls_around(self) -> Iterable[Node]:
        """The calls that the loop stands for."""
        return self.roll.calls

    def _bind(self, inner: Writing, node: Node, place: ast.expr) -> None:
        if isinstance(place, ast.Name):
            inner.bind(node, place.id)
        else:
            inner.give(node, place)
            inner.scope.add(ast.unparse(place), node.spec)

    def _over_what(self, inner: Writing, inputs: Mapping[int, Node]) -> ast.For:
        """Bind what a step finds in lists and among values; give the head of the loop.

        What lies in the elements of one list is bound by one name, or by the user's own
        for its parts.
        """
        names: list[ast.expr] = []
        over: list[ast.expr] = []
        for root in dict.fromkeys(root for root, _ in self.roll.lists.values()):
            target, whole = self._over_list(inner, root, inputs)
            names.append(target)
            over.append(whole)
        if self.roll.singles:
            names.append(self._over_singles(inner, inputs))
            over.append(self._singles())
        number = self._number(inner, inputs, alone=not names)
        if not names:
            count = ast.Constant(len(self.roll.calls))
            return ast.For(number, ast.Call(ast.Name("range"), [count], []), [], [])
        steps = over[0] if len(over) == 1 else ast.Call(ast.Name("zip"), over, [])
        if not self.roll.rows:
            return ast.For(tuple_of(names), steps, [], [])
        steps = ast.Call(ast.Name("enumerate"), [steps], [])
        return ast.For(ast.Tuple([number, tuple_of(names)]), steps, [], [])

    def _over_list(
        self, inner: Writing, root: str, inputs: Mapping[int, Node]
    ) -> tuple[ast.expr, ast.expr]:
        """Bind what lies in the elements of a list; give their target, and the list."""
        body, first = self.body, self.roll.calls[0]
        mine = {p: rest for p, (r, rest) in self.roll.lists.items() if r == root}
        nest = _element_nest(body, root)
        ways: dict[int, list[ast.Subscript | ast.Attribute]] = {}
        for place, rest in mine.items():
            ways[place] = []
            part = body.expression(first.inputs[place])
            for _ in range(rest.count(".")):
                assert isinstance(part, ast.Subscript | ast.Attribute)  # noqa: S101
                ways[place].insert(0, part)
                part = part.value
        assert isinstance(part, ast.Subscript)  # noqa: S101  of any: the element is one
        whole = part.value
        parts = {f".{k}": key for key, (k, _) in enumerate(parts_of(nest))}
        if isinstance(nest, list | tuple) and all(
            rest in parts and self._users_word(place) for place, rest in mine.items()
        ):
            words: list[ast.expr] = [ast.Name(NOBODYS)] * len(parts)
            for place, rest in mine.items():
                words[parts[rest]] = self._bind_word(inner, place, inputs[place])
            return ast.Tuple(words), whole
        own = [self._users_word(place) for place, rest in mine.items() if not rest]
        variable = body.names.fresh((own and own[0]) or self._element(root))
        body.wholes.add(ast.Name(variable), nest)
        for place, way in ways.items():
            element: ast.expr = ast.Name(variable)
            for step in way:
                if isinstance(step, ast.Attribute):
                    element = ast.Attribute(element, step.attr)
                else:
                    element = ast.Subscript(element, step.slice)
            self._bind(inner, inputs[place], element)
        return ast.Name(variable), whole

    def _over_singles(self, inner: Writing, inputs: Mapping[int, Node]) -> ast.expr:
        """Bind what has a value of its own at every step."""
        return tuple_of(
            [self._bind_word(inner, p, inputs[p]) for p in self.roll.singles]
        )

    def _singles(self) -> ast.expr:
        """Write these values, step by step: ``((w1, b1), (w2, b2))``."""
        expression, places = self.body.expression, self.roll.singles
        steps = (tuple_of([expression(c.inputs[p]) for p in places])
                 for c in self.roll.calls)  # fmt: skip
        return ast.Tuple(list(steps))

    def _users_word(self, place: int) -> str | None:
        """Give the name that the head of the user's loop binds an argument to."""
        return users_word(self.block, self.step.forward, place)

    def _bind_word(self, inner: Writing, place: int, node: Node) -> ast.Name:
        """Bind an argument of a step to a name that the head of the loop binds."""
        wish = self._users_word(place)
        if wish is None:  # that of the first step's value, without its number
            name = self.step.forward.names.get(node, "")
            wish = name.rstrip("0123456789_") or "value"
        name = self.body.names.fresh(wish, node)
        inner.bind(node, name)
        return ast.Name(name)

    def _number(
        self, inner: Writing, inputs: Mapping[int, Node], *, alone: bool
    ) -> ast.expr:
        """Bind the rows of arrays; give what the number of a step is called."""
        if not self.roll.rows:
            return ast.Name(NOBODYS)
        wish = self._word_of_all if alone else ""
        number = ast.Name(self.body.names.fresh(wish or "k"))
        for place, whole in self.roll.rows.items():
            row = ast.Subscript(self.body.named(whole), number)
            self._bind(inner, inputs[place], row)
        return number

    def _element(self, root: str) -> str:
        """Give a word for an element of a list: the user's, or that of the list."""
        own = self._word_of_all
        roots = {r for r, _ in self.roll.lists.values()}
        if own and len(roots) == 1:
            return own
        name = root.rpartition(".")[2]
        return name[:-1] if _is_plural(name) else f"{name}_k"

    @property
    def _word_of_all(self) -> str:
        """The one name that the user's loop binds, if it is one."""
        words = self.block.step_of or ()
        return words[0] if len(words) == 1 else ""

    def _carries(self, inner: Writing, inputs: Mapping[int, Node]) -> dict[int, str]:
        """Write what is handed on as the first step finds it; give the names."""
        program, names = self.step.forward, {}
        for place, result in self.roll.carried.items():
            own = program.names.get(program.outputs[result])
            wish = own or program.names.get(inputs[place]) or "carry"
            start = self.roll.calls[0].inputs[place]
            names[place] = self.start(start, wish, read=1)
            inner.bind(inputs[place], names[place])
        return names

    def _gather(self, inner: Writing) -> set[Node]:
        """Gather results that are not only handed on in a list; give them."""
        body, roll, program = self.body, self.roll, self.step.forward
        handed_on = set(roll.carried.values())
        found: set[Node] = set()
        for at, output in enumerate(program.outputs):
            results = [self.read(c).get(at) for c in roll.calls]
            used = [
                n
                for k, n in enumerate(results)
                if n is not None
                and (n in body.kept or body.readers[n] > self._handed(k, n))
            ]
            if at in handed_on and set(used) <= {results[-1]}:
                continue
            if not used:
                continue
            name = body.names.fresh(f"{inner.bound.get(output, 'out')}_all")
            body.statements.append(definition(name, ast.List([])))
            inner.statements.append(append(name, inner.expression(output)))
            for k, n in enumerate(results):
                if n is not None:
                    body.give(n, below(ast.Name(name), k))
                    found.add(n)
        return found

    def _handed(self, k: int, node: Node) -> int:
        """Count how often the next step reads a result as what is handed on."""
        calls = self.roll.calls
        if k + 1 == len(calls):
            return 0
        return sum(calls[k + 1].inputs[p] is node for p in self.roll.carried)

    def _keep(self, inner: Writing, saved: list[Node]) -> None:
        """Append what a step keeps to a list."""
        body = self.body
        word = "step"
        for root, _ in self.roll.lists.values():
            if self._word_of_all or _is_plural(root.rpartition(".")[2]):
                word = self._element(root)
        name = body.names.fresh(f"saved_{word}s")
        body.statements.append(definition(name, ast.List([])))
        values = [inner.expression(n) for n in saved]
        inner.statements.append(append(name, tuple_of(values)))
        for k, call in enumerate(self.roll.calls):
            body.lists[call] = name, k


def users_word(block: Block, step: Program, place: int) -> str | None:
    """Give the name that the head of the user's loop binds an argument to, if any."""
    name = step.names.get(step.inputs[place])
    return name if name in (block.step_of or ()) else None


def _is_plural(name: str) -> bool:
    return name.endswith("s") and len(name) > 1


def _element_nest(body: Writing, root: str) -> Any:
    """Give the nest of an element of a list among the parameters, with names."""
    names = [n.attrs["name"] for n in body.arguments]
    nest: Any = dict(body.signature)
    for key in root.split("."):
        nest = {str(k): part for k, part in parts_of(nest)}[key]
    return rebuilt(nest[0], lambda k: names[k])


@dataclass
class _Backward(_Loop):
    def __init__(
        self, body: Writing, call: Node, backs: Mapping[Node, Node], nodes: list[Node]
    ) -> None:
        super().__init__(body, nodes)
        number = call.attrs["step"][0]
        mine = [c for c in backs if (c.attrs["step"] or (None,))[0] == number]
        self.calls = sorted(mine, key=lambda c: c.attrs["step"])
        self.backs = [backs[c] for c in self.calls]
        self.call = call
        self.derived = backs[call].attrs["derived"]
        self.block: Block = self.derived.block
        self.step = body.functions.steps[self.block]
        self.program = self.step.backward[self.derived]
        self.roll: Roll = self.step.rolls[number]

    @property
    def calls_around(self) -> Iterable[Node]:
        """The calls that the loop stands for."""
        return self.backs

    def write(self) -> None:
        """Write the loop where its last step is met, or a step by itself."""
        roll = self.roll
        handed_on = self._handed_on(roll)
        if handed_on is None:
            self._write_alone()
        elif self.call is self.calls[-1]:
            self._write_loop(roll, handed_on)

    def _handed_on(self, roll: Roll) -> dict[int, int] | None:
        """Give for each adjoint which gradient of the step after it is.

        None if that is not so at every step: then the steps are written one by one.
        """
        if len({b.attrs["derived"] for b in self.backs}) > 1:
            return None
        if len(self.backs) < len(roll.calls):
            return None
        argument = {result: place for place, result in roll.carried.items()}
        found: dict[int, int] = {}
        for k, at in enumerate(self.derived.seeded):
            place = argument.get(at)
            if place not in self.derived.wrt:
                return None
            gradient = self.derived.wrt.index(place)
            for back, after in zip(self.backs, self.backs[1:], strict=False):
                given = back.inputs[1 + k]
                if given.inputs[:1] != (after,) or given.attrs.get("at") != gradient:
                    return None
                if self.body.readers[given] > 1:
                    return None
            found[k] = gradient
        return found

    def _begin(self) -> tuple[Writing, list[ast.expr]]:
        """Give the body of a step back, and the names of what was kept for it."""
        program, inner = self.program, self.body.inner()
        names: list[ast.expr] = []
        fixed = dict(zip(program.inputs, self.call.inputs, strict=True))
        kept = self.step.kept_by(self.roll)
        for n in self.step.saved.values:
            if n not in kept:
                inner.give(n, self.body.expression(fixed[n]))
                inner.scope.add(ast.unparse(inner.given[n]), n.spec)
                continue
            wish = self.step.names.get(n) or program.names.get(n) or "value"
            name = inner.names.fresh(wish, n)
            inner.bound[n] = name
            if "call" not in n.op.traits:
                inner.scope.add(name, n.spec)
            names.append(ast.Name(name))
        inner.wishes, inner.hints = wishes_of(program, self.step.names)
        return inner, names

    def _write_alone(self) -> None:
        """Write a step back outside of a loop."""
        body, back = self.body, next(b for b in self.backs if b.inputs[0] is self.call)
        inner, names = self._begin()
        name, number = body.lists[self.call]
        place = below(ast.Name(name), number)
        if names:
            body.statements.append(
                Statement(ast.Assign([tuple_of(list(names))], place))
            )
        for seed, adjoint in zip(self.program.seeds, back.inputs[1:], strict=True):
            name = inner.names.fresh(seed.attrs["name"])
            body.statements.append(definition(name, body.expression(adjoint)))
            inner.bind(seed, name)
        gradients = list(self.program.gradients.values())
        inner.compute(gradients, keep=[g for g in gradients if g.inputs])
        self._note(inner)
        body.statements += inner.statements
        for at, n in self.read(back).items():
            place = inner.expression(gradients[at])
            if isinstance(place, ast.Name):
                body.bind(n, place.id)
            else:
                body.give(n, place)

    def _note(self, inner: Writing) -> None:
        for s in inner.statements:
            if s.node is not None:
                note = self.program.comment(s.node, inner.bound)
                self.body.notes.setdefault(s.node, note)

    def _write_loop(self, roll: Roll, handed_on: dict[int, int]) -> None:
        body, program, last = self.body, self.program, self.backs[-1]
        inner, names = self._begin()
        inner.wishes = {**inner.wishes, **self._words(roll)}
        carries: dict[int, str] = {}
        for k, seed in enumerate(program.seeds):
            output = program.outputs[program.seeded[k]]
            wish = self.step.names.get(output) or program.names.get(output)
            wish = adjoint_name(wish) if wish else seed.attrs["name"]
            carries[k] = self.start(last.inputs[1 + k], wish, read=1)
            inner.bind(seed, carries[k])
        gradients = list(program.gradients.values())
        inner.compute(gradients)
        singles = self._gather(inner, roll, gradients, handed_on)
        ends = {
            name: inner.expression(gradients[handed_on[k]])
            for k, name in carries.items()
        }
        target = tuple_of([*names]) if names else ast.Name(NOBODYS)
        over = ast.Call(ast.Name("reversed"), [ast.Name(body.lists[self.call][0])], [])
        self.close(ast.For(target, over, [], []), inner, ends, program.comment)
        for place, whole in singles.items():
            self._take_apart(whole, place)
        first = self.read(self.backs[0])
        for k, name in carries.items():
            result = first.get(handed_on[k])
            if result is not None:
                body.bind(result, name)

    def _words(self, roll: Roll) -> dict[Node, str]:
        """Name the gradients of what lies in lists, or in the rows of arrays."""
        names: dict[Node, str] = {}
        for place, gradient in zip(
            self.derived.wrt, self.program.gradients.values(), strict=True
        ):
            own = users_word(self.block, self.step.forward, place)
            if own and place not in (*roll.fixed, *roll.carried):
                names[gradient] = adjoint_name(own)
            elif place in roll.lists:
                root, rest = roll.lists[place]
                names[gradient] = adjoint_name(short_name(f"{root}{rest}"))
            elif place in roll.rows and roll.rows[place] in self.body.arguments:
                own = short_name(roll.rows[place].attrs["name"])
                names[gradient] = adjoint_name(f"{own}_row")
        return names

    def _gather(
        self, inner: Writing, roll: Roll, gradients: list[Node],
        handed_on: Mapping[int, int],
    ) -> dict[int, str]:  # fmt: skip
        """Gather the gradients of the elements of lists, and what else is read.

        Gives the lists of what belongs to a value of its own at every step.
        """
        body, wrt = self.body, self.derived.wrt
        read = {at for b in self.backs for at in self.read(b)}
        left = {wrt[at]: at for at in read if at not in handed_on.values()}
        for root in dict.fromkeys(root for root, _ in roll.lists.values()):
            place_of = {
                f"{root}.0{rest}": place
                for place, (r, rest) in roll.lists.items()
                if r == root and place in left
            }
            nest = pruned(_element_nest(body, root), place_of.__contains__)
            nest = as_written(nest)
            if nest is None:
                continue
            name = body.names.fresh(adjoint_name(root.rpartition(".")[2]))
            body.statements.append(definition(name, ast.List([])))
            of_path = {path: gradients[left[k]] for path, k in place_of.items()}
            expressions = {path: inner.expression(g) for path, g in of_path.items()}
            nest_text = nest_expression(
                nest, expressions.__getitem__, inner.wholes, exactly=True
            )
            inner.statements.append(insert_first(name, nest_text))
            whole = ast.Name(name)
            body.wholes.add(whole, [nest for _ in self.backs])
            for k, back in enumerate(self.backs):
                results = self.read(back)
                parts = _leaf_places(nest, below(whole, k))
                for path, where in parts:
                    result = results.get(left[place_of[path]])
                    if result is not None:
                        body.give(result, where)
            for place in place_of.values():
                left.pop(place)
        return self._gather_rest(inner, gradients, left)

    def _gather_rest(
        self, inner: Writing, gradients: list[Node], left: Mapping[int, int]
    ) -> dict[int, str]:
        """Gather what is neither handed on nor of a list, by place of the argument.

        What comes back to a value that every step reads is added up.
        """
        body = self.body
        singles: dict[int, str] = {}
        for place, at in left.items():
            total = self._total(at) if place in self.roll.fixed else None
            if total is not None:
                self._add_up(inner, gradients[at], total, place)
                continue
            name = body.names.fresh(f"{_word(inner, gradients[at])}s")
            whole = ast.Name(name)
            body.statements.append(definition(name, ast.List([])))
            body.wholes.add(whole, [None for _ in self.backs])
            insertion = insert_first(name, inner.expression(gradients[at]))
            inner.statements.append(insertion)
            if place in self.roll.singles:
                singles[place] = name
                continue
            for k, back in enumerate(self.backs):
                result = self.read(back).get(at)
                if result is not None:
                    body.give(result, below(whole, k))
        return singles

    def _take_apart(self, whole: str, place: int) -> None:
        """Name what was gathered for values that were none of a list."""
        body, at = self.body, self.derived.wrt.index(place)
        names: list[str] = []
        for call, back in zip(self.calls, self.backs, strict=True):
            result = self.read(back).get(at)
            if result is None:
                names.append(NOBODYS)
                continue
            own = body.wishes.get(result) or body.hints.get(result)
            names.append(body.names.fresh(own or self._adjoint_of(call, place), result))
            body.bind(result, names[-1])
        body.statements.append(definitions(names, ast.Name(whole)))

    def _adjoint_of(self, call: Node, place: int) -> str:
        """Name the adjoint of what a step takes."""
        value = call.inputs[place]
        word = value.attrs.get("name") or self.body.wish(value)
        return adjoint_name(short_name(word))

    def _total(self, at: int) -> tuple[Node, set[Node]] | None:
        """Find the sum of a gradient over all steps, and the sums on the way to it."""
        results = {self.read(b).get(at) for b in self.backs}
        if None in results or len(results) < len(self.backs):
            return None
        parts: dict[Node, frozenset[Node]] = {
            r: frozenset([r]) for r in results if r is not None
        }
        sums: set[Node] = set()
        for n in self.nodes:
            if n.op is not add or any(i not in parts for i in n.inputs):
                continue
            if any(self.body.readers[i] > 1 for i in n.inputs):
                return None
            sums.add(n)
            parts[n] = frozenset().union(*(parts[i] for i in n.inputs))
            if len(parts[n]) == len(results):
                return n, sums - {n}
        return None

    def _add_up(
        self, inner: Writing, gradient: Node, total: tuple[Node, set[Node]], place: int
    ) -> None:
        """Add a gradient up from step to step."""
        body, (node, inside) = self.body, total
        own = body.wishes.get(node) or body.hints.get(node)
        name = body.names.fresh(own or _word(inner, gradient), node)
        like = self._at_hand(place)
        zeros: ast.expr = ast.Constant(0)
        if like is not None:
            zeros = written("np.zeros_like({0})", like)
        body.statements.append(definition(name, zeros))
        tree = ast.AugAssign(ast.Name(name), ast.Add(), inner.expression(gradient))
        inner.statements.append(Statement(tree, gradient))
        body.bind(node, name)
        body.left_to_loops |= inside

    def _at_hand(self, place: int) -> ast.expr | None:
        """Give the value that every step reads, if the backward pass has it."""
        node = self.call.inputs[place]
        return self.body.expression(node) if self.body.is_at_hand(node) else None


def _word(inner: Writing, node: Node) -> str:
    return inner.bound.get(node) or inner.wish(node)


def _leaf_places(nest: Any, place: ast.expr) -> Iterable[tuple[Any, ast.expr]]:
    """Give the leaves of a nest that lies at a place, with theirs."""
    if not parts_of(nest):
        yield nest, place
    for key, part in parts_of(nest):
        yield from _leaf_places(part, below(place, key))
