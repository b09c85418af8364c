-- A model without list prices has answered in the session, so that its cost is not known.
ALTER TABLE session_head ADD COLUMN unpriced boolean NOT NULL DEFAULT false;

-- What is remembered of the turn under way: tool rounds, repeated calls, the model that stands in. Null: nothing yet.
ALTER TABLE session_threads ADD COLUMN turn json;

-- What model servers list by themselves, by the name of their provider in the configuration.
CREATE TABLE imported_models (
  provider text PRIMARY KEY,
  models json NOT NULL,
  listed_at timestamptz NOT NULL
);
