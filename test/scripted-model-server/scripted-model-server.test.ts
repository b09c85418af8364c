import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import {
  startScriptedModelServer,
  type ScriptedModelServer,
  type ScriptedModelServerOptions,
} from './index.ts';
import { createPromptCache } from './prompt-cache.ts';

let server: ScriptedModelServer;
afterEach(async () => {
  await server.close();
});

async function start(options: ScriptedModelServerOptions = {}): Promise<void> {
  server = await startScriptedModelServer(options);
}

function ask(
  url: string,
  texts: string[],
  options: { key?: string; signal?: AbortSignal } = {},
): Promise<Response> {
  const messages = texts.map((text, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: [{ type: 'text', text }],
  }));
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'anthropic-version': '2026-10-21',
      authorization: `Bearer ${options.key ?? 'k'}`,
    },
    body: JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 10, stream: true, messages }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

const says = (text: string) => ({ blocks: [{ type: 'text' as const, text }] });

describe('the scripted model server', () => {
  it('plays scripts of the queue in order, then the default, and 500 when it has none', async () => {
    await start();
    server.push(says('first'), says('second'));
    expect(await (await ask(server.url, ['x'])).text()).toContain('first');
    expect(await (await ask(server.url, ['x'])).text()).toContain('second');
    expect((await ask(server.url, ['x'])).status).toBe(500);
    server.setDefault(says('again'));
    expect(await (await ask(server.url, ['x'])).text()).toContain('again');
  });

  it('answers by the place in the conversation, so that a repeated request gets the same answer', async () => {
    await start();
    server.scenario({
      when: 'marker',
      steps: [
        says('zero'),
        [{ fault: { kind: 'status', status: 529 } }, says('one after a failure')],
        { ...says('step {{step}}'), times: 100 },
      ],
    });
    const first = ['marker', 'zero', 'go'];
    expect(await (await ask(server.url, ['marker'])).text()).toContain('zero');
    expect(await (await ask(server.url, ['marker'])).text()).toContain('zero');
    expect((await ask(server.url, first)).status).toBe(529);
    expect(await (await ask(server.url, first)).text()).toContain('after');
    expect(await (await ask(server.url, first)).text()).toContain('after');
    expect(await (await ask(server.url, [...first, 'one', 'go', 'two', 'go'])).text()).toContain('"3"');
    expect(server.ledger().map(({ step, attempt }) => [step, attempt])).toEqual([
      [0, 1],
      [0, 2],
      [1, 1],
      [1, 2],
      [1, 3],
      [3, 1],
    ]);
  });

  it('lets a function answer, which sees the request', async () => {
    await start({ respond: ({ lastUserText, tools }) => says(`${lastUserText} ${String(tools.length)}`) });
    expect(await (await ask(server.url, ['echo'])).text()).toContain('echo');
  });

  it('refuses what a vendor would refuse and writes it down, or only writes it down', async () => {
    await start();
    server.push(says('x'));
    expect((await ask(server.url, [' '])).status).toBe(400);
    expect(server.violations()).toHaveLength(1);
    expect(server.ledger()[0]).toMatchObject({ outcome: 'refused', status: 400 });
    await server.close();
    await start({ onViolation: 'record' });
    server.push(says('x'));
    expect((await ask(server.url, [' '])).status).toBe(200);
    expect(server.violations()).toHaveLength(1);
  });

  it('checks the key where it was given one, and never writes keys down', async () => {
    await start({ apiKey: 'right' });
    server.push(says('x'));
    expect((await ask(server.url, ['x'], { key: 'secret-wrong' })).status).toBe(401);
    expect((await ask(server.url, ['x'], { key: 'right' })).status).toBe(200);
    expect(JSON.stringify(server.ledger())).not.toContain('secret-wrong');
  });

  it('writes down requests with their times, and tells whole answers from aborted ones', async () => {
    await start();
    server.push({ ...says('one two three'), delayMs: 5 });
    await (await ask(server.url, ['x'])).text();
    const entry = await server.waitFor(({ outcome }) => outcome === 'completed');
    expect(entry.firstByteAt ?? 0).toBeGreaterThan(entry.receivedAt);
    expect(entry.endedAt ?? 0).toBeGreaterThanOrEqual(entry.firstByteAt ?? Infinity);
    expect(entry.usage?.output_tokens).toBeGreaterThan(0);
    server.push({ fault: { kind: 'hang' } });
    const controller = new AbortController();
    const waiting = ask(server.url, ['x'], { signal: controller.signal });
    await server.waitFor(({ n, outcome }) => n === 2 && outcome === 'streaming');
    controller.abort();
    await expect(waiting).rejects.toThrow();
    await server.waitFor(({ n, outcome }) => n === 2 && outcome === 'aborted');
  });

  it('keeps as many bodies as it was told', async () => {
    await start({ keepBodies: 2, respond: () => says('x') });
    for (const text of ['a', 'b', 'c']) await (await ask(server.url, [text])).text();
    expect(server.ledger().map(({ body }) => body === null)).toEqual([true, false, false]);
  });

  it('can be steered over HTTP, as a process of its own', async () => {
    await start();
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'main.ts'), '--port', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const { url } = JSON.parse(line) as { url: string };
      const post = (name: string, body: unknown) =>
        fetch(`${url}/control/${name}`, { method: 'POST', body: JSON.stringify(body) });
      expect((await post('scripts', { scripts: [says('pushed')] })).status).toBe(200);
      expect(
        (await post('scenarios', { scenarios: [{ when: 'marker', steps: [says('by scenario')] }] })).status,
      ).toBe(200);
      expect((await post('default', { script: says('by default') })).status).toBe(200);
      expect((await post('scripts', { scripts: [{ wrong: 1 }] })).status).toBe(500);
      expect(await (await ask(url, ['marker'])).text()).toContain('scenario');
      expect(await (await ask(url, ['x'])).text()).toContain('pushed');
      expect(await (await ask(url, ['x'])).text()).toContain('default');
      const ledger = (await (await fetch(`${url}/control/ledger?after=1`)).json()) as {
        entries: { n: number }[];
      };
      expect(ledger.entries.map(({ n }) => n)).toEqual([2, 3]);
      expect(await (await fetch(`${url}/control/violations`)).json()).toEqual({ violations: [] });
      await post('reset', {});
      expect(await (await fetch(`${url}/control/ledger`)).json()).toEqual({ entries: [] });
    } finally {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    }
  });
});

