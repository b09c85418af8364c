-- Machines, or folders on them, that have sandboxes. `alive_since`: since when heartbeats have come without a gap.
CREATE TABLE sandbox_hosts (
  id text PRIMARY KEY,
  task_queue text NOT NULL,
  driver text NOT NULL,
  isolation text NOT NULL,
  ready boolean NOT NULL,
  capacity integer,
  registered_at timestamptz(3) NOT NULL DEFAULT now(),
  alive_since timestamptz(3) NOT NULL DEFAULT now(),
  heartbeat_at timestamptz(3) NOT NULL DEFAULT now(),
  lost_at timestamptz(3)
);

-- Where a session's sandbox is. Each move gives a new `placement`; a host whose copy has another one has an old copy. `notice` is what
-- the model is to be told of the move, by the result of the call that took it over.
CREATE TABLE session_hosts (
  session_id text PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
  host_id text NOT NULL,
  placement text NOT NULL,
  moved_from text,
  placed_at timestamptz(3) NOT NULL DEFAULT now(),
  used_at timestamptz(3) NOT NULL DEFAULT now(),
  notice text,
  notice_call text
);
CREATE INDEX session_hosts_by_host ON session_hosts (host_id, used_at);

-- What a session's sandbox kept when it was last saved: archives in the order in which they are restored. `last_seq`: calls that ended
-- later may have changed what is not in it.
CREATE TABLE checkpoints (
  session_id text PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
  workspace_id text NOT NULL,
  format text NOT NULL,
  mark text NOT NULL,
  parts json NOT NULL,
  blobs text[] NOT NULL,
  attached json NOT NULL,
  last_seq bigint NOT NULL,
  taken_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX checkpoints_by_blob ON checkpoints USING gin (blobs);
