"""A pilot's files, and links to single documents."""
