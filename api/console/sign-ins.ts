import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { SignIn, SignInStore } from '../../providers/store/sign-ins.ts';

/** Who is signed in to the console, by random tokens in place of API keys. */
export interface SignIns {
  /**
   * Signs in with a key. Gives the token, which is known to nobody else.
   *
   * @param key - its id and the hexadecimal SHA-256 of it.
   */
  begin(
    key: { id: string; sha256: string },
    from: Pick<SignIn, 'address' | 'client'>,
  ): Promise<{ id: string; token: string }>;
  /** Whose token it is: a sign-in that lives. Null for any other; one that was invented costs no look into the store. */
  find(token: string): Promise<FoundSignIn | null>;
  /** Those of a key, newest first. */
  list(keyId: string): Promise<SignIn[]>;
  /** Ends one of a key, in all processes. False: there is none. */
  end(keyId: string, id: string): Promise<boolean>;
  /** Calls `ended` within 5 s of the end of a sign-in, wherever it was ended. The returned function stops that. */
  watch(id: string, ended: () => void): () => void;
}

export interface FoundSignIn {
  id: string;
  keyId: string;
  /** Whether the key that it was given for is the one with this hexadecimal SHA-256. */
  isFor(sha256: string): boolean;
}

export interface SignInDeps {
  store: SignInStore;
  newId: () => string;
  lifetimeMs: number;
  idleMs: number;
}

const RANDOM_BYTES = 32;
const MARK_BYTES = 16;
const TOKEN_CHARACTERS = Math.ceil(((RANDOM_BYTES + MARK_BYTES) * 4) / 3);
/** Sign-ins of one key; the oldest end for new ones. */
const AT_MOST = 100;
const WATCH_MS = 2_000;

/** Tokens are 32 random bytes and a mark of them under the store's secret. */
export function createSignIns({ store, newId, lifetimeMs, idleMs }: SignInDeps): SignIns {
  let secret: Promise<Buffer> | null = null;
  const watched = new Map<string, Set<() => void>>();
  let timer: NodeJS.Timeout | null = null;

  async function markOf(random: Uint8Array): Promise<Buffer> {
    secret ??= store.secret().catch((error: unknown) => {
      secret = null;
      throw error;
    });
    return createHmac('sha256', await secret)
      .update(random)
      .digest()
      .subarray(0, MARK_BYTES);
  }

  async function look(): Promise<void> {
    const ids = [...watched.keys()];
    // Where the store does not answer nobody can have ended one either.
    const living = await store.living(ids, idleMs).catch(() => null);
    if (living === null) return;
    for (const id of ids) {
      if (living.has(id)) continue;
      for (const ended of watched.get(id) ?? []) ended();
    }
  }

  return {
    async begin({ id: keyId, sha256 }, { address, client }) {
      const random = randomBytes(RANDOM_BYTES);
      const token = Buffer.concat([random, await markOf(random)]).toString('base64url');
      const id = newId();
      await store.add(
        { id, keyId, address, client, tokenHash: hashOf(token), keyProof: proofOf(token, sha256) },
        { lifetimeMs, idleMs, atMost: AT_MOST },
      );
      return { id, token };
    },

    async find(token) {
      if (token.length !== TOKEN_CHARACTERS || !/^[\w-]+$/.test(token)) return null;
      const bytes = Buffer.from(token, 'base64url');
      const mark = await markOf(bytes.subarray(0, RANDOM_BYTES));
      if (!timingSafeEqual(bytes.subarray(RANDOM_BYTES), mark)) return null;
      const found = await store.use(hashOf(token), idleMs);
      if (found === null) return null;
      const { id, keyId, keyProof } = found;
      return { id, keyId, isFor: (sha256) => keyProof === proofOf(token, sha256) };
    },

    list: (keyId) => store.list(keyId, idleMs),

    async end(keyId, id) {
      const ended = await store.remove(keyId, id);
      for (const close of (ended && watched.get(id)) || []) close();
      return ended;
    },

    watch(id, ended) {
      const those = watched.get(id) ?? new Set();
      watched.set(id, those.add(ended));
      timer ??= setInterval(() => void look(), WATCH_MS).unref();
      return () => {
        those.delete(ended);
        if (those.size === 0 && watched.get(id) === those) watched.delete(id);
        if (watched.size > 0 || timer === null) return;
        clearInterval(timer);
        timer = null;
      };
    },
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** It takes the token to try keys on it, so the store alone tells nothing of them. */
function proofOf(token: string, sha256: string): string {
  return createHash('sha256').update(`${token} ${sha256}`).digest('hex');
}
