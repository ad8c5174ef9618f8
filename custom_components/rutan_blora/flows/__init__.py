"""The flows of the subentry types, one module a type."""
