"""One fitted estimator, used by eight threads at once: what each gets is what one gets."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import torch

from .._instances import for_windows
from ._inputs import Cut, Table
from ._property import METHODS, small
from .test_any_input import NUMBERED, every

N_THREADS = 8


def assert_threads_agree(estimator, X):
    methods = [name for name in METHODS if hasattr(estimator, name)]
    expected = {name: np.asarray(getattr(estimator, name)(X)) for name in methods}
    n_threads, together = torch.get_num_threads(), Barrier(N_THREADS)

    def use(number):
        together.wait(timeout=30)
        # Different methods meet, too.
        order = methods[number % len(methods) :] + methods[: number % len(methods)]
        return {name: np.asarray(getattr(estimator, name)(X)) for name in order}

    with ThreadPoolExecutor(N_THREADS) as pool:
        for found in pool.map(use, range(N_THREADS)):
            for name, values in expected.items():
                np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert torch.get_num_threads() == n_threads


@every([(i, e) for i, e in NUMBERED if any(hasattr(e, m) for m in ("transform", "predict"))])
def test_tables(numbered):
    X = Table(rows=200).build()
    assert_threads_agree(small(numbered[1]).fit(X, np.arange(200) % 3 % 2), X)


@every([(i, e) for i, e in NUMBERED if for_windows(e) is not None])
def test_windows(numbered):
    X = Cut(records=3, per_record=40, overlap=True, order="shuffled").build()
    assert_threads_agree(small(for_windows(numbered[1])).fit(X, np.arange(len(X)) % 3 % 2), X)
