"""Reports on a period."""
