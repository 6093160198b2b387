"""Folders that were moved or copied: whatever names their former place is rewritten, so that nothing points outside of them."""
