"""Monthly product recommendation on the Santander customer records."""

from santander.former_names import find_former_names

find_former_names()
