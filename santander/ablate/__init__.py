"""What each part of a recipe brings: train without it, judge, compare (``santander ablate``)."""
