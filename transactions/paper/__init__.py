"""Paper for the desk: cards, slips and notices that are filled in and printed in the browser.

What names a patron is typed into fields that have no name and stand in no form, on pages that may open no
connection: it never reaches the server. What the server is told is which library's paper is wanted.
"""
