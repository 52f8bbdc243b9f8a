"""What runs inside labs, kernels and Dask workers.

Imports the ground floor (`kontor.errors`, `kontor.names`) and scientific packages, never the hub half.
"""
