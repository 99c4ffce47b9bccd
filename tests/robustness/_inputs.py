"""Inputs that users hand over, by design or by mistake: tables, windows and labels.

A case is a handful of words and numbers, so that a failing one can be read; `build` makes it.
"""

import tempfile
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp
from hypothesis import strategies as st

from skseizure.signals import Windows

# ---------------------------------------------------------------------- values of a table


def _powers(rng, shape):
    return rng.choice([-1, 1], shape) * 10.0 ** rng.uniform(-300, 300, shape)


VALUES = {
    "normal": lambda rng, shape: rng.normal(0, 20, shape),
    "integers": lambda rng, shape: rng.integers(-50, 50, shape).astype(float),
    "bits": lambda rng, shape: rng.integers(0, 2, shape).astype(float),
    "zeros": lambda rng, shape: np.zeros(shape),
    "constant": lambda rng, shape: np.full(shape, 1e6 + 0.1),
    "constant columns": lambda rng, shape: rng.normal(size=shape) * (np.arange(shape[-1]) % 2) + 3,
    "equal rows": lambda rng, shape: np.tile(
        rng.normal(size=(1, *shape[1:])), (shape[0], *(1 for _ in shape[1:]))
    ),
    "nearly constant": lambda rng, shape: 1 + rng.integers(0, 2, shape) * 2.0**-52,
    "tiny": lambda rng, shape: rng.normal(0, 1e-300, shape),
    "small": lambda rng, shape: rng.normal(0, 1e-100, shape),
    "denormal": lambda rng, shape: rng.integers(-3, 4, shape) * 5e-324,
    "huge": lambda rng, shape: rng.normal(0, 1e300, shape),
    "largest": lambda rng, shape: rng.choice([-1, 1], shape) * np.finfo(float).max,
    "squares overflow": lambda rng, shape: rng.normal(0, 1e160, shape),
    "large": lambda rng, shape: rng.normal(0, 1e30, shape),
    "one outlier": lambda rng, shape: np.where(rng.random(shape) < 0.02, 1e200, 1.0),
    "all scales": _powers,
}

DAMAGE = {"NaN": np.nan, "inf": np.inf, "-inf": -np.inf}

# ---------------------------------------------------------------------- forms of a table


class Subclass(np.ndarray):
    pass


def _read_only(X):
    X = X.copy()
    X.setflags(write=False)
    return X


def _unaligned(X):
    raw = np.zeros(X.nbytes + 1, np.uint8)
    view = raw[1:].view(X.dtype).reshape(X.shape)
    view[...] = X
    return view


def _every_second(X):
    wide = np.full((2 * X.shape[0], *X.shape[1:-1], 2 * X.shape[-1]), np.nan, X.dtype)
    wide[::2, ..., ::2] = X
    return wide[::2, ..., ::2]


def _memmap(X):
    if not X.size:
        return X
    with tempfile.TemporaryFile() as file:
        out = np.memmap(file, X.dtype, "w+", shape=X.shape)
        out[...] = X
        return out


# What memory looks like is nobody's business: the result is that of the plain array.
LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "backwards": lambda X: X[::-1, ..., ::-1].copy()[::-1, ..., ::-1],
    "every second": _every_second,
    "read-only": _read_only,
    "unaligned": _unaligned,
    "memmap": _memmap,
    "subclass": lambda X: X.copy().view(Subclass),
    "nothing masked": np.ma.masked_array,
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
    "list": lambda X: X.tolist(),
    "objects": lambda X: X.astype(object),
}


def _names(X):
    return [f"f{i}" for i in range(X.shape[1])]


FRAMES = {
    "pandas": lambda X: pd.DataFrame(X, columns=_names(X)),
    "pandas, odd index": lambda X: pd.DataFrame(X, columns=_names(X), index=[7] * len(X)),
    "pandas, numbered": pd.DataFrame,
    "pandas, nullable": lambda X: pd.DataFrame(X, columns=_names(X)).convert_dtypes(),
    "polars": lambda X: pl.DataFrame(X, schema=_names(X)),
}

