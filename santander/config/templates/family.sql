-- A family of features: these comments declare it, the SELECT below computes it, for one month at a time.
--
-- The SELECT finds two views, and nothing that the month's own products can be told by:
--   customers   the customers of the month, without any product
--   history     whole rows of the months before it; months_before says how many (1 = the month before)
-- It gives one row a customer (or a province_code, a segment): that key, then the features, each of the type declared.
-- A customer without a row has nulls.
--
-- A feature is declared by: name, type (boolean, smallint, int, bigint, double), range (not of a boolean; either side may be
-- left empty), meaning. The reason is said to a customer for whom the family counts; a feature in braces is put in.

-- entity: customer_id
-- months: 5
-- meaning: How active a customer was lately
-- feature: ${prefix}_months smallint [0, 5] Months as an active customer in the five before
-- feature: ${prefix}_share double [0, 1] Share of the months known in which the customer was active
-- reason: was active in {${prefix}_months} of 5 months

SELECT
  customer_id,
  CAST(SUM(CASE WHEN is_active THEN 1 ELSE 0 END) AS smallint) AS ${prefix}_months,
  AVG(CASE WHEN is_active THEN 1.0D ELSE 0.0D END) AS ${prefix}_share
FROM history
GROUP BY customer_id
