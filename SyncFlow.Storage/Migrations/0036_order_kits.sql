-- What the kits of an order's lines were made of when they were first booked: [{Sku, Parts: [{Sku, Units}, …]}, …]; null
-- where it sold none. A kit that is changed later changes nothing about orders of before.
ALTER TABLE orders ADD COLUMN kits jsonb;