describe('the simulated prompt cache', () => {
  const part = (text: string, marked = false) => ({ text, marked });

  it('reads what an earlier request marked, and counts the rest as written or fresh', async () => {
    await start();
    const cache = createPromptCache();
    const first = cache.count([part('a'.repeat(40)), part('b'.repeat(40), true), part('c'.repeat(40))], '5m');
    expect(first).toEqual({ read: 0, written: 20, uncached: 10, ttl: '5m' });
    const second = cache.count(
      [part('a'.repeat(40)), part('b'.repeat(40)), part('c'.repeat(40), true)],
      '5m',
    );
    expect(second).toEqual({ read: 20, written: 10, uncached: 0, ttl: '5m' });
  });

  it('finds nothing when one byte before the marker differs, or when the marker is too far behind', async () => {
    await start();
    const cache = createPromptCache();
    cache.count([part('a'), part('b', true)], '5m');
    expect(cache.count([part('A'), part('b', true)], '5m').read).toBe(0);
    const far = Array.from({ length: 30 }, (_unused, index) => part(`x${String(index)}`, index === 29));
    expect(cache.count([part('a'), part('b'), ...far], '5m').read).toBe(0);
    const near = Array.from({ length: 19 }, (_unused, index) => part(`x${String(index)}`, index === 18));
    expect(cache.count([part('a'), part('b'), ...near], '5m').read).toBe(2);
  });
});
