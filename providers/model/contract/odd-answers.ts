import { expect, it } from 'vitest';
import type { ScriptedModelServer } from '../../../test/scripted-model-server/index.ts';
import type { ModelProvider } from '../model-provider.ts';
import {
  answerTo,
  asMessage,
  BASH,
  collect,
  makeRequest,
  userSays,
  type ContractSubject,
} from './subject.ts';

interface Setup {
  server: ScriptedModelServer;
  provider: ModelProvider;
}

/** What every adapter makes of a model that misbehaves, and of streams in unusual forms. */
export function itReadsOddAnswers(subject: ContractSubject, setup: () => Setup): void {
  if (subject.streamsArguments) {
    it.each([
      '{"command": "ls',
      'ls -la',
      '[1, 2]',
      '"text"',
      'true',
      `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    ])('gives no input but the raw text for arguments that are no object: %.20s', async (rawInput) => {
      const { server, provider } = setup();
      server.push({ blocks: [{ type: 'tool_use', name: 'bash', rawInput }] });
      const { response } = await collect(provider, makeRequest(subject));
      expect(response.blocks).toMatchObject([{ type: 'tool_use', name: 'bash', input: null, rawInput }]);
      const message = asMessage(response);
      server.push({ blocks: [{ type: 'text', text: 'sorry' }] });
      const messages = [
        userSays('go'),
        message,
        answerTo(message, [{ type: 'text', text: 'no object' }], 'error'),
      ];
      await collect(provider, makeRequest(subject, { messages }));
    });

    it.each(['null', '""', '[]', '"{}"'])('reads %s as no arguments', async (rawInput) => {
      const { server, provider } = setup();
      server.push({ blocks: [{ type: 'tool_use', name: 'bash', rawInput }] });
      const { response } = await collect(provider, makeRequest(subject));
      expect(response.blocks).toMatchObject([{ type: 'tool_use', name: 'bash', input: {} }]);
    });
  }

  it('reads a call without any arguments as an empty object', async () => {
    const { server, provider } = setup();
    server.push({ blocks: [{ type: 'tool_use', name: 'bash', rawInput: '' }] });
    const { response } = await collect(provider, makeRequest(subject));
    expect(response.blocks).toMatchObject([{ type: 'tool_use', input: {} }]);
  });

  it('keeps calls apart that the model gave the same id, in one response and across responses', async () => {
    const { server, provider } = setup();
    const twice = [
      { type: 'tool_use' as const, name: 'bash', input: { command: 'a' }, id: 'call_0' },
      { type: 'tool_use' as const, name: 'bash', input: { command: 'b' }, id: 'call_0' },
    ];
    server.push({ blocks: twice });
    const first = asMessage((await collect(provider, makeRequest(subject))).response);
    server.push({ blocks: twice });
    const messages = [userSays('go'), first, answerTo(first)];
    const second = asMessage((await collect(provider, makeRequest(subject, { messages }))).response);
    server.push({ blocks: [{ type: 'text', text: 'ok' }] });
    await collect(provider, makeRequest(subject, { messages: [...messages, second, answerTo(second)] }));
  });

  it('writes tool names that the vendor refuses in another way, and reads them back', async () => {
    const { server, provider } = setup();
    const names = ['files.read', 'files/read', `${'very_long_'.repeat(14)}name`, '3d_print', '日本', 'plain'];
    const tools = names.map((name) => ({ ...BASH, name }));
    server.scenario({ when: 'names', steps: [{ blocks: [{ type: 'text', text: 'x' }] }] });
    await collect(provider, makeRequest(subject, { tools, messages: [userSays('names')] }));
    const offered = server.ledger().at(-1)?.tools ?? [];
    expect(new Set(offered).size).toBe(names.length);
    server.push({ blocks: offered.map((name) => ({ type: 'tool_use' as const, name, input: {} })) });
    const { response } = await collect(provider, makeRequest(subject, { tools }));
    expect(response.blocks.map((block) => (block.type === 'tool_use' ? block.name : ''))).toEqual(names);
    const message = asMessage(response);
    server.push({ blocks: [{ type: 'text', text: 'x' }] });
    await collect(
      provider,
      makeRequest(subject, { tools, messages: [userSays('go'), message, answerTo(message)] }),
    );
  });

  it('reports calls of tools that nobody offered as they came', async () => {
    const { server, provider } = setup();
    server.push({ blocks: [{ type: 'tool_use', name: 'launch_rockets', input: { count: 3 } }] });
    const { response } = await collect(provider, makeRequest(subject));
    expect(response.blocks).toMatchObject([{ name: 'launch_rockets', input: { count: 3 } }]);
  });

  it('reads an answer without content as an end of turn with no blocks', async () => {
    const { server, provider } = setup();
    server.push({ blocks: [] });
    const { response } = await collect(provider, makeRequest(subject));
    expect(response).toMatchObject({ blocks: [], stop: 'end_turn' });
  });

  it.each(subject.stops)('reports the stop reason %s', async (stop) => {
    const { server, provider } = setup();
    const blocks =
      stop === 'tool_use'
        ? [{ type: 'tool_use' as const, name: 'bash', input: {} }]
        : [{ type: 'text' as const, text: 'so far' }];
    server.push({ blocks, stop, refusal: { category: 'cyber', explanation: 'no' } });
    const { response } = await collect(provider, makeRequest(subject));
    expect(response.stop).toBe(stop);
    expect(response.refusal === undefined).toBe(stop !== 'refusal');
  });

  it('never gives input to a call that the output limit cut off, however complete it looks', async () => {
    const { server, provider } = setup();
    for (const rawInput of ['{"command": "rm -rf', '{"command": "rm -rf /tmp/x"}', '']) {
      server.push({ blocks: [{ type: 'tool_use', name: 'bash', rawInput }], stop: 'max_tokens' });
      const { response } = await collect(provider, makeRequest(subject));
      expect(response.stop).toBe('max_tokens');
      for (const block of response.blocks) expect(block).toMatchObject({ input: null });
    }
  });

  if (subject.stops.includes('refusal'))
    it('leaves out the calls of a refused answer', async () => {
      const { server, provider } = setup();
      server.push({
        blocks: [
          { type: 'text', text: 'Well' },
          { type: 'tool_use', name: 'bash', input: { command: 'x' } },
        ],
        stop: 'refusal',
      });
      const { response } = await collect(provider, makeRequest(subject));
      expect(response.blocks.some(({ type }) => type === 'tool_use')).toBe(false);
    });

  it.each([
    ['CRLF line ends', { newline: '\r\n' as const }],
    ['a byte order mark', { bom: true }],
    ['gzip', { gzip: true, atOnce: true }],
    ['packets of one byte', { packet: 1 }],
    ['packets of three bytes', { packet: 3 }],
    ['one packet', { atOnce: true }],
  ])('reads the same from a stream with %s', async (_name, form) => {
    const { server, provider } = setup();
    server.push({
      blocks: [
        { type: 'text', text: 'Grüße, 世界 🌍!' },
        { type: 'tool_use', name: 'bash', input: { command: 'echo "日本 🗾"' } },
      ],
      fault: { kind: 'form', ...form },
    });
    const { response, previews } = await collect(provider, makeRequest(subject));
    expect(response.blocks).toMatchObject([
      { type: 'text', text: 'Grüße, 世界 🌍!' },
      { type: 'tool_use', input: { command: 'echo "日本 🗾"' } },
    ]);
    expect([...previews.values()].join('')).toBe('Grüße, 世界 🌍!');
  });

  it('never shows half a character where the pieces cut one in two', async () => {
    const { server, provider } = setup();
    server.push({ blocks: [{ type: 'text', text: '🌍🗾🎉' }], pieceLength: 1 });
    const { parts, response } = await collect(provider, makeRequest(subject));
    for (const part of parts) if (part.type === 'text-delta') expect(part.text.isWellFormed()).toBe(true);
    expect(response.blocks).toEqual([{ type: 'text', text: '🌍🗾🎉' }]);
  });

  it.each(['unknown-event', 'huge-line'] as const)(
    'takes no harm from an event it does not know: %s',
    async (what) => {
      const { server, provider } = setup();
      server.push({ blocks: [{ type: 'text', text: 'still here' }], fault: { kind: 'malformed', what } });
      const { response } = await collect(provider, makeRequest(subject));
      expect(response.blocks).toEqual([{ type: 'text', text: 'still here' }]);
    },
  );
}
