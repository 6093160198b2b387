"""Drawing the additions of a month from the propensities."""

import numpy as np

from santander.synthetic.bundles import BLOCKS
from santander.synthetic.propensity import Propensity
from santander.synthetic.sampling import Masks, systematic


def draw_additions(propensity: Propensity, random: np.random.Generator) -> Masks:
    """Products added per row, as bitmasks: at most one bundle of each block, blocks independent of each other."""
    rows = propensity.chances[0].shape[1]
    added = np.zeros(rows, np.int32)
    order = random.permutation(rows)
    for block, chances in zip(BLOCKS, propensity.chances, strict=True):
        in_order = chances[:, order].T.ravel()  # the bundles of a customer lie side by side, so one at most is drawn
        drawn = systematic(in_order, random.random())
        brings = np.array([bundle.adds for bundle in block], np.int32)
        customer, bundle = np.divmod(drawn, len(block))
        added[order[customer]] |= brings[bundle]
    return added
