"""Tests of the patrol room."""
