"""The derived step against backpropagation written by hand, from the textbook."""

from functools import partial

import numpy as np
import pytest

import derivo
from derivo.layers import Dense
from derivo.train.optimizers import adam, find_optimizer


def blobs(rows=50, features=4, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    t = rng.integers(0, classes, rows)
    return rng.normal(size=(rows, features)) + t[:, None], t


def hand_written(x, t, w1, b1, w2, b2):
    """Goodfellow et al. (2016), algorithm 6.4, for tanh, softmax and cross-entropy."""
    h = np.tanh(x @ w1 + b1)
    e = np.exp(h @ w2 + b2)
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[t == 1]).mean()
    d_n2 = (p - t) / len(x)
    d_n1 = d_n2 @ w2.T * (1 - h**2)
    return loss, (x.T @ d_n1, d_n1.sum(axis=0), h.T @ d_n2, d_n2.sum(axis=0))


def network():
    return derivo.Network(Dense(5, "tanh"), Dense(3, "softmax"), dtype=np.float64)


def fit_one_epoch(net, x, t, **options):
    return net.fit(
        x,
        t,
        **{"epochs": 1, "shuffle": False, "verbose": 0, "engine": "numpy", **options},
    )


def test_gradient_descent_equals_backpropagation_by_hand():
    x, t = blobs()
    net = network()
    net.build(4, optimizer="sgd", seed=3)
    values = list(net.parameters.values())
    history = fit_one_epoch(
        net, x, t, optimizer="sgd", learning_rate=0.5, batch_size=20
    )
    losses = []
    for rows in (slice(0, 20), slice(20, 40), slice(40, 50)):
        loss, gradients = hand_written(x[rows], np.eye(3)[t[rows]], *values)
        values = [v - 0.5 * g for v, g in zip(values, gradients, strict=True)]
        losses.append(loss)
    for expected, actual in zip(values, net.parameters.values(), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-14)
    assert history["loss"][0] == pytest.approx(
        np.average(losses, weights=[20, 20, 10]), rel=1e-12
    )


def by_the_book(rule, g, w, rate, steps):
    """Each rule as its paper prints it, for one number and the gradients `g`."""
    m = v = u = 0.0
    for k in range(1, steps + 1):
        d = g(w)
        if rule == "adam":
            m = 0.9 * m + (1 - 0.9) * d
            v = 0.999 * v + (1 - 0.999) * d * d
            w = w - rate * (m / (1 - 0.9**k)) / ((v / (1 - 0.999**k)) ** 0.5 + 1e-8)
        elif rule == "momentum":
            u = 0.9 * u - rate * d
            w = w + u
        elif rule == "nesterov":
            # Held: theta + mu v, where the gradient is taken (Sutskever 2013, 3-4).
            u_new = 0.9 * u - rate * d
            w = (w - 0.9 * u) + u_new + 0.9 * u_new
            u = u_new
        else:
            w = w - rate * d
    return w


@pytest.mark.parametrize("rule", ["sgd", "momentum", "nesterov", "adam"])
def test_an_update_rule_is_the_published_one(rule):
    # One weight w, input 1, target 3: the loss is (w + b - 3)^2. The bias moves alike.
    net = derivo.Network(Dense(1, init="zeros"), loss="squared_error", dtype=np.float64)
    net.fit(
        np.ones((1, 1)),
        np.array([3.0]),
        epochs=7,
        optimizer=rule,
        learning_rate=0.05,
        verbose=0,
        engine="numpy",
    )
    expected = by_the_book(rule, lambda w: 2 * (2 * w - 3), 0.0, 0.05, 7)
    assert float(net.parameters["w1"][0, 0]) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("rule", ["sgd", "momentum", "nesterov", "adam"])
def test_training_follows_pytorch(rule):
    torch = pytest.importorskip("torch")
    x, t = blobs()
    net = network()
    net.build(4, optimizer=rule, seed=1)
    values = [torch.tensor(v, requires_grad=True) for v in net.parameters.values()]
    theirs = {
        "sgd": lambda: torch.optim.SGD(values, lr=0.05),
        "momentum": lambda: torch.optim.SGD(values, lr=0.05, momentum=0.9),
        "nesterov": lambda: torch.optim.SGD(
            values, lr=0.05, momentum=0.9, nesterov=True
        ),
        "adam": lambda: torch.optim.Adam(values, lr=0.05),
    }[rule]()
    fit_one_epoch(
        net, x, t, optimizer=rule, learning_rate=0.05, batch_size=10, epochs=4
    )
    for _ in range(4):
        for k in range(0, 50, 10):
            rows = torch.tensor(x[k : k + 10])
            h = torch.tanh(rows @ values[0] + values[1])
            logits = h @ values[2] + values[3]
            loss = torch.nn.functional.cross_entropy(
                logits, torch.tensor(t[k : k + 10])
            )
            theirs.zero_grad()
            loss.backward()
            theirs.step()
    for expected, actual in zip(values, net.parameters.values(), strict=True):
        np.testing.assert_allclose(
            actual, expected.detach().numpy(), rtol=1e-9, atol=1e-12
        )


def test_a_rule_takes_other_constants():
    x, t = blobs()
    nets = [network(), network()]
    fit_one_epoch(nets[0], x, t, optimizer=adam)
    fit_one_epoch(nets[1], x, t, optimizer=partial(adam, beta1=0.5))
    assert "0.5 * m_w1" in nets[1].derivation.source
    assert not np.array_equal(nets[0].parameters["w1"], nets[1].parameters["w1"])


def test_a_rule_of_ones_own_is_traced_into_the_step():
    def signed(parameter, gradient, learning_rate, step_number):
        new = parameter - learning_rate * np.sign(gradient)
        return (new,)

    x, t = blobs()
    net = network()
    net.build(4, optimizer=signed)
    before = net.parameters["b2"]
    fit_one_epoch(net, x, t, optimizer=signed, learning_rate=0.25, batch_size=50)
    assert set(np.abs(net.parameters["b2"] - before).tolist()) == {0.25}
    assert "np.sign(d_w1)" in net.derivation.source


def test_states_of_a_rule_are_read_from_its_arguments():
    assert find_optimizer("adam").states == ("m", "v")
    assert find_optimizer("sgd").states == ()
    with pytest.raises(derivo.errors.UsageError, match=r"takes \(parameter, gradient"):
        find_optimizer(lambda w, g: w)
