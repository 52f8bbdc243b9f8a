"""The audit log as members and offices read it."""
