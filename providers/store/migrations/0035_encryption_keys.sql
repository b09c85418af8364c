-- The encryption keys that processes of this store were started with, by which a wrong one, or none, is noticed before it is used.
CREATE TABLE encryption_keys (
  id text PRIMARY KEY,
  -- Made from the key; nothing leads back to it.
  proof text NOT NULL,
  -- When a process was last started that encrypts with it, where it had not been the newest already. Null: it only decrypted.
  current_since timestamptz
);
