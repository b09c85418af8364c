import { createHash } from 'node:crypto';
import type { SignIn, SignInMarks, SignInStore } from '../sign-ins.ts';

/** Who is signed in, in memory. */
export function createInMemorySignIns(now: () => number): SignInStore {
  let rows: (SignIn & SignInMarks)[] = [];
  const living = (idleMs: number) =>
    rows.filter(({ expiresAt, lastUsedAt }) => expiresAt > now() && lastUsedAt > now() - idleMs);
  const shown = ({ tokenHash: _token, keyProof: _proof, ...signIn }: SignIn & SignInMarks): SignIn => signIn;

  return {
    secret: async () => createHash('sha256').update('in memory').digest(),
    async add(signIn, { lifetimeMs, idleMs, atMost }) {
      rows = [
        { ...signIn, createdAt: now(), lastUsedAt: now(), expiresAt: now() + lifetimeMs },
        ...living(idleMs),
      ];
      const kept = rows.filter(({ keyId }) => keyId === signIn.keyId).slice(0, atMost);
      rows = rows.filter((row) => row.keyId !== signIn.keyId || kept.includes(row));
    },
    async use(tokenHash, idleMs) {
      const found = living(idleMs).find((row) => row.tokenHash === tokenHash);
      if (!found) return null;
      const before = { ...found };
      found.lastUsedAt = now();
      return before;
    },
    list: async (keyId, idleMs) =>
      living(idleMs)
        .filter((row) => row.keyId === keyId)
        .map(shown),
    async remove(keyId, id) {
      const before = rows.length;
      rows = rows.filter((row) => row.keyId !== keyId || row.id !== id);
      return rows.length < before;
    },
    async living(ids, idleMs) {
      const found = living(idleMs).filter(({ id }) => ids.includes(id));
      for (const row of found) row.lastUsedAt = now();
      return new Set(found.map(({ id }) => id));
    },
  };
}
