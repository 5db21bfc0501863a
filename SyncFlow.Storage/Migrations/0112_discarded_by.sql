-- Who let a dead letter go: what a person discarded can be taken back for as long as it is stored, unlike what is not ours to act on.
ALTER TABLE inbox ADD COLUMN discarded_by text;
