"""People: who somebody is, what their home organisation says, and how they sign in."""
