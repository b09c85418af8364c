import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority, startCorporateProxy } from '../../test/doubles/corporate-proxy.ts';
import { startHttpProxy } from '../../test/doubles/http-proxy.ts';
import { startS3Server, type S3Server } from '../../test/doubles/s3-server.ts';
import { onStorageFault, type StorageFault } from '../disk/storage-fault.ts';
import { useNetwork } from '../network/outbound-network.ts';
import { NO_NETWORK_SETTINGS } from '../network/proxy-route.ts';
import { blobStoreContract } from './contract.ts';
import { createS3BlobStore } from './s3.ts';

async function makeStore(endpoint: string, stallMs?: number) {
  const spoolFolder = await mkdtemp(path.join(tmpdir(), 'spool-'));
  const store = createS3BlobStore({
    bucket: 'bucket',
    prefix: 'blobs/',
    region: 'us-east-1',
    endpoint,
    pathStyle: true,
    credentials: () => ({ accessKeyId: 'id', secretAccessKey: 'secret' }),
    spoolFolder,
    ...(stallMs === undefined ? {} : { stallMs }),
  });
  return { store, spoolFolder };
}

blobStoreContract('S3', async () => {
  const server = await startS3Server();
  const { store, spoolFolder } = await makeStore(server.url);
  return {
    store,
    age: async (milliseconds) => {
      for (const object of server.objects.values()) object.modified -= milliseconds;
    },
    close: async () => {
      expect(await readdir(spoolFolder)).toEqual([]);
      await rm(spoolFolder, { recursive: true });
      await server.close();
    },
  };
});

it('says unavailable when the storage does not answer', async () => {
  const server = await startS3Server();
  await server.close();
  const { store, spoolFolder } = await makeStore(server.url);
  await expect(store.get('one', '0'.repeat(64))).rejects.toMatchObject({ code: 'unavailable' });
  await expect(store.put('one', Buffer.from('x'))).rejects.toMatchObject({ code: 'unavailable' });
  await rm(spoolFolder, { recursive: true });
});

it('takes on other credentials from the next request on, and says when it is refused', async () => {
  const server = await startS3Server();
  const spoolFolder = await mkdtemp(path.join(tmpdir(), 'spool-'));
  let accessKeyId = 'first';
  const store = createS3BlobStore({
    bucket: 'bucket',
    prefix: '',
    region: 'us-east-1',
    endpoint: server.url,
    pathStyle: true,
    credentials: () => ({ accessKeyId, secretAccessKey: 'secret' }),
    spoolFolder,
  });
  const { sha256 } = await store.put('one', Buffer.from('x'));
  server.allow('second');
  for (const refused of [store.put('one', Buffer.from('y')), store.get('one', sha256)]) {
    await expect(refused).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('refuses the service (InvalidAccessKeyId)'),
    });
  }
  accessKeyId = 'second';
  expect(Buffer.from(await store.get('one', sha256)).toString()).toBe('x');
  await store.put('one', Buffer.from('y'));
  await server.close();
  await rm(spoolFolder, { recursive: true });
});

it('says of a storage without room that it is full', async () => {
  const server = await startS3Server();
  const { store, spoolFolder } = await makeStore(server.url);
  const faults: StorageFault[] = [];
  const stop = onStorageFault((fault) => faults.push(fault));
  server.refuseWrites({ status: 507, code: 'XMinioStorageFull' });
  const source = Readable.from([Buffer.from('whole')]);
  await expect(store.putStream('one', source, 100)).rejects.toMatchObject({
    code: 'disk_full',
    message: expect.stringContaining('The blob storage is full'),
  });
  expect(faults).toEqual([{ store: 'blobs', reason: 'full' }]);
  expect(await readdir(spoolFolder)).toEqual([]);
  server.refuseWrites(null);
  await store.put('one', Buffer.from('whole'));
  stop();
  await server.close();
  await rm(spoolFolder, { recursive: true });
});

it('reaches a storage elsewhere by the proxy of the network, and one on this machine without', async () => {
  const server = await startS3Server();
  const proxy = await startHttpProxy(Number(new URL(server.url).port));
  useNetwork({ ...NO_NETWORK_SETTINGS, httpProxy: proxy.url });
  const { store: far, ...first } = await makeStore('http://s3.test:9000');
  const { sha256 } = await far.put('one', Buffer.from('x'));
  expect(Buffer.from(await far.get('one', sha256)).toString()).toBe('x');
  expect(proxy.asked.length).toBeGreaterThan(1);
  const before = proxy.asked.length;
  const { store: near, ...second } = await makeStore(server.url);
  expect(Buffer.from(await near.get('one', sha256)).toString()).toBe('x');
  expect(proxy.asked.length).toBe(before);
  useNetwork(NO_NETWORK_SETTINGS);
  proxy.close();
  await server.close();
  for (const { spoolFolder } of [first, second]) await rm(spoolFolder, { recursive: true, force: true });
});

