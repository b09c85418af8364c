import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AcceptEvent } from '../../core/journal/accept.ts';
import { AppError } from '../../core/errors.ts';
import type { EncryptionKey } from '../../providers/encryption/key-ring.ts';
import type { ModelProvider, ResponseBlock } from '../../providers/model/model-provider.ts';
import { startServices, type Services } from '../harness/services.ts';
import {
  createScriptedRunner,
  quietRuntime,
  startSessionLab,
  userMessage,
  type SessionLab,
} from '../harness/session-lab.ts';

const OLD: EncryptionKey = { id: 'key-of-march', key: randomBytes(32) };
const NEW: EncryptionKey = { id: 'key-of-june', key: randomBytes(32) };

/** Strings that go through a session, each in a place of its own. */
const CANARIES = {
  user: 'canary-user-message',
  assistant: 'canary-assistant-text',
  thinking: 'canary-thinking-block',
  input: 'canary-tool-input',
  output: 'canary-tool-output',
  toolError: 'canary-tool-error',
  deny: 'canary-deny-message',
  retried: 'canary-provider-outage',
  refused: 'canary-provider-refusal',
};
const LARGE = `canary-large-${randomBytes(20_000).toString('hex')}`;

const USAGE = {
  input_tokens: 1,
  output_tokens: 1,
  cache_read_input_tokens: 0,
  cache_creation_5m_input_tokens: 0,
  cache_creation_1h_input_tokens: 0,
};

function scriptedProvider(): ModelProvider {
  let outages = 0;
  return {
    name: 'test',
    async *stream(request) {
      const last = JSON.stringify(request.messages.at(-1)?.content.at(-1) ?? '');
      const blocks: ResponseBlock[] = [];
      if (last.includes('refuse')) throw new AppError('model_request_refused', CANARIES.refused);
      if (last.includes('outage') && outages++ === 0) {
        throw new AppError('model_unreachable', CANARIES.retried, { retryAfterMs: 10 });
      }
      if (last.includes('use tools')) {
        blocks.push({
          type: 'thinking',
          opaque: { type: 'opaque', provider: 'test', data: { signature: CANARIES.thinking } },
        });
        for (const command of [CANARIES.input, 'fail']) {
          blocks.push({
            type: 'tool_use',
            name: 'bash',
            input: { command },
            vendor: { provider: 'test', callId: command },
          });
        }
      } else {
        yield { type: 'block-start', index: 0, block: 'text' };
        yield { type: 'text-delta', index: 0, text: CANARIES.assistant };
        blocks.push({ type: 'text', text: CANARIES.assistant });
      }
      const stop = blocks.some((block) => block.type === 'tool_use') ? 'tool_use' : 'end_turn';
      yield { type: 'finish', response: { blocks, stop, usage: USAGE } };
    },
  };
}

const TOOLS = (policy: string) => [
  {
    type: 'agent_toolset_20260401',
    default_config: { enabled: true, permission_policy: { type: policy } },
    configs: [],
  },
];

