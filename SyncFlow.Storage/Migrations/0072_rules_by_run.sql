-- A rule that reaches a whole catalog is looked at and set by the worker, in a run.
GRANT INSERT, UPDATE ON bulk_changes, allocation_policies TO syncflow_worker;
GRANT INSERT, DELETE ON change_levels TO syncflow_worker;
GRANT INSERT ON allocation_versions, buffer_policies TO syncflow_worker;
