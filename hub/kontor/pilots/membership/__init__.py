"""People in pilots: who governs them, invitations, finding people one works with."""
