"""The synthetic bank: raw files of any size in the format of the competition, with a known propensity behind them."""

from santander.synthetic.generate import generate
from santander.synthetic.spec import BankReport, BankSpec

__all__ = ["BankReport", "BankSpec", "generate"]
