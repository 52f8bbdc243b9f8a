"""Pilots: members and roles, and the hub state that is derived from them."""
