import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import type { ErrorCode } from '../../../core/errors.ts';
import type { Place, ScriptedModelServer } from '../../../test/scripted-model-server/index.ts';
import type { ModelProvider } from '../model-provider.ts';
import { collect, failureOf, makeRequest, type ContractSubject } from './subject.ts';

interface Setup {
  server: ScriptedModelServer;
  provider: ModelProvider;
}

const BLOCKS = [
  { type: 'text' as const, text: 'One two three four five six.' },
  { type: 'tool_use' as const, name: 'bash', input: { command: 'echo one; echo two; echo three' } },
];

/** What every adapter makes of a provider that fails. */
export function itFailsTyped(subject: ContractSubject, setup: () => Setup): void {
  it.each<[number, ErrorCode]>([
    [400, 'model_request_refused'],
    [401, 'model_credentials_refused'],
    [402, 'model_billing'],
    [403, 'model_credentials_refused'],
    [404, 'model_request_refused'],
    [413, 'model_request_refused'],
    [422, 'model_request_refused'],
    [408, 'model_unreachable'],
    [429, 'model_rate_limited'],
    [500, 'model_unreachable'],
    [502, 'model_unreachable'],
    [503, 'model_overloaded'],
    [504, 'model_unreachable'],
    [529, 'model_overloaded'],
  ])('turns status %i into %s, after one request', async (status, code) => {
    const { server, provider } = setup();
    const before = server.ledger().length;
    server.push({ fault: { kind: 'status', status, message: 'scripted words' } });
    const error = await failureOf(collect(provider, makeRequest(subject)));
    expect(error.code).toBe(code);
    expect(error.message).toContain(String(status));
    expect(error.message.includes('scripted words')).toBe(code !== 'model_credentials_refused');
    expect(server.ledger()).toHaveLength(before + 1);
  });

  it.each<[string, Record<string, string>, number]>([
    ['seconds', { 'retry-after': '7' }, 7_000],
    ['milliseconds', { 'retry-after-ms': '1250', 'retry-after': '9' }, 1_250],
  ])('passes on the delay that the provider asks for, in %s', async (_unit, headers, expected) => {
    const { server, provider } = setup();
    server.push({ fault: { kind: 'status', status: 429, headers } });
    const error = await failureOf(collect(provider, makeRequest(subject)));
    expect(error.retryAfterMs).toBe(expected);
  });

  it('says what was counted so far of a request that breaks off, where the vendor does', async () => {
    const { server, provider } = setup();
    server.push({
      blocks: BLOCKS,
      usage: { input_tokens: 120, output_tokens: 45 },
      fault: { kind: 'eof', at: 'text' },
    });
    const counted: number[] = [];
    const read = async () => {
      for await (const part of provider.stream(makeRequest(subject), new AbortController().signal))
        if (part.type === 'usage') counted.push(part.usage.input_tokens);
    };
    expect((await failureOf(read())).code).toBe('model_unreachable');
    expect(counted.at(-1)).toBe(subject.countsEarly ? 120 : undefined);
  });

  it('says that a prompt is too long in a form that can be acted on', async () => {
    const { server, provider } = setup();
    const message =
      'prompt is too long: maximum context length is 200000 tokens, input token count exceeds it';
    server.push({ fault: { kind: 'status', status: 400, message } });
    const error = await failureOf(collect(provider, makeRequest(subject)));
    expect(error.code).toBe('model_request_refused');
    expect(error.details).toEqual({ error_code: 'context_window_exceeded' });
  });

  it.each<[Place]>([['head'], ['text'], ['tool-start'], ['tool-input'], ['before-end']])(
    'gives no response when the stream ends or breaks too early, at: %s',
    async (at) => {
      const { server, provider } = setup();
      for (const kind of ['eof', 'cut'] as const) {
        server.push({ blocks: BLOCKS, fault: { kind, at } });
        const error = await failureOf(collect(provider, makeRequest(subject)));
        expect(error.code).toBe('model_unreachable');
      }
    },
  );

  it('fails when the provider reports an error in the middle of the text', async () => {
    const { server, provider } = setup();
    server.push({ blocks: BLOCKS, fault: { kind: 'error-event', at: 'text', type: 'overloaded_error' } });
    const error = await failureOf(collect(provider, makeRequest(subject)));
    expect(['model_overloaded', 'model_unreachable']).toContain(error.code);
  });

  it.each(['bad-json'] as const)('fails on a stream that breaks the protocol: %s', async (what) => {
    const { server, provider } = setup();
    server.push({ blocks: BLOCKS, fault: { kind: 'malformed', what } });
    const error = await failureOf(collect(provider, makeRequest(subject)));
    expect(error.code).toBe('model_unreachable');
  });

  it('fails when a proxy answers 200 with a page', async () => {
    const { server, provider } = setup();
    server.push({ fault: { kind: 'html' } });
    const error = await failureOf(collect(provider, makeRequest(subject)));
    expect(error.code).toBe('model_unreachable');
  });

  it('fails when the connection is reset', async () => {
    const { server, provider } = setup();
    server.push({ fault: { kind: 'reset' } });
    const error = await failureOf(collect(provider, makeRequest(subject)));
    expect(error.code).toBe('model_unreachable');
  });

  it.each([
    ['nobody listens', async () => `http://127.0.0.1:${String(await closedPort())}`],
    ['the name does not exist', async () => 'http://no-such-host.invalid'],
    ['TLS is spoken to a server without', async () => setup().server.url.replace('http:', 'https:')],
  ])('fails when %s', async (_name, urlOf) => {
    const provider = subject.make({ url: await urlOf() });
    const error = await failureOf(collect(provider, makeRequest(subject)));
    expect(error.code).toBe('model_unreachable');
  });

  it.each([
    [
      'only pings come',
      { blocks: BLOCKS, fault: { kind: 'stall' as const, at: 'text' as const, pingMs: 10 } },
    ],
    ['nothing comes at all', { fault: { kind: 'hang' as const } }],
    [
      'a byte comes now and then',
      { blocks: BLOCKS, fault: { kind: 'slow-loris' as const, bytesPerSecond: 20 } },
    ],
  ])('gives up when %s, and closes the connection', async (_name, script) => {
    const { server } = setup();
    const provider = subject.make({ url: server.url, limits: { stallMs: 200 } });
    server.push(script);
    const error = await failureOf(collect(provider, makeRequest(subject)));
    expect(error.code).toBe('model_unreachable');
    expect(error.message).toContain('no content');
    const { n } = server.ledger().at(-1) ?? { n: 0 };
    await server.waitFor((entry) => entry.n === n && entry.outcome === 'aborted');
  });

  it('gives up on an answer that never ends', async () => {
    const { server } = setup();
    const provider = subject.make({ url: server.url, limits: { totalMs: 300 } });
    server.push({ blocks: [{ type: 'text', tokens: 10_000 }], gapMs: 5 });
    const error = await failureOf(collect(provider, makeRequest(subject)));
    expect(error.code).toBe('model_unreachable');
    expect(error.message).toContain('did not finish');
  });

  it('does not count the time that its consumer takes', async () => {
    const { server } = setup();
    const provider = subject.make({ url: server.url, limits: { stallMs: 1_500 } });
    server.push({ blocks: [{ type: 'text', text: 'one two three' }] });
    let slow = true;
    for await (const part of provider.stream(makeRequest(subject), new AbortController().signal)) {
      if (part.type !== 'text-delta' || !slow) continue;
      slow = false;
      await new Promise((resolve) => setTimeout(resolve, 1_800));
    }
    expect(slow).toBe(false);
  });

  it('closes the connection at once when it is aborted, and throws the reason', async () => {
    const { server, provider } = setup();
    server.push({ blocks: [{ type: 'text', tokens: 10_000 }], gapMs: 5 });
    const controller = new AbortController();
    const reason = new Error('interrupted by the user');
    let seen = 0;
    const run = async () => {
      for await (const part of provider.stream(makeRequest(subject), controller.signal))
        if (part.type === 'text-delta' && (seen += 1) === 3) controller.abort(reason);
    };
    await expect(run()).rejects.toBe(reason);
    const { n } = server.ledger().at(-1) ?? { n: 0 };
    await server.waitFor((entry) => entry.n === n && entry.outcome === 'aborted');
  });

  it('throws the reason when it is aborted before the first byte, and sends nothing when aborted before', async () => {
    const { server, provider } = setup();
    server.push({ fault: { kind: 'hang' } });
    const controller = new AbortController();
    const reason = { why: 'not even an error' };
    const waiting = collect(provider, makeRequest(subject), controller.signal);
    const { n } = await server.waitFor((entry) => entry.outcome === 'streaming');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await server.waitFor((entry) => entry.n === n && entry.outcome === 'aborted');
    const before = server.ledger().length;
    await expect(collect(provider, makeRequest(subject), AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(server.ledger()).toHaveLength(before);
  });

  it('closes the connection when its consumer stops reading', async () => {
    const { server, provider } = setup();
    server.push({ blocks: [{ type: 'text', tokens: 10_000 }], gapMs: 5 });
    for await (const part of provider.stream(makeRequest(subject), new AbortController().signal))
      if (part.type === 'text-delta') break;
    const { n } = server.ledger().at(-1) ?? { n: 0 };
    await server.waitFor((entry) => entry.n === n && entry.outcome === 'aborted');
  });
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
