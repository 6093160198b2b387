"""Feast: the offline store over the Delta tables, point-in-time retrieval, the packed online feature.

Feast takes seconds to import, so nothing of it is imported here.
"""
