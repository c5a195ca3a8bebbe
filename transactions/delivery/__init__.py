"""What sites of deliverIT CT count and report: by day, by month, by quarter."""
