-- What the hands of a worker can do on its host, as its driver's probe found it; null until it has been probed, and for a worker
-- without hands.
ALTER TABLE workers ADD COLUMN hands json;
