"""``santander describe`` as a file for spark-submit."""

from santander.cli.app import main_of

main_of("describe")
