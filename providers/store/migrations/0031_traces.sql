-- Where requests stand in their traces: of those that brought events, of the one that created a session, and of the turn under way, which
-- any worker goes on with. Null: it is not traced.
ALTER TABLE events ADD COLUMN trace json;
ALTER TABLE sessions ADD COLUMN trace json;
ALTER TABLE session_threads ADD COLUMN trace json;