describe('encryption with one setting', () => {
  let services: Services;
  const opened: SessionLab[] = [];

  beforeAll(async () => {
    quietRuntime();
    services = await startServices();
  });
  afterAll(async () => {
    for (const lab of opened) await lab.stop();
    await services.stop();
  });

  async function open(keys: readonly EncryptionKey[], taskQueue: string): Promise<SessionLab> {
    const lab = await startSessionLab({
      provider: scriptedProvider(),
      runner: createScriptedRunner(async (_name, input) => {
        if (input['command'] === 'fail') throw new Error(CANARIES.toolError);
        return { content: [{ type: 'text', text: CANARIES.output }], isError: false };
      }),
      services: { ...services, temporalNamespace: 'default', taskQueue, stop: async () => undefined },
      keys,
    });
    opened.push(lab);
    return lab;
  }

  async function close(lab: SessionLab): Promise<void> {
    opened.splice(opened.indexOf(lab), 1);
    await lab.stop();
  }

  /** Plays a session through all the places where contents come by. */
  async function play(lab: SessionLab): Promise<string[]> {
    await lab.startWorker();
    const allowed = await lab.createSession({ tools: TOOLS('always_allow') }, [
      userMessage(`${CANARIES.user}: outage`),
    ]);
    await lab.rest(allowed.id);
    await lab.send(allowed.id, [userMessage(LARGE)]);
    await lab.rest(allowed.id);
    await lab.send(allowed.id, [userMessage('use tools')]);
    await lab.rest(allowed.id);
    await lab.send(allowed.id, [userMessage('refuse')]);
    await lab.rest(allowed.id);

    const asked = await lab.createSession({ tools: TOOLS('always_ask') });
    await lab.send(asked.id, [userMessage('use tools')]);
    await lab.rest(asked.id);
    const uses = (await lab.journal.eventsAfter(asked.id, 0, 100)).filter(
      (event) => event.type === 'agent.tool_use',
    );
    const [first, second] = uses;
    if (!first || !second) throw new Error('the model asked for no tools');
    await lab.send(asked.id, [
      confirmation(first.id, { result: 'allow' }),
      confirmation(second.id, { result: 'deny', deny_message: CANARIES.deny }),
    ]);
    await lab.rest(asked.id);
    return [allowed.id, asked.id];
  }

  /** The names of the canaries that the bytes hold. */
  function found(bytes: Buffer): string[] {
    return Object.entries(CANARIES)
      .filter(([, text]) => bytes.includes(text))
      .map(([name]) => name);
  }

  async function histories(lab: SessionLab, sessions: readonly string[]): Promise<Buffer> {
    const parts = [];
    for (const workflowId of sessions) {
      const history = await lab.client.workflow.getHandle(workflowId).fetchHistory();
      parts.push(proto.temporal.api.history.v1.History.encode(history).finish());
    }
    return Buffer.concat(parts);
  }

  it('leaves no content readable in Temporal or PostgreSQL, and all of it in the journal', async () => {
    const lab = await open([OLD], 'sealed');
    const sessions = await play(lab);
    expect(found(await histories(lab, sessions))).toEqual([]);
    const listed = [];
    for (const id of sessions) listed.push(...(await lab.journal.eventsAfter(id, 0, 1_000)));
    const text = JSON.stringify(listed);
    expect(found(Buffer.from(text))).toEqual(
      expect.arrayContaining(['user', 'assistant', 'thinking', 'input', 'output', 'deny']),
    );
    expect(text).toContain(LARGE);
    await close(lab);
    const files = await filesOf(services.dataDir);
    expect(files.some(({ name }) => name.includes('temporal'))).toBe(true);
    expect(files.some(({ name }) => name.includes('pg_wal'))).toBe(true);
    const leaks = files.flatMap(({ name, bytes }) => found(bytes).map((canary) => `${canary} in ${name}`));
    expect(leaks).toEqual([]);

    // The same without keys: this is what the search above would have found.
    const control = await open([], 'plain');
    const plain = await play(control);
    expect(found(await histories(control, plain))).toEqual(expect.arrayContaining(['user', 'output']));
    await close(control);
    const names = new Set((await filesOf(services.dataDir)).flatMap(({ bytes }) => found(bytes)));
    expect([...names].sort()).toEqual(Object.keys(CANARIES).sort());
  });

  it('goes on under a new key, needs the old one for what it encrypted, and waits where it is missing', async () => {
    const before = await open([OLD], 'rotated');
    await before.startWorker();
    const { id } = await before.createSession({ tools: TOOLS('always_allow') });
    await before.send(id, [userMessage('one')]);
    await before.rest(id);
    await close(before);

    const missing = await open([NEW], 'rotated');
    await expect(missing.journal.eventsAfter(id, 0, 100)).rejects.toMatchObject({ code: 'key_missing' });
    await missing.startWorker();
    await missing.send(id, [userMessage('two')]);
    const { events } = await pendingHistory(missing, id);
    expect(events).toContain(proto.temporal.api.enums.v1.EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED);
    expect((await missing.journal.head(id))?.busy).toBe(true);
    await close(missing);

    const rotated = await open([NEW, OLD], 'rotated');
    await rotated.startWorker();
    await rotated.rest(id);
    const events2 = await rotated.journal.eventsAfter(id, 0, 100);
    expect(events2.filter((event) => event.type === 'agent.message')).toHaveLength(2);
    const stored = await rotated.database.query<{ body: { $enc: { k: string } } }>(
      'SELECT body FROM events WHERE session_id = $1 ORDER BY seq',
      [id],
    );
    expect(new Set(stored.map(({ body }) => body.$enc.k))).toEqual(new Set([OLD.id, NEW.id]));
  });

  it('refuses rows that were exchanged', async () => {
    const lab = await open([OLD], 'swapped');
    await lab.startWorker();
    const { id } = await lab.createSession();
    await lab.send(id, [userMessage('one'), userMessage('two')]);
    await lab.rest(id);
    await lab.database.query(
      `UPDATE events e SET body = o.body FROM events o
        WHERE e.session_id = $1 AND o.session_id = $1 AND e.type = 'user.message' AND o.type = 'user.message' AND e.id <> o.id`,
      [id],
    );
    await expect(lab.journal.eventsAfter(id, 0, 100)).rejects.toMatchObject({ code: 'undecryptable' });
  });
});

function confirmation(
  toolUseId: string,
  verdict: { result: 'allow' } | { result: 'deny'; deny_message: string },
): AcceptEvent {
  const id = userMessage('').id;
  const type = 'user.tool_confirmation';
  const denyMessage = verdict.result === 'deny' ? verdict.deny_message : null;
  return {
    id,
    type,
    ref: toolUseId,
    confirmation: { answer: verdict.result, denyMessage },
    body: { id, type, tool_use_id: toolUseId, ...verdict },
  };
}

/** Waits until a workflow task of the session failed, and gives the types of its history's events. */
async function pendingHistory(lab: SessionLab, workflowId: string): Promise<{ events: number[] }> {
  for (;;) {
    const { events } = await lab.client.workflow.getHandle(workflowId).fetchHistory();
    const types = (events ?? []).map((event) => event.eventType ?? 0);
    if (types.includes(proto.temporal.api.enums.v1.EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED))
      return { events: types };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function filesOf(folder: string): Promise<{ name: string; bytes: Buffer }[]> {
  const files = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const name = path.join(entry.parentPath, entry.name);
    files.push({ name, bytes: await readFile(name) });
  }
  return files;
}
