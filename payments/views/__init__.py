"""Pages about money, by topic; each finds what the person may see, calls one service and redirects."""
