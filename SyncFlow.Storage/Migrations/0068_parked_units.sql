-- Units that guard parks on the shelf of a channel that owns on-hand (rule R14), where the merchant has them parked.

-- SyncFlow.Core.Parking.ParkedShelf; null on a level that parks nothing. It is read and written whole; the look for readings
-- takes movedTotal of it.
ALTER TABLE listing_levels ADD COLUMN shelf jsonb;

-- SyncFlow.Core.Publishing.PushKind: which call the stored body is for.
ALTER TABLE pushes ADD COLUMN kind smallint NOT NULL DEFAULT 0 CHECK (kind BETWEEN 0 AND 2);