DTYPES = ["int8", "int16", "int32", "int64", "float16", "float32", "longdouble", "O"]


def _other_dtype(X):
    with np.errstate(all="ignore"):
        return {
            name: X.astype(name)
            for name in ("bool", "complex128", "datetime64[s]", "timedelta64[s]", "U8", "S8")
        }


def _worded(X, kind):
    table = kind(X)
    column = ["a"] * len(X)
    return (
        table.assign(f0=column)
        if kind is FRAMES["pandas"]
        else table.with_columns(pl.Series("f0", column))
    )


ODD = {
    **{
        f"as {name}": lambda X, name=name: _cast(X, name)
        for name in (*DTYPES, "uint8", "bool", "complex128", "datetime64[s]", "timedelta64[s]")
    },
    "words": lambda X: X.astype("U8"),
    "bytes": lambda X: X.astype("S8"),
    "objects with words": lambda X: _with(X.astype(object), "seizure"),
    "objects with None": lambda X: _with(X.astype(object), None),
    "records": lambda X: np.zeros(X.shape, [("a", float), ("b", int)]),
    "masked": lambda X: np.ma.masked_array(X, np.arange(X.size).reshape(X.shape) == 0),
    "matrix": lambda X: sp.csr_array(X).todense() if X.ndim == 2 else X,
    "pandas, equal names": lambda X: pd.DataFrame(X, columns=["f"] * X.shape[1]),
    "pandas, mixed names": lambda X: pd.DataFrame(X, columns=[0, *_names(X)[1:]][: X.shape[1]]),
    "pandas, words": lambda X: pd.DataFrame(X, columns=_names(X)).assign(f0="a"),
    "pandas, missing": lambda X: FRAMES["pandas, nullable"](X).mask(X > 0),
    "pandas, categories": lambda X: pd.DataFrame(X, columns=_names(X)).astype("category"),
    "pandas, dates": lambda X: pd.DataFrame(_cast(X, "M8[s]"), columns=_names(X)),
    "polars, words": lambda X: FRAMES["polars"](X).with_columns(f0=pl.lit("a")),
    "polars, null": lambda X: FRAMES["polars"](X).with_columns(f0=pl.lit(None)),
    "polars, lazy": lambda X: FRAMES["polars"](X).lazy(),
    "sparse rows": sp.csr_array,
    "sparse columns": sp.csc_matrix,
    "sparse triples": sp.coo_array,
    "0-d": lambda X: np.array(1.0),
    "1-d": lambda X: X.ravel(),
    "column": lambda X: pd.Series(X.ravel()),
    "3-d": lambda X: X[:, None, :],
    "3-d, two channels": lambda X: np.stack([X, X + 1], axis=1),
    "3-d, no channel": lambda X: X[:, None, :][:, :0],
    "4-d": lambda X: X[:, None, :, None],
    "None": lambda X: None,
    "word": lambda X: "seizure",
    "dictionary": lambda X: {"X": X},
    "generator": lambda X: (row for row in X),
    "ragged": lambda X: [[1.0], *X.tolist()],
    "empty list": lambda X: [],
    "list of arrays": list,
}


def _cast(X, dtype):
    with np.errstate(all="ignore"):
        return X.astype(dtype)


