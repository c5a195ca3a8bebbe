"""Harvest: monthly counts that a consortium's system offers and this program comes for.

`specification` says what is offered, `reading` reads it strictly, `client` asks for it, `harvester` makes
drafts of it; `sources` keeps where it is harvested.
"""
