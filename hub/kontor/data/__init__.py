"""Data: the register of data sets, the object store and the keys to it."""
