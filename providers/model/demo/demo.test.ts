import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TranscriptMessage } from '../../../core/session/content.ts';
import { compactionRequest } from '../../../core/session/context/compaction.ts';
import { answerTo, asMessage, BASH, collect, userSays } from '../contract/subject.ts';
import type { ModelRequest, ToolDefinition } from '../model-provider.ts';
import { createDemoProvider } from './demo.ts';
import { understand } from './understand.ts';

const WRITE: ToolDefinition = {
  name: 'write',
  description: 'Writes a file.',
  input_schema: {
    type: 'object',
    properties: { file_path: { type: 'string' }, content: { type: 'string' } },
  },
};
const READ: ToolDefinition = { name: 'read', description: 'Reads a file.', input_schema: { type: 'object' } };

const provider = createDemoProvider({ pace: { firstAnswerMs: 0, answerMs: 0, wordMs: 0 } });

async function answer(messages: TranscriptMessage[], tools: ToolDefinition[]) {
  const request: ModelRequest = {
    model: 'demo',
    system: '',
    messages,
    tools,
    maxOutputTokens: 1_000,
    sessionId: 's',
  };
  return collect(provider, request);
}

/** Plays a whole turn; `run` is the sandbox. */
async function turn(
  messages: TranscriptMessage[],
  tools: ToolDefinition[],
  run: (name: string, input: Record<string, unknown>) => { text: string; failed?: boolean },
): Promise<{ calls: { name: string; input: unknown }[]; text: string; messages: TranscriptMessage[] }> {
  const calls: { name: string; input: unknown }[] = [];
  const all = [...messages];
  for (let step = 0; step < 10; step += 1) {
    const { response } = await answer(all, tools);
    const message = asMessage(response);
    all.push(message);
    const uses = message.content.filter((block) => block.type === 'tool_use');
    if (uses.length === 0) {
      const text = response.blocks.map((block) => (block.type === 'text' ? block.text : '')).join('');
      return { calls, text, messages: all };
    }
    all.push({
      role: 'user',
      content: uses.map((use) => {
        calls.push({ name: use.name, input: use.input });
        const { text, failed } = run(use.name, use.input);
        return {
          type: 'tool_result',
          tool_use_id: use.id,
          content: [{ type: 'text', text }],
          is_error: failed ?? false,
        };
      }),
    });
  }
  throw new Error('the turn does not end');
}

/** A sandbox as plain as can be: this machine, in a folder of its own. */
function withShell<Result>(use: (run: Parameters<typeof turn>[2]) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(path.join(tmpdir(), 'demo-model-'));
  const shell = (command: string) => {
    const done = spawnSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8' });
    return { text: done.stdout + done.stderr, failed: done.status !== 0 };
  };
  return use((name, input) => {
    if (name === 'bash') return shell(String(input['command']));
    throw new Error(`no tool ${name}`);
  }).finally(() => {
    rmSync(folder, { recursive: true });
  });
}

