"""A network: layers put together, trained with a step that was derived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from derivo.errors import NotSupportedError, UsageError
from derivo.layers.layer import Layer
from derivo.layers.named import network_loss
from derivo.run.batches import Batches
from derivo.run.c_rows import CRows
from derivo.train.engines import make_engine, source_for
from derivo.train.history import History
from derivo.train.inputs import check_features, read_inputs, same_length
from derivo.train.loop import Plan, State, run_epochs
from derivo.train.model import Model
from derivo.train.optimizers import Optimizer, Rule, find_optimizer, same_rule
from derivo.train.prediction import measure, outputs, outputs_by_jax, stream
from derivo.train.settings import (
    check_engine,
    check_layers,
    check_rate,
    check_settings,
    output_kind,
)
from derivo.train.step import StepDerivation
from derivo.train.targets import Targets
from derivo.train.validation import hold_back

if TYPE_CHECKING:
    from derivo.explain.explanation import Explanation  # loads when it is asked for
    from derivo.verify.nonfinite import Nonfinite

ROWS_EXPLAINED = 4


class Network:
    """Layers in a row, with a loss.

    Parameters
    ----------
    *layers
        Such as ``Dense(128, "relu"), Dense(10)``.
    loss
        "cross_entropy" (classes), "binary_cross_entropy" (yes or no), "squared_error"
        (values), another of `derivo.layers.losses`, or a NumPy function of (y, t) that
        gives one number. A last layer without activation gets the softmax or sigmoid
        that a cross-entropy needs.
    dtype
        float32 or float64. If left out: that of the `x` given to `fit` where it is
        float32 or float64; integers train in float32.

    Attributes
    ----------
    state
        Where training stands.
    """

    def __init__(
        self, *layers: Layer, loss: str | Callable[..., Any] = "cross_entropy",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        check_layers(layers, dtype)
        self.layers = layers
        self.loss = network_loss(loss)
        self.dtype = None if dtype is None else np.dtype(dtype)
        self._output = output_kind(layers[-1], self.loss)
        self.state = State(())
        self._model: Model | None = None
        self._targets: Targets | None = None
        self._rule: Optimizer | None = None
        self._step: StepDerivation | None = None
        self._engine = "numpy"  # what trained it

    # --- building ---------------------------------------------------------------------

    def build(
        self, features: int, *, optimizer: str | Rule = "adam", seed: int = 0
    ) -> StepDerivation:
        """Draw the parameters and derive the step, without training.

        `fit` does this by itself; call it to read the step before there is data.

        Parameters
        ----------
        features
            Number of columns of x.
        optimizer
            Name of the update rule, or a rule of your own.
        seed
            Draws the parameters.
        """
        if self._model is None:
            dtype = self.dtype or np.dtype(np.float32)
            model = Model.build(self.layers, self.loss, features, dtype)
            self.state, self._model = State(model.draw(seed)), model
            self.dtype = dtype
        rule = find_optimizer(optimizer)
        if self._rule is None or not same_rule(rule, self._rule):
            # A new rule starts with its states at 0.
            self._step, self._rule = self._model.derive(rule), rule
            parameters = self._model.weights(self.state.values)
            zeros = [np.zeros_like(p) for _ in rule.states for p in parameters]
            self.state = State((*parameters, *zeros), self.state.epochs, 0)
        return self.derivation

    @property
    def derivation(self) -> StepDerivation:
        """The whole step (forward, loss, backward, update) as one derivation.

        Raises
        ------
        UsageError
            The network is not built yet.
        """
        self._built("derivation")
        assert self._step is not None  # noqa: S101
        return self._step

    def explain(
        self, level: str | Iterable[str] = "all", *, x: Any = None, t: Any = None,
        language: str = "en",
    ) -> Explanation:  # fmt: skip
        """Show where the gradients come from: the loss, with the present parameters.

        Parameters
        ----------
        level, language
            As for `Derivation.explain`.
        x, t
            Examples as for `fit`, or None. With them every step shows its numbers, at
            the present parameters; the first four rows are taken.
        """
        loss = self.derivation.loss
        if x is None or t is None:
            return loss.explain(level, language=language)
        rows = np.asarray(x)[:ROWS_EXPLAINED].astype(self.dtype)
        targets = Targets.read(t, self.layers[-1].units, self._output)
        target = targets.encode(np.asarray(t)[:ROWS_EXPLAINED], self.dtype)
        arrays = {"x": rows, "t": target, **self.parameters}
        return loss.explain(level, language=language, arrays=arrays)

    def source_for(self, engine: str) -> str:
        """Give the text that an engine runs: "numpy", "c" or "jax"."""
        return source_for(self.derivation, engine, self.dtype)

    @property
    def prediction_source(self) -> str:
        """Text of a module with ``predict(x, *parameters)`` and ``evaluate``."""
        return self._built("source").prediction_source

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters by name: copies, that may be written to."""
        names = self._built("parameters").names
        return {n: v.copy() for n, v in zip(names, self.state.values, strict=False)}

    @property
    def features(self) -> int:
        """Number of columns of x; 0 before that is known."""
        return self._model.features if self._model is not None else 0

    def _built(self, what: str) -> Model:
        if self._model is None:
            message = f"no {what} yet: call fit(x, t, epochs=...), or build(features)"
            raise UsageError(message)
        return self._model

    # --- training ---------------------------------------------------------------------

    def fit(  # noqa: PLR0913  what there is to choose
        self, x: Any, t: Any, *, epochs: int, batch_size: int = 32,
        optimizer: str | Rule = "adam", learning_rate: float | None = None,
        validation: tuple[Any, Any] | float | None = None, shuffle: bool = True,
        seed: int = 0, verbose: int = 1, engine: str = "auto",
    ) -> History:  # fmt: skip
        """Train; called again it goes on where it stopped.

        Parameters
        ----------
        x : (N, features)
            Inputs, a row per example.
        t : (N,) or (N, units)
            Labels (integers from 0, or text), one-hot rows or rows of probabilities;
            for a regression, values.
        epochs
            How often all rows are used.
        batch_size
            Rows per step. The last batch of an epoch takes what is left.
        optimizer
            "sgd", "momentum", "nesterov", "adam", or an update rule: see
            `derivo.train.optimizers`.
        learning_rate
            Size of the steps; 0.001 for adam and 0.01 for the others if left out.
        validation
            A pair (x, t), or the share of rows to hold back, such as 0.2.
        shuffle
            Use the rows in a new order in each epoch.
        seed
            Draws the parameters (at the first call) and the orders. The same seed gives
            the same result, bit for bit, on the same machine and engine.
        verbose
            0 for silence, 1 for a bar on a terminal and a line per epoch elsewhere.
        engine
            "numpy", "c" (compiled: needs a C compiler, that of the system or the extra
            `fast`), or "auto", which takes c where there is a compiler and the work is
            worth the time to compile; or "jax" (the step's text under ``jax.numpy``:
            needs the extra `jax`, and runs on accelerators, too). Results are equal to
            rounding; those of c do not depend on the number of threads.

        Returns
        -------
        History
            A row per epoch; the loss is the mean over the epoch's batches as they were
            met.

        Raises
        ------
        DataError
            Data that cannot be trained on: which row, and what to do.
        DivergenceError
            The loss became NaN or infinite.
        UsageError
            Settings that make no sense.
        """
        rule = find_optimizer(optimizer)
        rate = rule.learning_rate if learning_rate is None else learning_rate
        check_settings(epochs, batch_size, rate, engine)
        x = read_inputs(x, self.dtype)
        same_length(x, np.asarray(t))
        targets = self._targets or Targets.read(t, self.layers[-1].units, self._output)
        encoded = targets.encode(t, x.dtype)
        check_features(x, self.features)
        x, encoded, held = hold_back(
            x, encoded, validation, seed, self._read(targets, x.dtype, x.shape[1])
        )
        self.dtype = x.dtype
        self.build(x.shape[1], optimizer=optimizer, seed=seed)
        self._targets = targets
        plan = Plan(len(x), epochs, batch_size, rate, seed, shuffle, verbose,
                    partial(self._scores, held),
                    cause=partial(self._cause, x, encoded))  # fmt: skip
        data = Batches.of_rows(x, encoded)
        runner, reason = make_engine(engine, self.derivation, data, plan)
        history = History(engine=reason)
        self._engine = runner.name
        run_epochs(runner, self.state, plan, history)
        return history

    def _cause(
        self, x: Any, t: Any, values: tuple[Any, ...], rows: Any
    ) -> Nonfinite | None:
        return self.derivation.first_nonfinite((x[rows], t[rows]), values)

    def _read(self, targets: Targets, dtype: Any, features: int) -> Callable[..., Any]:
        def read(x: Any, t: Any) -> tuple[Any, Any]:
            array = read_inputs(x, dtype, name="validation x")
            check_features(array, features, "validation x")
            same_length(array, np.asarray(t), "validation x", "validation t")
            return array, targets.encode(t, dtype, "validation t")

        return read

    # --- using ------------------------------------------------------------------------

    def predict(self, x: Any, *, engine: str = "auto") -> Any:
        """Give a label (or value) for each row of `x`.

        Parameters
        ----------
        x : (N, features)
            Inputs; or an iterator over a stream of them: of rows (features,), of
            batches (N, features), or of both.
        engine
            "numpy"; "c", which is faster for few rows, and compiles at the first call;
            "jax" (needs the extra `jax`); or "auto": C where that trained the network,
            else NumPy. Results of all are equal to rounding.

        Returns
        -------
        array
            (N,) labels in the values that training had; (N,) or (N, units) values for
            a regression. For an iterator a generator of what each row or batch gives,
            which asks for the next one when it is asked itself.
        """
        decode = self._trained().decode
        if isinstance(x, Iterator):
            return stream(lambda rows: decode(self._run(rows, engine)), x)
        return decode(self._run(x, engine))

    def predict_proba(self, x: Any, *, engine: str = "auto") -> Any:
        """Give the probability of each class, (N, units), for each row of `x`.

        The columns are in the order of `classes`; x and engine are as for `predict`,
        and so is what an iterator gives.

        Raises
        ------
        UsageError
            The network gives values, not probabilities.
        """
        if self._trained().kind == "values":
            message = f"with {self.loss.name} there are no probabilities; use predict"
            raise UsageError(message)
        if isinstance(x, Iterator):
            return stream(lambda rows: self._run(rows, engine), x)
        return self._run(x, engine)

    @property
    def classes(self) -> Any:
        """The labels, in the order of the columns of `predict_proba`."""
        found = self._trained()
        return np.arange(found.units) if found.labels is None else found.labels

    def evaluate(self, x: Any, t: Any) -> dict[str, float]:
        """Give the loss, and for labels the accuracy (share of rows that are right)."""
        targets = self._trained()
        x = read_inputs(x, self.dtype)
        check_features(x, self.features)
        same_length(x, np.asarray(t))
        return self._measure(x, targets.encode(t, self.dtype), self.state.values)

    def _trained(self) -> Targets:
        if self._targets is None:
            message = "the network is not trained yet: call fit(x, t, epochs=...)"
            raise UsageError(message)
        return self._targets

    def _run(self, x: Any, engine: str) -> Any:
        check_engine(engine)
        x = read_inputs(x, self.dtype)
        check_features(x, self.features)
        model = self._built("parameters")
        if engine == "c" or (engine == "auto" and self._engine == "c"):
            found = model.compiled_prediction
            if isinstance(found, CRows):
                return found(x, self.state.values)
            if engine == "c":
                raise NotSupportedError(found)
        if engine == "jax":
            weights = model.weights(self.state.values)
            return outputs_by_jax(model.jax_prediction, x, weights)
        return outputs(model.module, x, model.weights(self.state.values))

    def _measure(self, x: Any, t: Any, values: tuple[Any, ...]) -> dict[str, float]:
        model = self._built("parameters")
        return measure(model.module, x, t, model.weights(values), self._trained())

    def _scores(self, held: Any, values: tuple[Any, ...]) -> dict[str, float]:
        found = {} if held is None else self._measure(held[0], held[1], values)
        return {f"validation_{k}": v for k, v in found.items()}

    def export(
        self, folder: str | Path, *, rows: int = 32, train: bool = True,
        learning_rate: float | None = None,
    ) -> Path:  # fmt: skip
        """Write the network into a folder as C99, for machines without Python.

        The folder gets ``model.c`` and ``model.h``, which need no heap and of the C
        library math.h alone, and ``model_test.c`` with ``expected.h``: a program that
        compares them with what NumPy computes.

        Parameters
        ----------
        folder
            Is made if it is not there.
        rows
            The working arrays have room for so many rows: as many are predicted at a
            time, and a training step takes at most as many.
        train
            Export the training step, too. Without it the parameters are constants,
            which a small machine can leave in read-only memory.
        learning_rate
            Of the steps that ``model_test.c`` makes.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        UsageError
            The network is not built yet, or the folder cannot be written to.
        NotSupportedError
            An operation that has no form in C99; the message says which.
        """
        from derivo.export import export_network  # noqa: PLC0415

        model, step = self._built("model"), self.derivation
        rate = step.optimizer.learning_rate if learning_rate is None else learning_rate
        check_rate(rate)
        units = " and ".join(str(layer.units) for layer in self.layers)
        title = (
            f"A network: {model.features} inputs, layers of {units} units, loss "
            f"{self.loss.name}."
        )
        return export_network(
            folder, model, step, self.state.values, rows=rows, train=train, title=title,
            learning_rate=rate, steps=self.state.steps,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        """Show the layers, the loss, and the parameters by name and shape."""
        lines = [repr(self)]
        if self._model is not None:
            lines += [f"{k} {v.shape}" for k, v in self.parameters.items()]
        return f'<pre style="font-family:monospace">{escape(chr(10).join(lines))}</pre>'

    def __getstate__(self) -> dict[str, Any]:
        """Give what a pickle holds: settings and numbers.

        What is derived from them is derived again.
        """
        return vars(self) | {"_model": None, "_step": None, "built": self.features}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take back what `__getstate__` gave."""
        features = state.pop("built")
        vars(self).update(state)
        if features:
            assert self._rule is not None  # noqa: S101  it comes with the parameters
            self._model = Model.build(self.layers, self.loss, features, self.dtype)
            self._step = self._model.derive(self._rule)

    def __repr__(self) -> str:
        """Show the layers and the loss."""
        inner = ", ".join(map(repr, self.layers))
        return f"Network({inner}, loss={self.loss.name!r})"
