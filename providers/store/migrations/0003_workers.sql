-- Worker processes. Each holds an advisory lock under its number for as long as it lives; whoever finds the lock free takes its
-- attempts over.
CREATE TABLE workers (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  host text NOT NULL,
  pid integer NOT NULL,
  started text NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now()
);

-- Facts about the whole service, such as the Temporal namespace that this database belongs to.
CREATE TABLE service_facts (
  name text PRIMARY KEY,
  value text NOT NULL
);
