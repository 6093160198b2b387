from itertools import pairwise

import numpy as np
import pyarrow as pa

from santander.features.history import HISTORY, LAGS, UNKNOWN, Window, lag_name

N_PRODUCTS = 24
Lags = tuple[int | None, ...]


def plainly(lags: Lags) -> dict[str, object]:
    """The family written product by product, without bit arithmetic."""
    held = [None if lag is None else [bool(lag >> bit & 1) for bit in range(N_PRODUCTS)] for lag in lags]
    pairs = [(newer, older) for newer, older in pairwise(held) if newer is not None and older is not None]
    since = [0] * N_PRODUCTS
    for back in range(len(held) - 1, 0, -1):
        newer, older = held[back - 1], held[back]
        if newer is not None and older is not None:
            since = [back if n and not o else s for n, o, s in zip(newer, older, since, strict=True)]
    known = [lag for lag in lags if lag is not None]
    return {
        "owned": known[0] if known else 0,
        "months_known": len(known),
        "products_held": None if held[0] is None else sum(held[0]),
        "additions": sum(n and not o for newer, older in pairs for n, o in zip(newer, older, strict=True)),
        "closures": sum(o and not n for newer, older in pairs for n, o in zip(newer, older, strict=True)),
        "continuations": sum(n and o for newer, older in pairs for n, o in zip(newer, older, strict=True)),
        "since": since,
    }


def test_the_family_says_what_a_walk_over_months_and_products_says() -> None:
    rng = np.random.default_rng(1)
    histories: list[Lags] = [
        tuple(None if rng.random() < 0.2 else int(rng.integers(1 << N_PRODUCTS) & rng.integers(1 << N_PRODUCTS)) for _ in LAGS)
        for _ in range(300)
    ]
    histories += [(None,) * 5, (0,) * 5, ((1 << N_PRODUCTS) - 1, 0, 0, 0, 0)]
    lags = [np.array([UNKNOWN if lag is None else lag for lag in column], np.int32) for column in zip(*histories, strict=True)]
    found = pa.table(HISTORY.arrays(Window(lags))).to_pylist()
    for known, row in zip(histories, found, strict=True):
        row["since"] = [
            sum((row[f"months_since_added_bit_{plane}"] >> bit & 1) << plane for plane in range(3)) for bit in range(N_PRODUCTS)
        ]
        assert tuple(row[lag_name(lag)] for lag in LAGS) == known
        assert {name: row[name] for name in plainly(known)} == plainly(known)
