/** A browser that is signed in to the console. Times are Unix milliseconds, of the store's clock. */
export interface SignIn {
  id: string;
  /** The API key that it was given for. */
  keyId: string;
  createdAt: number;
  /** To the minute. */
  lastUsedAt: number;
  expiresAt: number;
  /** Where it was made from. */
  address: string | null;
  /** What the browser calls itself. */
  client: string | null;
}

/** What is kept to recognise it again; hexadecimal SHA-256. */
export interface SignInMarks {
  tokenHash: string;
  /** Of token and key together: tells whether the key is still the same, and nothing of it to anybody without the token. */
  keyProof: string;
}

/** Who is signed in. All reject with `unavailable` where the store does not answer. */
export interface SignInStore {
  /** What tokens are marked with, the same for all processes. */
  secret(): Promise<Buffer>;
  /**
   * Adds one that ends after `lifetimeMs`, or after `idleMs` without use. Of its key's the oldest beyond `atMost` end, and what has ended
   * is removed.
   */
  add(
    signIn: Pick<SignIn, 'id' | 'keyId' | 'address' | 'client'> & SignInMarks,
    limits: { lifetimeMs: number; idleMs: number; atMost: number },
  ): Promise<void>;
  /** The living one with this token, which counts as used now. */
  use(tokenHash: string, idleMs: number): Promise<(SignIn & SignInMarks) | null>;
  /** The living ones of a key, newest first. */
  list(keyId: string, idleMs: number): Promise<SignIn[]>;
  /** Ends one of a key. False: there is none. */
  remove(keyId: string, id: string): Promise<boolean>;
  /** Which of these live. They count as used now. */
  living(ids: readonly string[], idleMs: number): Promise<Set<string>>;
}
