import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createNameLookup, type Lookup } from './name-lookup.ts';
import { startDnsServer, type Answer, type DnsServer } from './testing/dns-server.ts';

describe('the look-up of names', () => {
  let folder = '';
  let server: DnsServer;
  const names: Record<string, Answer> = {
    'both.example': {
      A: ['192.0.2.1'],
      AAAA: [[0x20, 1, 0xd, 0xb8, ...Array.from({ length: 11 }, () => 0), 7]],
    },
    'four.example': { A: ['192.0.2.2', '192.0.2.3'] },
    'empty.example': {},
    'silent.example': 'silence',
    'db.corp.example': { A: ['192.0.2.4'] },
    'service.space.corp.example': { A: ['192.0.2.5'] },
  };
  let lookup: Lookup;
  /** As `lookup`, with little patience. */
  let hasty: Lookup;
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'name-lookup-'));
    server = await startDnsServer((name) => names[name]);
    const options = {
      servers: [server.address],
      hostsFile: file(
        'hosts',
        '# ours\n192.0.2.9 Printer.example printer # near\n2001:db8::9\tprinter.example\nnonsense x\n',
      ),
      resolvFile: file('resolv.conf', 'nameserver 192.0.2.53\nsearch corp.example\noptions ndots:1\n'),
    };
    lookup = createNameLookup({ ...options, timeMs: 60_000 });
    hasty = createNameLookup({ ...options, timeMs: 200 });
  });
  afterEach(() => void server.questions.splice(0));
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it('asks for both kinds of addresses', async () => {
    expect(await lookup('both.example')).toEqual(['192.0.2.1', '2001:db8::7']);
    expect(await lookup('four.example')).toEqual(['192.0.2.2', '192.0.2.3']);
  });
  it('takes what the hosts file says without asking anybody, also after it changed', async () => {
    expect(await lookup('printer.example')).toEqual(['192.0.2.9', '2001:db8::9']);
    expect(await lookup('printer')).toEqual(['192.0.2.9']);
    const path = join(folder, 'hosts');
    writeFileSync(path, `${readFileSync(path, 'utf8')}192.0.2.10 later.example\n`);
    expect(await lookup('later.example')).toEqual(['192.0.2.10']);
    expect(server.questions).toEqual([]);
  });
  it('asks nobody for localhost', async () => {
    expect(await lookup('localhost')).toEqual(['127.0.0.1', '::1']);
    expect(await lookup('a.localhost')).toEqual(['127.0.0.1', '::1']);
    expect(server.questions).toEqual([]);
  });
  it('tries the search list of this host, short names first with it and long ones last', async () => {
    expect(await lookup('db')).toEqual(['192.0.2.4']);
    expect(server.questions.every((question) => question.endsWith(' db.corp.example'))).toBe(true);
    expect(await lookup('service.space')).toEqual(['192.0.2.5']);
  });
  it('says which way a name is missing', async () => {
    await expect(lookup('none.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(lookup('empty.example')).rejects.toMatchObject({ code: 'ENODATA' });
  });
  it('gives a name up whose servers are silent', async () => {
    await expect(hasty('silent.example')).rejects.toMatchObject({ code: 'ETIMEOUT' });
  });
  it('keeps neither other names nor files waiting for those that never answer', async () => {
    const order: string[] = [];
    const silent = Array.from({ length: 60 }, () =>
      hasty('silent.example').catch(() => void order.push('silent')),
    );
    // Read on the threads that the system's own resolver would hold.
    await Promise.all([lookup('four.example'), readFile(join(folder, 'hosts'))]);
    order.push('other');
    await Promise.all(silent);
    expect(order[0]).toBe('other');
    expect(order).toHaveLength(61);
  });
});
