"""What past years were: published figures, what libraries received, trends, and their import."""
