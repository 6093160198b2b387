"""From months of customers to a fitted candidate: labels, training sets, recipes and their fits."""
