"""Tests of the subentry flows."""
