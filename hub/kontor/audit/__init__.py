"""The audit log: what happened, who did it, in an order that nobody can change unseen."""
