"""Value sets of the profile columns as the raw files write them, and their codes.

Code 0 is a missing value in every set.
"""

from santander.synthetic.facts import counts

SEGMENTS = ("", "01 - TOP", "02 - PARTICULARES", "03 - UNIVERSITARIO")
TOP, INDIVIDUAL, STUDENT = 1, 2, 3

SEXES = ("", "H", "V")
WOMAN, MAN = 1, 2

EMPLOYMENTS = ("", "N", "B", "F", "A", "S")
EMPLOYMENT_ROWS = (13_610_977, 3_566, 2_523, 2_492, 17)

RELATION_KINDS = ("", "1", "1.0", "2", "2.0", "3", "3.0", "4", "4.0", "P")
RELATION_TYPES = ("", "A", "I", "P", "R", "N")
ACTIVE_TYPE, INACTIVE_TYPE, FORMER_TYPE, POTENTIAL_TYPE, UNKNOWN_TYPE = 1, 2, 3, 4, 5

SPAIN = "ES"
COUNTRIES = ("", SPAIN, *sorted(code for code in counts("country_counts") if code != SPAIN))
CHANNELS = ("", *sorted(counts("channel_counts")))
