"""What may be offered to whom: objections to marketing, the offers of a month at a glance, and as a list to hand over."""