def _with(X, thing):
    if X.size:
        X.flat[X.size // 2] = thing
    return X


FORMS = {**LAYOUTS, **FRAMES, **ODD}


@dataclass(frozen=True)
class Table:
    """A table; `rows` and `columns` may be 0."""

    rows: int = 30
    columns: int = 20
    values: str = "normal"
    damage: str | None = None
    form: str = "C"
    seed: int = 0

    def build(self):
        rng = np.random.default_rng(self.seed)
        X = VALUES[self.values](rng, (self.rows, self.columns))
        if self.damage is not None and X.size:
            X[rng.integers(self.rows), rng.integers(self.columns)] = DAMAGE[self.damage]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas' and numpy's, of casts that overflow
            return FORMS[self.form](X)


def mostly(usual, other):
    """Draw what is usual three times out of four."""
    return st.sampled_from([True, True, True, False]).flatmap(
        lambda plain: st.just(usual) if plain else st.sampled_from(list(other))
    )


TABLES = st.builds(
    Table,
    rows=mostly(30, (0, 1, 2, 3, 5, 12, 64)),
    columns=mostly(20, (0, 1, 2, 3, 7, 21, 64)),
    values=st.sampled_from(list(VALUES)),
    damage=mostly(None, DAMAGE),
    form=mostly("C", FORMS),
    seed=st.integers(0, 99),
)

# ---------------------------------------------------------------------- windows


@dataclass(frozen=True)
class Cut:
    """Windows of recordings, in any order."""

    records: int = 2
    channels: int = 2
    times: int = 64
    per_record: int = 15
    values: str = "normal"
    damage: str | None = None
    order: str = "time"
    dtype: str = "float64"
    overlap: bool = False
    named: bool = True
    sfreq: float = 64.0
    seed: int = 0

    def build(self):
        rng = np.random.default_rng(self.seed)
        step = max(1, self.times // 2) if self.overlap else self.times
        n_samples = self.times + (self.per_record - 1) * step
        parts = []
        for i in range(self.records):
            signal = VALUES[self.values](rng, (self.channels, n_samples))
            if i == 0 and self.damage is not None:
                signal[-1, n_samples // 2] = DAMAGE[self.damage]
            parts.append(
                Windows.from_array(
                    _cast(signal, self.dtype),
                    self.sfreq,
                    window=self.times / self.sfreq,
                    step=step / self.sfreq,
                    ch_names=[f"F{i}-C{i}" for i in range(self.channels)] if self.named else None,
                    record=f"r{i}",
                    patient=f"p{i}",
                )
            )
        X = Windows.concatenate(parts)
        rows = np.arange(len(X))
        if self.order == "shuffled":
            rng.shuffle(rows)
        elif self.order == "gaps":
            rows = np.sort(rng.choice(rows, max(1, len(rows) // 2), replace=False))
        elif self.order == "backwards":
            rows = rows[::-1]
        elif self.order == "none":
            rows = rows[:0]
        return X[rows]


CUTS = st.builds(
    Cut,
    records=st.sampled_from([1, 2, 3]),
    channels=mostly(2, (1, 3, 18)),
    times=mostly(64, (1, 2, 3, 7, 200)),
    per_record=mostly(15, (1, 2, 5)),
    values=st.sampled_from(list(VALUES)),
    damage=mostly(None, DAMAGE),
    order=st.sampled_from(["time", "shuffled", "gaps", "backwards", "none"]),
    dtype=mostly("float64", ("int16", "float32")),
    overlap=st.booleans(),
    named=st.booleans(),
    sfreq=mostly(64.0, (1.0, 10.0, 256.0, 1e6)),
    seed=st.integers(0, 99),
)

# ---------------------------------------------------------------------- labels

NAMES = np.array(["background", "seizure", "artefact"])


def _halves(y):
    out = y.astype(float)
    out[::2] += 0.5
    return out


def _at(y, value, dtype=float):
    out = y.astype(dtype)
    out[len(out) // 2 :][:1] = value
    return out


# Each takes class numbers 0 .. 2; what can be learned from is told apart from what cannot.
LABELS = {
    "numbers": lambda y: y,
    "two": lambda y: y % 2,
    "words": lambda y: NAMES[y],
    "bytes": lambda y: NAMES[y].astype("S"),
    "objects": lambda y: NAMES[y].astype(object),
    "truth": lambda y: y % 2 == 0,
    "small": lambda y: y.astype(np.int8),
    "unsigned": lambda y: y.astype(np.uint8),
    "whole floats": lambda y: y.astype(float),
    "whole float16": lambda y: y.astype(np.float16),
    "large numbers": lambda y: y * 2**53 + 1,
    "minus one and one": lambda y: np.where(y % 2, 1, -1),
    "partly unlabelled": lambda y: np.where(np.arange(len(y)) % 3, y, -1),
    "all unlabelled": lambda y: np.full(len(y), -1),
    "one labelled": lambda y: np.where(np.arange(len(y)), -1, 1),
    "read-only": _read_only,
    "backwards": lambda y: y[::-1],
    "list": lambda y: y.tolist(),
    "list of words": lambda y: NAMES[y].tolist(),
    "series": lambda y: pd.Series(y, index=np.arange(len(y))[::-1] + 5),
    "categories": lambda y: pd.Series(NAMES[y]).astype("category"),
    "nullable": lambda y: pd.Series(y).convert_dtypes(),
    "polars": lambda y: pl.Series(y),
    "nullable, missing": lambda y: pd.Series(y).convert_dtypes().where(y > 0),
    "objects with NA": lambda y: _at(y, pd.NA, object),
    "frame": lambda y: pd.DataFrame({"y": y}),
    "column": lambda y: y[:, None],
    "one class": np.zeros_like,
    "one of a class": lambda y: (np.arange(len(y)) == 0).astype(int),
    "all different": lambda y: np.arange(len(y)),
    "not whole": _halves,
    "NaN": lambda y: _at(y, np.nan),
    "inf": lambda y: _at(y, np.inf),
    "None": lambda y: _at(y, None, object),
    "mixed": lambda y: _at(y, "seizure", object),
    "complex": lambda y: y.astype(complex),
    "dates": lambda y: y.astype("datetime64[D]"),
    "masked": lambda y: np.ma.masked_array(y, np.arange(len(y)) == 0),
    "two columns": lambda y: np.column_stack([y, y]),
    "sparse": lambda y: sp.csr_array(y[:, None]),
    "short": lambda y: y[:-1],
    "long": lambda y: np.append(y, 1),
    "empty": lambda y: y[:0],
    "nothing": lambda y: None,
    "word": lambda y: "seizure",
    "number": lambda y: 1,
    "dictionary": lambda y: {"y": y},
}

# ---------------------------------------------------------------------- what goes with rows

ROW_VALUES = {
    "ones": lambda n: np.ones(n),
    "integers": lambda n: np.arange(n) % 3,
    "signs": lambda n: np.where(np.arange(n) % 2, 1, -2),
    "words": lambda n: NAMES[np.arange(n) % 3],
    "objects": lambda n: NAMES[np.arange(n) % 3].astype(object),
    "list": lambda n: [1.0] * n,
    "series": lambda n: pd.Series(np.ones(n), index=np.arange(n)[::-1] + 5),
    "number": lambda n: 2.0,
    "nothing": lambda n: None,
    "zeros": lambda n: np.zeros(n),
    "mostly zero": lambda n: (np.arange(n) == 0).astype(float),
    "negative": lambda n: -np.ones(n),
    "tiny": lambda n: np.full(n, 1e-300),
    "huge": lambda n: np.full(n, 1e300),
    "all scales": lambda n: 10.0 ** np.linspace(-300, 300, n),
    "NaN": lambda n: _at(np.ones(n), np.nan),
    "inf": lambda n: _at(np.ones(n), np.inf),
    "None": lambda n: _at(np.ones(n), None, object),
    "complex": lambda n: np.ones(n, complex),
    "short": lambda n: np.ones(n - 1),
    "long": lambda n: np.ones(n + 1),
    "empty": lambda n: np.ones(0),
    "two columns": lambda n: np.ones((n, 2)),
    "word": lambda n: "seizure",
}
