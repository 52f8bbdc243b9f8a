"""Pages and the assembly of the web application; no rules of its own."""
