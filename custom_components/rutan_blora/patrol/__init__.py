"""Police visits: checked in with proof, expected by plans."""
