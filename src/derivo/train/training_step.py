"""`training_step`: a training step of any loss, and the object that holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from derivo.derivation import Derivation
from derivo.emit.highlighted import highlighted
from derivo.errors import DataError, NotSupportedError, ShapeError, UsageError
from derivo.graph.dim import name_of, names
from derivo.graph.nest import leaves
from derivo.graph.node import Graph
from derivo.passes import Comparison
from derivo.run.arguments import as_array, bind
from derivo.run.batches import Batches
from derivo.trace.arguments.given import Given
from derivo.train.engines import make_engine, source_for
from derivo.train.history import History
from derivo.train.loop import Plan, State, diverged, run_epochs
from derivo.train.one_by_one import Batch, OneByOne
from derivo.train.optimizers import Rule, find_optimizer
from derivo.train.parameters import (
    as_nests,
    check_kinds,
    check_parameters,
    common_type,
    in_shape,
    plain_numbers,
    read_values,
)
from derivo.train.settings import (
    check_engine,
    check_rate,
    check_settings,
)
from derivo.train.step import USUAL_ROWS, StepDerivation, axis_of, step_of

if TYPE_CHECKING:
    from derivo.explain.explanation import Explanation  # loads when it is asked for
    from derivo.verify.nonfinite import Nonfinite
    from derivo.verify.report import Report

OPTIONS = ("epochs", "batch_size", "shuffle", "seed", "verbose", "engine")
ROWS_EXPLAINED = 4


def training_step(  # noqa: PLR0913  what there is to choose
    loss: Callable[..., Any],
    /,
    *,
    params: Mapping[str, Any],
    optimizer: str | Rule = "adam",
    learning_rate: float | None = None,
    shapes: Mapping[str, Any] | None = None,
    static: Mapping[str, Any] | None = None,
    assume: Iterable[str] = (),
    keep: str | Iterable[str] = (),
    inline: str | Iterable[str] = (),
    verify: bool = True,
    engine: str = "auto",
    **specs: Any,
) -> TrainingStep:
    """Derive a training step of a loss written in plain NumPy.

    ``step = derivo.training_step(loss, params={"w": w, "b": b}, x="N 3", t="N")`` is
    forward pass, backward pass and update in one; ``step(x=x, t=t)`` makes a step.

    Parameters
    ----------
    loss
        Takes data and parameters, and gives one number.
    params
        Argument of the loss to its initial value: an array, a floating number, or a
        dict, list, tuple, named tuple or dataclass of these. All float32, or all
        float64: the step trains in that type, and data is converted to it.
    optimizer
        "sgd", "momentum", "nesterov", "adam", or an update rule: see
        `derivo.train.optimizers`.
    learning_rate
        Size of the steps; 0.001 for adam and 0.01 for the others if left out.
    shapes, static, assume, keep, inline, verify, **specs
        As for `derivo.derive`: shapes of the data, settings, and how to write. Size N
        is the number of examples, or if no N is named, the first size that has a name.
        A name may stand for a size of a parameter: with a `w` of 3 rows and
        ``x="N L"``, L is 3.
    engine
        What runs ``step(...)``, and ``fit`` where that is told nothing else: "numpy",
        "c" (compiled), or "auto", which takes c where it can and the work is worth the
        time to compile; for steps one by one that is once enough of them were made;
        or "jax" (needs the extra `jax`).

    Returns
    -------
    TrainingStep
        To call, to train with, to read, to check.

    Raises
    ------
    UsageError
        A name that is no argument, an optimizer that is not known, an argument with
        neither a shape nor an initial value.
    DtypeError
        Integers among the parameters, or several floating types.
    ShapeError
        A loss that is not one number, or shapes that do not fit, with the line.
    """
    data = {**specs, **(shapes or {})}
    rule = find_optimizer(optimizer)
    rate = rule.learning_rate if learning_rate is None else learning_rate
    check_rate(rate)
    check_engine(engine)
    check_parameters(loss, params, {**data, **(static or {})})
    _refuse_options(data)
    given = Given.read(loss, {**params, **data}, static)
    check_kinds(params, given)
    compare: Comparison | None = None
    if verify:
        from derivo.verify import same  # noqa: PLC0415

        compare = same.compare
    rows = _rows(given, data)
    derived = Derivation.of(
        loss, replace(given, initial=tuple(params)), wrt=tuple(params), assume=assume,
        keep=keep, inline=inline, compare=compare,
    )  # fmt: skip
    _check_rows(derived.traced, rows)
    _check_loss(derived.traced)
    step = step_of(derived, derived.wanted, rule, rows)
    found = TrainingStep(step, tuple(params), params, rate)
    found.engine = engine
    return found


def _refuse_options(data: Mapping[str, Any]) -> None:
    """Refuse data that is called like an option of `TrainingStep.fit`."""
    for name in data:
        if name in OPTIONS:
            message = f"{name!r} is an option of fit, too: rename the argument"
            raise UsageError(message)


def _check_loss(graph: Graph) -> None:
    """Refuse a loss that is not one number."""
    if len(graph.outputs) != 1 or graph.outputs[0].spec.rank:
        given = ", ".join(str(o.spec) for o in graph.outputs)
        message = (
            f"a loss is one number, and {graph.name} gives {given}. Instead: return "
            "one number, such as np.mean(...) of it"
        )
        raise ShapeError(message)


def _check_rows(graph: Graph, rows: str) -> None:
    """Refuse a number of examples that has to be another size."""
    for tie in graph.ties:
        if tie.name == rows:
            message = (
                f"the number of examples, {rows}, would have to be {tie.dim} at "
                f"{tie.line}. Instead: give data shapes that fit the parameters, and "
                "line the axes up: a.T, a[:, None], a.reshape(...)"
            )
            raise ShapeError(message)


def _rows(given: Given, data: Mapping[str, Any]) -> str:
    """Give the name of the size that is the number of examples; "" if there is none."""
    named = [
        name_of(d)
        for top in data if top in given.specs
        for spec in leaves(given.specs[top])
        for d in spec.shape
    ]  # fmt: skip
    known = [name for name in named if name]
    return USUAL_ROWS if USUAL_ROWS in known else next(iter(known), "")


class TrainingStep:
    """A loss, its parameters, and the step that trains them: see `training_step`.

    Parameters
    ----------
    derivation
        The step, derived.
    trained
        Names of the arguments that are trained.
    params
        Their initial values.
    learning_rate
        Size of the steps.

    Attributes
    ----------
    derivation
        The whole step (forward, loss, backward, update) as one derivation.
    learning_rate, engine
        May be set at any time.
    dtype
        float32 or float64.
    """

    def __init__(
        self, derivation: StepDerivation, trained: tuple[str, ...],
        params: Mapping[str, Any], learning_rate: float,
    ) -> None:  # fmt: skip
        self.derivation = derivation
        self.trained = trained
        self.learning_rate = learning_rate
        self.engine = "auto"
        values = read_values(self._graph, trained, params)
        self.dtype = common_type(values, plain_numbers(self._graph, params))
        first = in_shape(values, {p: values[p].shape for p in derivation.parameters},
                         self.dtype)  # fmt: skip
        zeros = [np.zeros_like(p) for _ in derivation.optimizer.states for p in first]
        self._newest = State((*first, *zeros))
        self._others: dict[Any, StepDerivation] = {}
        self._one_by_one = OneByOne()

    # --- what is held -----------------------------------------------------------------

    @property
    def _graph(self) -> Graph:
        return self.derivation.loss.traced

    @property
    def _state(self) -> State:
        """Where training stands, with what compiled steps have made of it."""
        self._one_by_one.fetch(self._newest)
        return self._newest

    @property
    def _parameters(self) -> dict[str, Any]:
        return dict(zip(self.derivation.parameters, self._state.values, strict=False))

    @property
    def params(self) -> dict[str, Any]:
        """The parameters in their nests: copies. Set them to go on from others.

        Setting them leaves what the optimizer keeps of earlier steps as it is.
        """
        copies = {path: np.array(a) for path, a in self._parameters.items()}
        return as_nests(self._graph, self.trained, copies)

    @params.setter
    def params(self, new: Mapping[str, Any]) -> None:
        values = read_values(self._graph, self.trained, new)
        shapes = {path: a.shape for path, a in self._parameters.items()}
        states = self._state.values[len(shapes) :]
        self._state.values = (*in_shape(values, shapes, self.dtype), *states)

    @property
    def state(self) -> State:
        """Where training stands, as a copy: parameters, optimizer, steps and epochs.

        It can be pickled; setting it goes on from there as if training had not stopped.
        """
        copies = tuple(np.array(v) for v in self._state.values)
        return State(copies, self._state.epochs, self._state.steps)

    @state.setter
    def state(self, new: State) -> None:
        own = [v.shape for v in self._state.values]
        shapes = [np.shape(v) for v in new.values]
        if shapes != own:
            message = (
                f"this state has arrays of the shapes {shapes}, and the step keeps "
                f"{own}: it comes from other parameters, or from another optimizer"
            )
            raise ShapeError(message)
        copies = tuple(np.array(v, self.dtype, order="C") for v in new.values)
        state = self._state
        state.values, state.epochs, state.steps = copies, new.epochs, new.steps

    # --- text -------------------------------------------------------------------------

    @property
    def source(self) -> str:
        """Text of a module that needs nothing but NumPy: what the NumPy engine runs."""
        return self.derivation.source

    def source_for(self, engine: str) -> str:
        """Give the text that an engine runs: "numpy", "c" or "jax"."""
        return source_for(self.derivation, engine, self.dtype)

    def check(self, **options: Any) -> Report:
        """Compare gradients with numerical derivatives: see `Derivation.check`."""
        found: Report = self.derivation.check(**options)
        return found

    def explain(
        self, level: str | Iterable[str] = "all", *, language: str = "en", **data: Any
    ) -> Explanation:
        """Show where the gradients come from: see `Derivation.explain`.

        With data every step shows its numbers, at the present parameters; the first
        four examples are taken.
        """
        loss = self.derivation.loss
        if not data:
            return loss.explain(level, language=language)
        values, _ = self._bind(data)
        batches = self._batches(values)
        few = batches.taken(np.arange(min(ROWS_EXPLAINED, batches.rows)))
        arrays = dict(zip(self.derivation.data, few, strict=True))
        return loss.explain(level, language=language, arrays=arrays | self._parameters)

    # --- training ---------------------------------------------------------------------

    def __call__(self, **batch: Any) -> Any:
        """Make one step on a batch, and give the loss before it.

        Parameters
        ----------
        **batch
            The data, by the names of the loss's arguments.

        Returns
        -------
        float
            A NumPy number of the type that is trained in.

        Raises
        ------
        UsageError
            Data that is missing, or no argument.
        ShapeError
            Data that does not fit the shapes: which axis.
        DivergenceError
            The loss is NaN or infinite, with the operation that made it; parameters
            are as they were before the step.
        """
        check_engine(self.engine)
        values, sizes = self._bind(batch)
        self._refuse_none(sizes)
        step, rate = self._holding(sizes, values), float(self.learning_rate)
        given = Batch(step, self._one_batch(values), sizes)
        loss, is_fine = self._one_by_one.make_step(
            self.engine, given, self._newest, rate
        )
        if not is_fine:
            state = self._state
            cause = step.first_nonfinite(given.data.arrays, state.values)
            where = f"step {state.steps + 1}"
            raise diverged(where, loss, rate, cause)
        return self.dtype.type(loss)

    def fit(
        self, *, epochs: int, batch_size: int = 32, shuffle: bool = True,
        seed: int = 0, verbose: int = 1, engine: str | None = None, **data: Any,
    ) -> History:  # fmt: skip
        """Train on data; called again it goes on where it stopped.

        Parameters
        ----------
        epochs
            How often all examples are used.
        batch_size
            Examples per step. The last batch of an epoch takes what is left. Where no
            shape names a size, each step takes all data, and is an epoch.
        shuffle
            Use the examples in a new order in each epoch.
        seed
            Draws the orders. The same seed gives the same result, bit for bit, on the
            same machine and engine.
        verbose
            0 for silence, 1 for a bar on a terminal and a line per epoch elsewhere.
        engine
            "numpy", "c" (compiled; needs a C compiler), "auto", which takes c where it
            can and the work is worth the time to compile, or "jax" (needs the extra
            `jax`); ``step.engine`` if left out.
        **data
            Arrays by the names of the loss's arguments. Those whose shape has the size
            of the examples are cut into batches along that axis, others are handed on
            whole.

        Returns
        -------
        History
            A row per epoch; the loss is the mean over the epoch's batches as they were
            met.

        Raises
        ------
        UsageError, ShapeError
            Settings that make no sense, data that does not fit.
        DivergenceError
            The loss became NaN or infinite: the step, and the operation that made it.
        NotSupportedError
            The step has no form in the engine; the message says what.
        """
        engine = self.engine if engine is None else engine
        check_settings(epochs, batch_size, self.learning_rate, engine)
        values, sizes = self._bind(data)
        self._refuse_none(sizes)
        batches = self._batches(values)
        size = min(batch_size, batches.rows)
        steps = {
            n: self._holding({**sizes, self.derivation.rows: n}, values)
            for n in {size, batches.rows % size or size}
        }
        plan = Plan(
            batches.rows, epochs, size, self.learning_rate, seed, shuffle, verbose,
            lambda _values: {}, sizes, partial(self._cause, batches),
        )  # fmt: skip
        runner, reason = self._engine(engine, steps, batches, plan)
        history = History(engine=reason)
        run_epochs(runner, self._state, plan, history)
        return history

    def _engine(
        self, wish: str, steps: Mapping[int, StepDerivation], data: Batches, plan: Plan
    ) -> tuple[Any, str]:
        """Give the engine for batches of these lengths."""
        whole = steps[plan.batch_size]
        if all(s is whole for s in steps.values()) and whole.graph.axes == data.axes:
            return make_engine(wish, whole, data, plan)
        what = "batches of this size are derived for themselves"
        if wish == "c":
            message = f"{what}, and compiled steps are for batches of any size"
            raise NotSupportedError(message)
        places = [k for k, axis in enumerate(data.axes) if axis is not None]

        def step(*arguments: Any) -> Any:
            k = places[0]
            length = arguments[k].shape[data.axes[k]] if places else plan.batch_size
            own = steps[length]
            return (own.jax_function if wish == "jax" else own.function)(*arguments)

        if wish == "jax":
            return make_engine(wish, whole, data, plan, step)
        runner, reason = make_engine("numpy", whole, data, plan, step)
        return runner, reason if wish == "numpy" else f"{reason} ({what})"

    def export(self, folder: str | Path, /, **data: Any) -> Path:
        """Write the step into a folder as C99, for machines without Python.

        The folder gets ``model.c`` and ``model.h``, which need no heap and of the C
        library math.h alone, and ``model_test.c`` with ``expected.h``: a program that
        compares them with what NumPy computes.

        Parameters
        ----------
        folder
            Is made if it is not there.
        **data
            An example of the data of a step, as for `fit`. Its sizes are those that are
            exported; a step on the machine may have fewer examples.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        NotSupportedError
            An operation that has no form in C99; the message says which.
        UsageError, ShapeError
            Data that does not fit, or a folder that cannot be written to.
        """
        from derivo.export import export_step  # noqa: PLC0415

        values, sizes = self._bind(data)
        self._refuse_none(sizes)
        own = self._holding(sizes, values)
        batches = self._batches(values)
        return export_step(folder, own, self.state, batches, sizes, self.learning_rate)

    # --- data -------------------------------------------------------------------------

    def _bind(self, data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
        """Check data; give it by path, in the type of the step, and the sizes."""
        loss = self.derivation.loss
        for name in data:
            if name in self.trained:
                message = f"{name!r} is trained: set step.params to change it"
                raise UsageError(message)
        kinds = {n.attrs["name"]: n.spec.kind for n in self._graph.inputs}
        given = {
            path: self._in_type(path, value, kinds.get(path, ""))
            for path, value in loss.named(data).items()
        }
        missing = [p for p in self.derivation.data if p not in given]
        odd = [f"{p} is missing" for p in missing]
        odd += [f"{p} is not an argument" for p in given if p not in kinds]
        if odd:
            message = (
                f"a step of {self._graph.name} takes the data "
                f"{', '.join(self.derivation.data) or 'of no name'}; check "
                f"{'; '.join(odd)}"
            )
            raise UsageError(message)
        # What compiled steps made is fetched only where it is looked at: shapes stay.
        assumed = {a.name for a in loss.backward.assumptions}
        state = self._state if assumed & {*self.derivation.parameters} else self._newest
        known = zip(self.derivation.parameters, state.values, strict=False)
        return bind(self._graph, (), given | dict(known))

    def _in_type(self, name: str, value: Any, kind: str) -> Any:
        array = as_array(value, name)
        if kind == "float" and array.dtype.kind in "fiub":
            array = array.astype(self.dtype, copy=False)
        return array

    def _one_batch(self, values: Mapping[str, Any]) -> Batches:
        """Give data for one step, with its axes of examples."""
        graph = self.derivation.graph
        arrays = tuple(values[path] for path in self.derivation.data)
        pairs = zip(arrays, graph.axes, strict=True)
        count = next((a.shape[k] for a, k in pairs if k is not None), 1)
        return Batches(arrays, graph.axes, count, self.dtype)

    def _batches(self, values: Mapping[str, Any]) -> Batches:
        """Give data with its axes of examples.

        Raises
        ------
        UsageError
            An array with several such axes, or with one that is made of that size.
        """
        rows = self.derivation.rows
        specs = {n.attrs["name"]: n.spec for n in self._graph.inputs}
        axes = []
        for path in self.derivation.data:
            spec = specs[path]
            of_rows = [d for d in spec.shape if rows and rows in names(d)]
            if len(of_rows) > 1 or any(name_of(d) != rows for d in of_rows):
                message = (
                    f"{path} has the shape {spec}, which cannot be cut into batches of "
                    f"{rows} examples: the size {rows} is to be one axis of it. Make "
                    "the batches yourself and call step(...)"
                )
                raise UsageError(message)
            axes.append(axis_of(spec, rows))
        arrays = tuple(values[path] for path in self.derivation.data)
        pairs = zip(arrays, axes, strict=True)
        count = next((a.shape[k] for a, k in pairs if k is not None), 1)
        return Batches(arrays, tuple(axes), count, self.dtype)

    def _refuse_none(self, sizes: Mapping[str, int]) -> None:
        if sizes.get(self.derivation.rows) == 0:
            message = (
                f"there are no examples: the size {self.derivation.rows} is 0. Give at "
                "least one"
            )
            raise DataError(message)

    def _holding(
        self, sizes: Mapping[str, int], values: Mapping[str, Any]
    ) -> StepDerivation:
        """Give the step that holds for sizes and values: this one, nearly always."""
        own = self.derivation
        loss = own.loss.holding({k: n for k, n in sizes.items() if k}, values)
        if loss is own.loss:
            return own
        if loss not in self._others:
            self._others[loss] = step_of(loss, own.parameters, own.optimizer, own.rows)
        return self._others[loss]

    def _cause(
        self, data: Batches, values: tuple[Any, ...], rows: Any
    ) -> Nonfinite | None:
        return self.derivation.first_nonfinite(data.taken(rows), values)

    # --- copies, display --------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Give what a pickle or a copy holds; what is derived for some sizes is not."""
        return vars(self) | {
            "_newest": self._state, "_others": {}, "_one_by_one": OneByOne()
        }  # fmt: skip

    def _repr_html_(self) -> str:
        """Show the source in a notebook."""
        return highlighted(self.source)

    def __repr__(self) -> str:
        """Show what is trained, how, and how to see the source."""
        trained = ", ".join(f"{path} {a.shape}" for path, a in self._parameters.items())
        return (
            f"<training step of {self._graph.name} with "
            f"{self.derivation.optimizer.name} for {trained}: print(step.source)>"
        )
