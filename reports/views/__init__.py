"""Pages of what the State Library publishes, by topic; each calls one service."""
