-- When the last rows of a file came: a file that comes in slowly is not one whose receiver died.
ALTER TABLE source_files ADD COLUMN heard_at timestamptz;
