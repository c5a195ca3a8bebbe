"""Estimates: an open year at today's figures, and what would be if something were otherwise."""
