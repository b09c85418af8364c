import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { expect, it } from 'vitest';
import { createKeyRing } from './key-ring.ts';
import { createPayloadCodec } from './payload-codec.ts';

const OLD = { id: 'old', key: Buffer.alloc(32, 1) };
const NEW = { id: 'new', key: Buffer.alloc(32, 2) };
const payload: Payload = defaultPayloadConverter.toPayload({ text: 'canary' });

it('encrypts payloads whole and names the key beside them', async () => {
  const codec = createPayloadCodec(createKeyRing([OLD]));
  const [stored] = await codec.encode([payload]);
  expect(Buffer.from(stored?.data ?? []).includes('canary')).toBe(false);
  expect(Buffer.from(stored?.metadata?.['encryption-key-id'] ?? []).toString()).toBe('old');
  const [opened] = await codec.decode(stored ? [stored] : []);
  expect(opened && defaultPayloadConverter.fromPayload(opened)).toEqual({ text: 'canary' });
});

it('reads what older keys encrypted and what was stored plain; a missing key is named', async () => {
  const stored = await createPayloadCodec(createKeyRing([OLD])).encode([payload]);
  const rotated = createPayloadCodec(createKeyRing([NEW, OLD]));
  const opened = await rotated.decode([...stored, payload]);
  expect(opened.map((one) => defaultPayloadConverter.fromPayload(one))).toEqual([
    { text: 'canary' },
    { text: 'canary' },
  ]);
  await expect(createPayloadCodec(createKeyRing([])).decode(stored)).rejects.toMatchObject({
    code: 'key_missing',
  });
});

it('leaves payloads alone without keys, and encrypts none twice', async () => {
  expect(await createPayloadCodec(createKeyRing([])).encode([payload])).toEqual([payload]);
  const codec = createPayloadCodec(createKeyRing([OLD]));
  const once = await codec.encode([payload]);
  expect(await codec.encode(once)).toEqual(once);
});
