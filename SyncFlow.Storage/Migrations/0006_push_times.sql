-- Figures of the last minutes read the pushes of the last minutes, not all that are kept.
CREATE INDEX push_levels_planned ON push_levels USING brin (planned_at);
