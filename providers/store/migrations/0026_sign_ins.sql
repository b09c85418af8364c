-- Browsers that are signed in to the console. Of the random token in a browser's cookie only its hash is here, and of the API key that
-- it was given for only a proof that needs the token. A sign-in ends when it is removed, expires or is not used, and with its key.
CREATE TABLE sign_ins (
  id text PRIMARY KEY,
  token_hash bytea NOT NULL UNIQUE,
  key_id text NOT NULL,
  key_proof bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  address text,
  client text
);
CREATE INDEX sign_ins_by_key ON sign_ins (key_id, created_at);

-- Tokens carry a mark that is made with this, so that invented ones are told without asking for their rows.
CREATE TABLE sign_in_secret (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  secret bytea NOT NULL
);
INSERT INTO sign_in_secret (secret)
  VALUES (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));
