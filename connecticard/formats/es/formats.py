"""How Spanish pages write numbers and days: as Spanish is written in the United States.

Connecticut's Spanish speakers read 3,580,340 and $703,638.00, as the publications of the State do.
"""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
DATE_FORMAT = r"j \d\e F \d\e Y"
