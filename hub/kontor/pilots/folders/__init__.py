"""The folders of pilots: what is in them, and who may do what there, whatever tool made it."""
