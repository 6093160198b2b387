-- A family of provinces in SQL, as an example: what people who live in the same place began lately (docs/tutorial-own-feature.md).
-- One row a province; each customer gets the row of the province in the month to predict.
--
-- entity: province_code
-- months: 4
-- meaning: Share of a province's customers who added a product, in a month of the three before
-- feature: province_added_current_account double [0, 1] Current account
-- feature: province_added_particular_account double [0, 1] Particular account
-- feature: province_added_e_account double [0, 1] E-account
-- feature: province_added_credit_card double [0, 1] Credit card
-- feature: province_added_taxes double [0, 1] Taxes
-- feature: province_added_payroll double [0, 1] Payroll
-- feature: province_added_pension_deposit double [0, 1] Pension deposit
-- feature: province_added_direct_debit double [0, 1] Direct debit
-- reason: share of customers in the province who began a direct debit, a month: {province_added_direct_debit}
-- reason_es: proporción de clientes de la provincia que domiciliaron recibos, al mes: {province_added_direct_debit}
--
-- history holds whole rows: an addition is a product that was not held in a month and is held in the next, for somebody
-- who was a customer in both. Three such steps take four months.
SELECT
  now.province_code,
  COUNT(*) FILTER (WHERE now.current_account AND NOT before.current_account) / COUNT(*) AS province_added_current_account,
  COUNT(*) FILTER (WHERE now.particular_account AND NOT before.particular_account) / COUNT(*) AS province_added_particular_account,
  COUNT(*) FILTER (WHERE now.e_account AND NOT before.e_account) / COUNT(*) AS province_added_e_account,
  COUNT(*) FILTER (WHERE now.credit_card AND NOT before.credit_card) / COUNT(*) AS province_added_credit_card,
  COUNT(*) FILTER (WHERE now.taxes AND NOT before.taxes) / COUNT(*) AS province_added_taxes,
  COUNT(*) FILTER (WHERE now.payroll AND NOT before.payroll) / COUNT(*) AS province_added_payroll,
  COUNT(*) FILTER (WHERE now.pension_deposit AND NOT before.pension_deposit) / COUNT(*) AS province_added_pension_deposit,
  COUNT(*) FILTER (WHERE now.direct_debit AND NOT before.direct_debit) / COUNT(*) AS province_added_direct_debit
FROM history AS now
JOIN history AS before ON before.customer_id = now.customer_id AND before.months_before = now.months_before + 1
GROUP BY now.province_code
