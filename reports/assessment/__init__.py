"""The assessment that a library or a consortium takes to its board: a page and a PDF, closed to others."""
