import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SignInStore } from '../sign-ins.ts';

export interface SignInsUnderTest {
  signIns: SignInStore;
  close(): Promise<void>;
}

const HOUR = 3_600_000;
const limits = { lifetimeMs: HOUR, idleMs: HOUR, atMost: 3 };
const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const signIn = (token: string, keyId: string) => ({
  id: `signin_${token}`,
  keyId,
  tokenHash: hash(token),
  keyProof: hash(`${token} of ${keyId}`),
  address: '203.0.113.7',
  client: 'A browser',
});

/** What every store of sign-ins does. */
export function signInsContract(name: string, open: () => Promise<SignInsUnderTest>): void {
  describe(`the store of sign-ins, ${name}`, () => {
    let opened: SignInsUnderTest;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    it('has one secret of 32 bytes', async () => {
      const secret = await opened.signIns.secret();
      expect(secret).toHaveLength(32);
      expect(await opened.signIns.secret()).toEqual(secret);
    });

    it('finds a sign-in by its token until it is removed', async () => {
      const { signIns } = opened;
      await signIns.add(signIn('a', 'key-a'), limits);
      const found = await signIns.use(hash('a'), HOUR);
      expect(found).toMatchObject({
        id: 'signin_a',
        keyId: 'key-a',
        tokenHash: hash('a'),
        keyProof: hash('a of key-a'),
        address: '203.0.113.7',
        client: 'A browser',
      });
      expect((found?.expiresAt ?? 0) - (found?.createdAt ?? 0)).toBe(HOUR);
      expect(await signIns.use(hash('b'), HOUR)).toBeNull();
      expect(await signIns.remove('key-b', 'signin_a')).toBe(false);
      expect(await signIns.living(['signin_a', 'signin_b'], HOUR)).toEqual(new Set(['signin_a']));
      expect(await signIns.remove('key-a', 'signin_a')).toBe(true);
      expect(await signIns.remove('key-a', 'signin_a')).toBe(false);
      expect(await signIns.use(hash('a'), HOUR)).toBeNull();
      expect(await signIns.living(['signin_a'], HOUR)).toEqual(new Set());
    });

    it('ends those that expired, and those that nobody used', async () => {
      const { signIns } = opened;
      await signIns.add(signIn('short', 'key-c'), { ...limits, lifetimeMs: 0 });
      await signIns.add(signIn('long', 'key-c'), limits);
      expect(await signIns.use(hash('short'), HOUR)).toBeNull();
      expect(await signIns.use(hash('long'), 0)).toBeNull();
      expect((await signIns.list('key-c', HOUR)).map(({ id }) => id)).toEqual(['signin_long']);
      expect(await signIns.list('key-c', 0)).toEqual([]);
      expect(await signIns.living(['signin_long'], 0)).toEqual(new Set());
    });

    it('keeps so many of a key, and lists them without what would recognise them', async () => {
      const { signIns } = opened;
      const tokens = Array.from({ length: 5 }, () => randomBytes(8).toString('hex'));
      for (const token of tokens) {
        await signIns.add(signIn(token, 'key-d'), limits);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      const listed = await signIns.list('key-d', HOUR);
      expect(listed.map(({ id }) => id)).toEqual(
        tokens
          .slice(2)
          .reverse()
          .map((token) => `signin_${token}`),
      );
      expect(Object.keys(listed[0] ?? {}).sort()).toEqual(
        ['address', 'client', 'createdAt', 'expiresAt', 'id', 'keyId', 'lastUsedAt'].sort(),
      );
    });
  });
}