describe('the demo model', () => {
  it('looks around on a first message, writes a program, runs it and tells what it saw', async () => {
    const { calls, text } = await withShell((run) =>
      turn([userSays('Hello there, hello demo!')], [BASH], run),
    );
    expect(calls.length).toBeGreaterThanOrEqual(4);
    expect(text).toContain('4 words');
    expect(text).toContain('2 x hello');
    const { response } = await answer([userSays('Hello there!')], [BASH]);
    expect(JSON.stringify(response.blocks)).toContain('demo model');
  });

  it('uses the write tool where it is offered, both files at once', async () => {
    const first = asMessage((await answer([userSays('hi')], [BASH, WRITE])).response);
    const looked = answerTo(first, [
      { type: 'text', text: '/workspace\nagent\nLinux 6.1\n/usr/bin/python3\ntotal 0' },
    ]);
    const { response } = await answer([userSays('hi'), first, looked], [BASH, WRITE]);
    expect(response.blocks).toMatchObject([
      { type: 'text' },
      { name: 'write', input: { file_path: '/workspace/demo/message.txt', content: 'hi\n' } },
      { name: 'write', input: { file_path: '/workspace/demo/count_words.py' } },
    ]);
  });

  it('says the same again from the same transcript', async () => {
    const messages = [userSays('run `ls`')];
    const [first, second] = await Promise.all([answer(messages, [BASH]), answer(messages, [BASH])]);
    expect(first).toEqual(second);
  });

  it.each([
    ['run `echo hi; echo then`', [{ kind: 'run', command: 'echo hi; echo then' }]],
    ['Please run ls -la /tmp', [{ kind: 'run', command: 'ls -la /tmp' }]],
    ['run this command: echo a >> b; wc -l < b', [{ kind: 'run', command: 'echo a >> b; wc -l < b' }]],
    ['Could you run the following command: `date`', [{ kind: 'run', command: 'date' }]],
    ['$ uname -a', [{ kind: 'run', command: 'uname -a' }]],
    [
      'run:\n```sh\nfor i in 1 2; do\n  echo $i\ndone\n```',
      [{ kind: 'run', command: 'for i in 1 2; do\n  echo $i\ndone' }],
    ],
    ['Write the file notes.txt with "buy milk"', [{ kind: 'write', path: 'notes.txt', content: 'buy milk' }]],
    [
      'create a file called src/app.py containing print(1)',
      [{ kind: 'write', path: 'src/app.py', content: 'print(1)' }],
    ],
    ['write `hello` to /tmp/a', [{ kind: 'write', path: '/tmp/a', content: 'hello' }]],
    ['read notes.txt', [{ kind: 'read', path: 'notes.txt' }]],
    ['show me the file `my notes.txt`', [{ kind: 'read', path: 'my notes.txt' }]],
    ['list the files', [{ kind: 'list', path: '.' }]],
    ['list files in /etc/ssl', [{ kind: 'list', path: '/etc/ssl' }]],
    [
      'call get_weather with {"city": "Oslo"}',
      [{ kind: 'call', tool: 'get_weather', input: { city: 'Oslo' } }],
    ],
    ['help', [{ kind: 'help' }]],
    [
      'run `a`, then run `b`\n- read c.txt',
      [
        { kind: 'run', command: 'a' },
        { kind: 'run', command: 'b' },
        { kind: 'read', path: 'c.txt' },
      ],
    ],
    ['Hello!', []],
    ['Run a marathon with me', []],
    ['Write a program that sorts numbers and run it', []],
    ['read the news', []],
  ])('understands %s', (text, expected) => {
    expect(understand(text)).toEqual(expected);
  });

  it('does several requests one after the other and reports them all', async () => {
    const ask = [userSays('write notes.txt with "buy milk"\nrun `wc -w < notes.txt`\nread notes.txt')];
    const { calls, text } = await withShell((run) => turn(ask, [BASH], run));
    expect(calls).toHaveLength(3);
    expect(text).toContain('2');
    expect(text).toContain('buy milk');
  });

  it('takes what the user says, not what the service says about attached files', async () => {
    const note = '[The file a.csv (text/csv, 4 bytes) lies in your sandbox at /mnt/session/uploads/x/a.csv.]';
    const content = [note, 'run `wc -l a.csv`'].map((text) => ({ type: 'text' as const, text }));
    const { calls } = await turn([{ role: 'user', content }], [BASH], () => ({ text: '1' }));
    expect(calls).toEqual([{ name: 'bash', input: { command: 'wc -l a.csv' } }]);
  });

  it('stops when a person declines, and says that nothing ran', async () => {
    const { calls, text } = await turn([userSays('run `a`\nrun `b`')], [BASH], () => ({
      text: 'The user rejected this tool call.',
      failed: true,
    }));
    expect(calls).toHaveLength(1);
    expect(text).toContain('declined');
    const tour = await turn([userSays('hi')], [BASH], () => ({
      text: 'Permission denied by the user.',
      failed: true,
    }));
    expect(tour.calls).toHaveLength(1);
    expect(tour.text).toContain('declined');
  });

  it('reports an error of a tool and ends the turn', async () => {
    const { text } = await turn([userSays('run `false`')], [BASH], () => ({ text: 'exit 1', failed: true }));
    expect(text).toContain('failed');
    expect(text).toContain('exit 1');
    const tour = await turn([userSays('hi')], [BASH, WRITE], () => ({
      text: 'the disk is full',
      failed: true,
    }));
    expect(tour.text).toContain('the disk is full');
  });

  it.each([[[]], [[READ]]])('makes do with the tools there are: %j', async (tools) => {
    const { calls, text } = await turn([userSays('hi')], tools, () => ({ text: '' }));
    expect(calls).toEqual([]);
    expect(text).toContain('demo model');
    const asked = await turn([userSays('run `ls`')], tools, () => ({ text: '' }));
    expect(asked.calls).toEqual([]);
    expect(asked.text).toContain('cannot');
  });

  it('calls any tool that the agent has, such as a client’s own', async () => {
    const tool: ToolDefinition = { name: 'get_weather', description: 'x', input_schema: { type: 'object' } };
    const { calls, text } = await turn([userSays('call get_weather with {"city": "Oslo"}')], [tool], () => ({
      text: '7 °C',
    }));
    expect(calls).toEqual([{ name: 'get_weather', input: { city: 'Oslo' } }]);
    expect(text).toContain('7 °C');
  });

  it('gives the tour once and then says what it can do', async () => {
    const first = await withShell((run) => turn([userSays('hi')], [BASH], run));
    const { calls, text } = await turn([...first.messages, userSays('and now?')], [BASH], () => ({
      text: '',
    }));
    expect(calls).toEqual([]);
    expect(text).toContain('What you can ask me');
  });

  it('stops at once when it is aborted, with the reason', async () => {
    const slow = createDemoProvider({ pace: { firstAnswerMs: 60_000, answerMs: 0, wordMs: 0 } });
    const controller = new AbortController();
    const request = {
      model: 'demo',
      system: '',
      messages: [userSays('hi')],
      tools: [],
      maxOutputTokens: 10,
      sessionId: 's',
    };
    const waiting = collect(slow, request, controller.signal);
    controller.abort('enough');
    await expect(waiting).rejects.toBe('enough');
  });
});

it('names what it was asked for when the conversation has to be summarised', async () => {
  const messages = compactionRequest([userSays('read notes.txt')]);
  const { blocks, stop } = (await answer(messages, [READ])).response;
  expect(stop).toBe('end_turn');
  expect(JSON.stringify(blocks)).toContain('- read notes.txt');
});
