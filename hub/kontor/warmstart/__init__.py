"""Starting labs: the seam behind which the process spawner stands."""
