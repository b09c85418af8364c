-- The names of the blobs that an event's body refers to, beside the body: that one may be encrypted, and JSON operators refuse bodies
-- with NUL characters.
ALTER TABLE events ADD COLUMN blobs text[];
UPDATE events SET blobs = ARRAY(
  SELECT DISTINCT match[1] FROM regexp_matches(body::text, '"sha256":"([0-9a-f]{64})"', 'g') AS match)
WHERE body::text LIKE '%"$blobs":%';
CREATE INDEX events_by_blob ON events USING gin (blobs) WHERE blobs IS NOT NULL;