it('reaches a storage elsewhere over TLS by a proxy that inspects it', async () => {
  const server = await startS3Server();
  const company = makeAuthority();
  const proxy = await startCorporateProxy({
    hosts: { 's3.test': Number(new URL(server.url).port) },
    credentials: 'me:password',
    inspectsWith: company,
  });
  useNetwork({ ...NO_NETWORK_SETTINGS, httpsProxy: proxy.url, authorities: company.pem });
  const { store, spoolFolder } = await makeStore('https://s3.test');
  const { sha256 } = await store.put('one', Buffer.from('x'));
  expect(Buffer.from(await store.get('one', sha256)).toString()).toBe('x');
  expect(proxy.inspected).toContain('s3.test');
  useNetwork(NO_NETWORK_SETTINGS);
  proxy.close();
  company.remove();
  await server.close();
  await rm(spoolFolder, { recursive: true, force: true });
});

it('reads on while many others do not take what they opened', async () => {
  const server = await startS3Server();
  const { store, spoolFolder } = await makeStore(server.url);
  const { sha256: large } = await store.put('one', Buffer.alloc(8 * 1024 * 1024, 1));
  const { sha256: small } = await store.put('one', Buffer.from('small'));
  const untaken = await Promise.all(Array.from({ length: 60 }, async () => store.open('one', large)));
  expect(Buffer.from(await store.get('one', small)).toString()).toBe('small');
  for (const stream of untaken) stream.destroy();
  await server.close();
  await rm(spoolFolder, { recursive: true });
});

describe('a storage that takes connections and stalls', () => {
  const MB = 1024 * 1024;
  const bytes = Buffer.alloc(16 * MB, 1);
  let server: S3Server;
  let made: Awaited<ReturnType<typeof makeStore>>;
  beforeAll(async () => {
    server = await startS3Server();
    made = await makeStore(server.url, 2_000);
  });
  afterAll(async () => {
    await server.close();
    await rm(made.spoolFolder, { recursive: true });
  });

  it.each(['takes nothing', 'says nothing'] as const)(
    'is given up when it %s, and nothing is left behind',
    async (how) => {
      const { store, spoolFolder } = made;
      const { sha256 } = await store.put('one', Buffer.from('stored before'));
      server.stall(how);
      const refused = { code: 'unavailable', message: expect.stringContaining('does not answer') };
      const source = () => Readable.from(Array.from({ length: 16 }, () => bytes.subarray(0, MB)));
      await Promise.all([
        expect(store.putStream('one', source(), bytes.length)).rejects.toMatchObject(refused),
        expect(store.put('one', bytes)).rejects.toMatchObject(refused),
        expect(store.get('one', sha256)).rejects.toMatchObject(refused),
        expect(store.open('one', sha256)).rejects.toMatchObject(refused),
        expect(store.has('one', sha256)).rejects.toMatchObject(refused),
        expect(store.remove('one', sha256, 0, async () => false)).rejects.toMatchObject(refused),
        expect(store.sweep(0, async () => false)).rejects.toMatchObject({ name: 'TimeoutError' }),
      ]);
      expect(await readdir(spoolFolder)).toEqual([]);
      server.stall(null);
      expect(Buffer.from(await store.get('one', sha256)).toString()).toBe('stored before');
      expect([...server.objects.values()].filter((object) => object.bytes.length > MB)).toEqual([]);
    },
  );

  it('is given up in the middle of what it sends, while a slow reader is waited for', async () => {
    const { store } = made;
    const { sha256 } = await store.put('one', bytes);
    const slow = await store.open('one', sha256);
    slow.once('readable', () => undefined);
    server.stall('sends half');
    await expect(store.get('one', sha256)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(buffer(await store.open('one', sha256))).rejects.toMatchObject({ code: 'unavailable' });
    // Several times as long as a storage may be quiet.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect((await buffer(slow)).length).toBe(bytes.length);
    server.stall(null);
  });
});

it('removes what a process that died left of a stream', async () => {
  const server = await startS3Server();
  const { store, spoolFolder } = await makeStore(server.url);
  const [left, current] = ['left', 'current'].map((name) => path.join(spoolFolder, name));
  for (const file of [left, current]) await writeFile(file ?? '', 'part');
  const before = new Date(Date.now() - 25 * 3_600_000);
  await utimes(left ?? '', before, before);
  await store.putStream('one', Readable.from([Buffer.from('whole')]), 100);
  expect(await readdir(spoolFolder)).toEqual(['current']);
  await server.close();
  await rm(spoolFolder, { recursive: true });
});
