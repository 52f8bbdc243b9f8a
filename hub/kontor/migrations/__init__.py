"""Versions of the kontor database, applied by `kontor.database.upgrade`."""
