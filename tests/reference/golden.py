#!/usr/bin/env python3
"""Densities, divergences of normal distributions, their derivatives and schedules, from their definitions in 60 digits: the numbers that
`tests/reference` holds the functions of `reference` against. Nothing is shared with the program, not even the precision.

usage: golden.py > golden.json          needs mpmath
"""

import json
import random

from mpmath import cos, diff, exp, inf, log, log1p, mp, mpf, pi

mp.dps = 60
rng = random.Random(20261130)


def normal_kl(m, l, mp_, lp):
    """The integral of q ln(q / p), term by term: E_q[(z - a)^2] = e^l + (m - a)^2."""
    return (lp - l) / 2 + (exp(l) + (m - mp_) ** 2) / (2 * exp(lp)) - mpf(1) / 2


def normal_cross_entropy(m, l, mp_, lp):
    return (log(2 * pi) + lp) / 2 + (exp(l) + (m - mp_) ** 2) / (2 * exp(lp))


def normal_entropy(m, l):
    return normal_cross_entropy(m, l, m, l)


def slopes(function, arguments, places):
    """Derivatives by mpmath's own differences, whose steps are of the precision."""
    return [diff(function, arguments, tuple(int(i == place) for i in range(len(arguments)))) for place in places]


def ln_normal(x, mu, ln_s):
    return -(x - mu) ** 2 / (2 * exp(2 * ln_s)) - ln_s - log(2 * pi) / 2


def bernoulli(x, l):
    p = 1 / (1 + exp(-l))
    return x * log(p) + (1 - x) * log1p(-p)


def ln_logit_laplace(x, mu, ln_b):
    return -log(2) - ln_b - log(x) - log(1 - x) - abs(log(x / (1 - x)) - mu) / exp(ln_b)


def schedule(shape, a, b, t, updates):
    r = min(mpf(t) / updates, mpf(1))
    if shape == "cosine":
        return b + (a - b) * (1 + cos(pi * r)) / 2
    return a + (b - a) * r if shape == "linear" else a * (b / a) ** r


def rows():
    spread = lambda scale: rng.gauss(0, 1) * scale
    normals = [[spread(1), spread(1), spread(1), spread(1)] for _ in range(20)]
    normals += [[spread(30), spread(20), spread(30), spread(20)] for _ in range(10)]
    near = [0.25, -1.5]
    # Nearly equal, far apart, and variances whose exponentials leave the range of a double, where the result does not.
    normals += [[near[0], near[1] + 2.0**-k, near[0], near[1]] for k in (10, 24, 40)]
    normals += [[near[0] + 2.0**-k, near[1], *near] for k in (10, 24, 40)]
    normals += [[1e-160, -730.0, 3e-160, -735.5], [2.0, 900.0, 2.0, 899.75], [1e150, 700.0, -1e150, 700.0], [5.0, -1400.0, 5.0, -1402.0]]
    for m, l, m_p, l_p in normals:
        q, both = [mpf(m), mpf(l)], [mpf(m), mpf(l), mpf(m_p), mpf(l_p)]
        g = spread(2)
        yield "normal", [m, l, m_p, l_p, g], [
            normal_kl(*both), normal_cross_entropy(*both), normal_entropy(*q),
            (both[0] - both[2]) * exp(-both[3]), (exp(both[1] - both[3]) - 1) / 2, exp(both[1] - both[3]) / 2,
            q[0] + exp(q[1] / 2) * g, exp(q[1] / 2) * g / 2,
        ]  # fmt: skip
    # The closed slopes above are themselves held against differences.
    for m, l, m_p, l_p in normals[:5]:
        both = [mpf(m), mpf(l), mpf(m_p), mpf(l_p)]
        by_mean, by_log = slopes(normal_kl, both, [0, 1])
        assert abs(by_mean - (both[0] - both[2]) * exp(-both[3])) < mpf(10) ** -25
        assert abs(by_log - (exp(both[1] - both[3]) - 1) / 2) < mpf(10) ** -25
    for x, mu, ln_s in [[spread(3), spread(3), spread(2)] for _ in range(20)] + [[0.5, 0.5, -3.0], [1e-170, 2e-170, -390.0], [7.0, -7.0, 350.0]]:
        arguments = [mpf(x), mpf(mu), mpf(ln_s)]
        by_mu, by_ln_s = (arguments[0] - arguments[1]) / exp(2 * arguments[2]), ((arguments[0] - arguments[1]) / exp(arguments[2])) ** 2 - 1
        yield "normal_density", [x, mu, ln_s], [ln_normal(*arguments), by_mu, by_ln_s]
    for x, l in [[rng.random(), spread(5)] for _ in range(20)] + [[1.0, 80.0], [0.0, 80.0], [1.0, -800.0], [0.0, 3.0], [2.0**-40, 30.0], [0.5, 0.0]]:
        arguments = [mpf(x), mpf(l)]
        with mp.workdps(500):  # 1 - p is 10^-347 where the logit is 800
            value = bernoulli(*arguments)
        yield "bernoulli", [x, l], [value, arguments[0] - 1 / (1 + exp(-arguments[1]))]
    for x, mu, ln_b in [[0.1 + 0.8 * rng.random(), spread(2), spread(2)] for _ in range(20)] + [[0.3, 0.1, -90.0], [3e-8, -20.0, 2.0], [0.875, 1.5, 600.0]]:
        arguments = [mpf(x), mpf(mu), mpf(ln_b)]
        distance = log(arguments[0] / (1 - arguments[0])) - arguments[1]
        yield "logit_laplace", [x, mu, ln_b], [ln_logit_laplace(*arguments), (1 if distance > 0 else -1) / exp(arguments[2]), abs(distance) / exp(arguments[2]) - 1]
    for shape in ["cosine", "linear", "exponential"]:
        for a, b, t, updates in [[0.0, 6.6, 1234, 5000], [1.0, 1 / 16, 77777, 150000], [1e-4, 1.25e-6, 1, 1200000], [2.5, 2.5, 3, 7], [1.0, 0.1, 7, 7]]:
            if shape != "exponential" or a > 0:
                yield shape, [a, b, t, updates], [schedule(shape, mpf(a), mpf(b), t, updates)]


def nearest(value):
    """The double nearest to a number, as text that reads back to it."""
    return repr(float(value)) if abs(value) < inf else str(value)


lines = [json.dumps({"of": of, "at": [repr(float(a)) for a in at], "is": [nearest(v) for v in values]}) for of, at, values in rows()]
print("[\n" + ",\n".join(lines) + "\n]")
