"""Explaining a payment: its divisions, its change from the year before, its partners and its course."""
