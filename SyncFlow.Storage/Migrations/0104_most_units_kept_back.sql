-- A safety buffer or a risk budget is a number of units like any other: beyond ten million it was a slip of the keyboard, and
-- sums over many places no longer fitted.
UPDATE skus SET safety_buffer = least(safety_buffer, 10000000), risk_budget = least(risk_budget, 10000000)
 WHERE safety_buffer > 10000000 OR risk_budget > 10000000;
ALTER TABLE skus
  ADD CONSTRAINT skus_safety_buffer_most CHECK (safety_buffer <= 10000000),
  ADD CONSTRAINT skus_risk_budget_most CHECK (risk_budget <= 10000000);
