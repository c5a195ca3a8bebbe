"""Paying out: the Board's order, payees, batches to the Comptroller and what came of them."""
