"""Linear regression on named features for the least absolute error, with a pull of every weight towards zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from signgen.errors import DataError

Features = Mapping[str, float]

# The absolute error is rounded off below this, so that it has a slope everywhere [units of the targets].
ROUNDING = 1.0
ITERATIONS = 500


@dataclass(frozen=True)
class RegressionSettings:
    """How to fit.

    Attributes:
        is_log: the exponential of the sum is the prediction: features multiply, and it is never negative.
        ridge: penalty on the squares of weights, against a sum of absolute errors.
        rarest: features of fewer rows than this are left out.
        free: features whose weights are not pulled towards zero.
    """

    is_log: bool
    ridge: float
    rarest: int = 2
    free: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Regression:
    """A fitted sum of weights. It predicts medians, which is what the least absolute error asks for.

    Attributes:
        intercept: prediction, or its logarithm, where no feature is known.
        weights: of the features; others count as 0.
        is_log: the exponential of the sum is the prediction.
    """

    intercept: float
    weights: Mapping[str, float]
    is_log: bool

    def __call__(self, features: Features) -> float:
        """The prediction for one row."""
        known = ((self.weights.get(name, 0.0), value) for name, value in features.items())
        total = self.intercept + sum(weight * value for weight, value in known)
        return float(np.exp(total)) if self.is_log else total


def fit_regression(
    rows: Sequence[Features], targets: Sequence[float], settings: RegressionSettings
) -> Regression:
    """The regression whose penalised sum of absolute errors on ``targets`` is least.

    Raises:
        DataError: if there is nothing to fit, the numbers of rows and targets differ, a target is not finite, or, for
            ``is_log``, is not above zero.
    """
    wanted = np.asarray(targets, np.float64)
    if not len(rows) or len(rows) != len(wanted):
        raise DataError(f"regression: {len(rows)} rows for {len(wanted)} targets; give one target for each")
    if not np.isfinite(wanted).all() or (settings.is_log and wanted.min() <= 0):
        raise DataError("regression: a target is not finite or not above zero; leave such rows out")
    counts = Counter(name for row in rows for name in row)
    names = [name for name, count in counts.items() if count >= settings.rarest]
    penalty = np.array([0.0, *(0.0 if name in settings.free else settings.ridge for name in names)])
    solution = _minimise(_matrix(rows, names), wanted, penalty, settings.is_log)
    return Regression(
        float(solution[0]), dict(zip(names, map(float, solution[1:]), strict=True)), settings.is_log
    )


def _matrix(rows: Sequence[Features], names: Sequence[str]) -> Any:
    """Sparse (rows, 1 + names), the first column of ones."""
    from scipy.sparse import csr_matrix

    place = {name: column for column, name in enumerate(names, 1)}
    columns, values, ends = [], [], [0]
    for row in rows:
        known = [(0, 1.0), *((place[name], value) for name, value in row.items() if name in place)]
        columns += [column for column, _ in known]
        values += [value for _, value in known]
        ends.append(len(columns))
    return csr_matrix((values, columns, ends), (len(rows), len(names) + 1), dtype=np.float64)


def _minimise(matrix: Any, targets: np.ndarray, penalty: np.ndarray, is_log: bool) -> np.ndarray:
    from scipy.optimize import minimize

    turned = matrix.T.tocsr()
    median = np.median(targets)
    start = np.zeros(matrix.shape[1])
    start[0] = np.log(median) if is_log else median

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total = matrix @ weights
        predicted = np.exp(np.minimum(total, 50.0)) if is_log else total
        error = predicted - targets
        rounded = np.hypot(error, ROUNDING)
        slope = error / rounded * (predicted if is_log else 1.0)
        shrunk = penalty * weights
        return float(rounded.sum() + shrunk @ weights), turned @ slope + 2 * shrunk

    solution: np.ndarray = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}
    ).x
    return solution
