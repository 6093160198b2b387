-- A family in SQL, as an example: one row a customer, from the months before and the month itself (docs/tutorial-own-feature.md).
-- The features that come with the code know a customer's activity and relation of one month before; this family, of five.
--
-- entity: customer_id
-- months: 5
-- meaning: How the record of a customer changed from month to month, the five months before and the month itself
-- feature: activations smallint [0, 5] How often the customer turned from not active to active
-- feature: lapses smallint [0, 5] How often the customer turned from active to not active
-- feature: relation_changes smallint [0, 5] How often the type of relation changed
-- feature: inactive_months smallint [0, 6] Months as a customer who was not active
-- reason: was not active in {inactive_months} of the last 6 months
-- reason_es: no estuvo activo en {inactive_months} de los últimos 6 meses
WITH months AS (
  SELECT customer_id, months_before, is_active, relation_type FROM history
  UNION ALL
  SELECT customer_id, 0 AS months_before, is_active, relation_type FROM customers
),
-- Who was away for a month has a gap: months that do not follow each other are not compared.
pairs AS (
  SELECT
    now.customer_id, now.is_active, before.is_active AS was_active,
    now.relation_type, before.relation_type AS relation_before
  FROM months AS now
  LEFT JOIN months AS before
    ON before.customer_id = now.customer_id AND before.months_before = now.months_before + 1
)
SELECT
  customer_id,
  CAST(COUNT(*) FILTER (WHERE is_active AND NOT was_active) AS smallint) AS activations,
  CAST(COUNT(*) FILTER (WHERE was_active AND NOT is_active) AS smallint) AS lapses,
  CAST(COUNT(*) FILTER (WHERE relation_type <> relation_before) AS smallint) AS relation_changes,
  CAST(COUNT(*) FILTER (WHERE NOT is_active) AS smallint) AS inactive_months
FROM pairs
GROUP BY customer_id
