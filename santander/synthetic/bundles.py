"""What is bought together: the bundles a customer can add in a month, and how many of each the facts ask for.

A bundle is a set of products added at once. Bundles that share a product form a block, of which a customer adds at
most one a month; different blocks are drawn independently. So the marginal chance that a product is added is the sum
of the chances of the bundles that hold it, and the co-purchases of copurchase_probability.csv that are more
than coincidence (payroll with its pension deposit, the payroll account with both) are known in closed form.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from santander.schema.products import PRODUCT_NAMES, PRODUCTS
from santander.synthetic import facts


def bits(*names: str) -> int:
    """The bitmask of products by name."""
    return sum(PRODUCTS[PRODUCT_NAMES.index(name)].mask for name in names)


@dataclass(frozen=True, slots=True)
class Bundle:
    """``adds`` may be added by who holds all of ``needs`` and none of ``forbids``; all three are bitmasks.

    ``at_most``: no customer is likelier than this to add it in a month, however well it fits.
    """

    name: str
    adds: int
    forbids: int
    needs: int = 0
    at_most: float = 0.6

    @property
    def lead(self) -> int:
        """The product whose lapse counts: payroll or the current account where other products come with it."""
        for product in (bits(PAYROLL), bits(CURRENT)):
            if self.adds & product:
                return product
        return self.adds


PAYROLL, PENSION, ACCOUNT = "payroll", "pension_deposit", "payroll_account"
CURRENT, DEBIT = "current_account", "direct_debit"
_PAIR = bits(PAYROLL, PENSION)

PAYROLL_BLOCK = (
    Bundle("payroll_with_deposit", _PAIR, forbids=_PAIR, at_most=0.5),
    Bundle("payroll_with_account", _PAIR | bits(ACCOUNT), forbids=_PAIR | bits(ACCOUNT), at_most=0.25),
    Bundle("payroll_alone", bits(PAYROLL), forbids=bits(PAYROLL), needs=bits(PENSION), at_most=0.5),
    Bundle("pension_deposit_alone", bits(PENSION), forbids=bits(PENSION), at_most=0.1),
    Bundle("payroll_account_alone", bits(ACCOUNT), forbids=bits(ACCOUNT), at_most=0.15),
)
"""Payroll is never added unless the pension deposit is held or added with it (calibration/README.md)."""

ACCOUNT_BLOCK = (
    Bundle("current_account_alone", bits(CURRENT), forbids=bits(CURRENT), at_most=0.25),
    Bundle("direct_debit_alone", bits(DEBIT), forbids=bits(DEBIT)),
    Bundle("account_with_debit", bits(CURRENT, DEBIT), forbids=bits(CURRENT, DEBIT), at_most=0.15),
)
SINGLES = tuple(
    Bundle(product.name, product.mask, forbids=product.mask)
    for product in PRODUCTS
    if product.name not in (PAYROLL, PENSION, ACCOUNT, CURRENT, DEBIT)
)
BLOCKS: tuple[tuple[Bundle, ...], ...] = (PAYROLL_BLOCK, ACCOUNT_BLOCK, *((single,) for single in SINGLES))
BUNDLES: tuple[Bundle, ...] = tuple(bundle for block in BLOCKS for bundle in block)

BUNDLE_NAMES: dict[str, str] = {product.name: product.name for product in PRODUCTS} | {
    PAYROLL: "payroll_with_deposit",
    PENSION: "payroll_with_deposit",
    ACCOUNT: "payroll_account_alone",
    CURRENT: "current_account_alone",
    DEBIT: "direct_debit_alone",
}
"""The bundle that stands for a product, by the product's name."""

_MOST_ACCOUNTS_WITH_PAYROLL = 0.6
"""Share of payroll accounts that at most come with a payroll: in months with few of them, the rest comes alone."""


def bundle_targets(additions: NDArray[np.float64]) -> dict[str, float]:
    """Split additions by product (24, bit order) into additions by bundle name."""
    by_name: dict[str, float] = dict(zip(PRODUCT_NAMES, additions.tolist(), strict=True))
    payroll, pension, account, current = (by_name[name] for name in (PAYROLL, PENSION, ACCOUNT, CURRENT))
    # without its deposit comes the payroll of who holds the deposit already
    payroll_alone = max((1 - added_with(PAYROLL, PENSION)) * payroll, payroll - pension)
    pairs = payroll - payroll_alone
    pairs_with_account = min(added_with(PAYROLL, ACCOUNT) * pairs, _MOST_ACCOUNTS_WITH_PAYROLL * account)
    account_with_debit = added_with(CURRENT, DEBIT) * current
    return by_name | {
        "payroll_with_deposit": pairs - pairs_with_account,
        "payroll_with_account": pairs_with_account,
        "payroll_alone": payroll_alone,
        "pension_deposit_alone": pension - pairs,
        "payroll_account_alone": account - pairs_with_account,
        "current_account_alone": current - account_with_debit,
        "direct_debit_alone": by_name[DEBIT] - account_with_debit,
        "account_with_debit": account_with_debit,
    }


def added_with(base: str, other: str) -> float:
    """P(other added in a month | base added in it), by product name, from the table of co-purchases."""
    return _copurchases()[_source(base), _source(other)]


@cache
def _copurchases() -> dict[tuple[str, str], float]:
    rows = facts.table("copurchase_probability")
    return {(row["baseProduct"], row["conditionalProduct"]): float(row["condProb"]) for row in rows}


def _source(name: str) -> str:
    return PRODUCTS[PRODUCT_NAMES.index(name)].source
