"""The life of a pilot: proposed, decided, extended, closed, archived, deleted."""
