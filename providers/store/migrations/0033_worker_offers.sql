-- What each worker can do by its settings: the models that it reaches and the tools that it lacks. The api, which has other settings,
-- goes by it. The last one stays while no worker runs.
CREATE TABLE worker_offers (
  worker text PRIMARY KEY,
  -- Null for a worker that calls no models.
  models json,
  -- Null for a worker that runs no tools.
  absent_tools json,
  digest text NOT NULL,
  told_at timestamptz NOT NULL
);
