"""Tables that a library pastes or uploads: read in memory, reduced to counts, never kept (C.G.S. 11-25(b)).

`tables` reads bytes as rows, `shapes` finds in them home libraries, months and loans, `labels` says which
home library is meant, `preview` what would change, `workbook` makes the workbook to fill in.
"""
