import { describe, expect, it } from 'vitest';

import type { Lookup } from './name-lookup.ts';
import { createPublicHosts } from './public-hosts.ts';

const hostsWith = (lookup: Lookup) => createPublicHosts({ privateNetworks: ['10.1.0.0/16'], lookup });

describe('public hosts', () => {
  it.each([
    [['1.1.1.1', '2606:4700::1111'], { addresses: ['1.1.1.1', '2606:4700::1111'] }],
    [['10.1.0.1'], { addresses: ['10.1.0.1'] }],
    [[], { refusal: 'the name has no address', code: 502 }],
    [['1.1.1.1', '10.2.0.1'], { refusal: expect.stringContaining('10.2.0.1'), code: 403 }],
    [['168.63.129.16'], { refusal: expect.stringContaining('168.63.129.16'), code: 403 }],
  ])('of a name with the addresses %j', async (addresses, resolution) => {
    const hosts = hostsWith(() => Promise.resolve(addresses));
    expect(await hosts.resolve('site.example', 'session')).toEqual(resolution);
  });
  it('are checked where they are addresses themselves, and nobody is asked', async () => {
    const hosts = hostsWith(() => Promise.reject(new Error('asked')));
    expect(await hosts.resolve('1.1.1.1', 'session')).toEqual({ addresses: ['1.1.1.1'] });
    expect(await hosts.resolve('192.0.2.1', 'session')).toMatchObject({ code: 403 });
    expect(await hosts.resolve('127.0.0.1', 'session')).toMatchObject({ code: 403 });
  });
  it('resolve a few names of one asker at once, however many it gives, and those of others beside them', async () => {
    const asked: string[] = [];
    const held: (() => void)[] = [];
    const hosts = hostsWith((name) => {
      asked.push(name);
      if (name === 'other.example') return Promise.resolve(['1.1.1.1']);
      return new Promise((resolve) => held.push(() => resolve(['1.0.0.1'])));
    });
    const many = Array.from({ length: 100 }, (_, index) => hosts.resolve(`n${index}.example`, 'greedy'));
    expect(await hosts.resolve('other.example', 'modest')).toEqual({ addresses: ['1.1.1.1'] });
    expect(asked.filter((name) => name !== 'other.example')).toHaveLength(16);
    let most = 0;
    for (let done = 0; done < 100; done++) {
      most = Math.max(most, held.length);
      held.shift()?.();
      await new Promise(setImmediate);
    }
    expect(most).toBe(16);
    expect(new Set((await Promise.all(many)).map((one) => JSON.stringify(one)))).toEqual(
      new Set(['{"addresses":["1.0.0.1"]}']),
    );
  });
  it('are given up with the caller, also in the queue', async () => {
    const hosts = hostsWith(() => new Promise(() => {}));
    const abort = new AbortController();
    const all = Array.from({ length: 20 }, (_, index) =>
      hosts.resolve(`n${index}.example`, 'session', abort.signal),
    );
    abort.abort(new Error('stopped'));
    for (const one of await Promise.allSettled(all))
      expect(one).toMatchObject({ status: 'rejected', reason: { message: 'stopped' } });
  });
});
