-- What a worker is there for, and the host of sandboxes that it is part of: what the service as a whole can do is told from these and from
-- the locks. Null for workers of versions that do not say so.
ALTER TABLE workers ADD COLUMN role text, ADD COLUMN sandbox_host text;
