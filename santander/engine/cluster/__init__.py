"""Apache Spark: finding Java, fetching jars, shipping the code to workers, and the arguments of spark-submit."""
