"""Tables that a library pastes or uploads: read in memory, reduced to counts, never kept (C.G.S. 11-25(b)).

`tables` reads bytes as rows; `shapes` finds out whether they are one of the `grids` or `lists`, by `columns`
and `months`, and has them `reduced` to counts; `block` is for numbers alone. `labels` says which home library
is meant, `roster` which there are, `preview` what would change, `carried` how the page keeps it meanwhile;
`workbook` makes the workbook to fill in. `members_file` and `members` are for a whole consortium.
"""
