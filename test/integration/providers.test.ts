import { randomUUID } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyPdf } from '../doubles/tiny-pdf.ts';
import { startService, type RunningService } from '../harness/service.ts';
import { watchStream } from '../harness/sse-watcher.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

/** The models, each of which speaks another wire format to the scripted server. */
const MODELS = [
  ['anthropic', 'claude-scripted'],
  ['openai-responses', 'scripted-responses'],
  ['openai-chat', 'scripted-chat'],
  ['gemini', 'scripted-gemini'],
] as const;

/**
 * One scenario from end to end, the same for every provider: images and documents in, tools side by side, a person's confirmation, a
 * worker killed in the middle of a stream, a file out, an interrupt, and a last answer.
 */
describe('a session with everything in it', () => {
  let models: ScriptedModelServer;
  let service: RunningService;
  let client: Anthropic;

  beforeAll(async () => {
    models = await startScriptedModelServer();
    const images = { max_count: 20, media_types: ['image/png', 'image/jpeg'] };
    const openai = { provider: 'openai', base_url: `${models.url}/v1`, api_key: 'scripted', images };
    service = await startService({
      MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url,
      ANTHROPIC_API_KEY: 'scripted',
      MANAGED_AGENT_MODELS: JSON.stringify([
        { ...openai, id: 'scripted-responses', api: 'responses' },
        { ...openai, id: 'scripted-chat', api: 'chat_completions' },
        {
          id: 'scripted-gemini',
          provider: 'gemini',
          vendor_model: 'gemini-3-pro',
          base_url: models.url,
          api_key: 'scripted',
          images,
        },
      ]),
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
    });
    client = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 20 });
  });
  afterAll(async () => {
    await service.stop();
    await models.close();
  });

  it.each(MODELS)('passes on %s', async (format, model) => {
    const marker = `scenario-${randomUUID()}`;
    const use = (name: string, input: Record<string, string>) => ({ type: 'tool_use' as const, name, input });
    models.scenario({
      when: marker,
      steps: [
        {
          blocks: [
            { type: 'thinking', text: 'All at once.' },
            { type: 'text', text: 'I look at the files.' },
            use('bash', {
              command: `echo ${marker} >> ledger.txt; cat /mnt/session/uploads/*/table.csv > /mnt/session/outputs/copy.csv; sleep 1`,
            }),
            use('read', { file_path: '/workspace/scan.tiff' }),
            use('write', { file_path: '/workspace/asked.txt', content: marker }),
          ],
        },
        // Long enough for the kill to find it under way.
        { blocks: [{ type: 'text', tokens: 60 }], gapMs: 50 },
        { blocks: [use('bash', { command: 'sleep 60' })] },
        { blocks: [use('bash', { command: 'cat ledger.txt asked.txt' })] },
        { blocks: [{ type: 'text', text: 'That is all.' }] },
      ],
    });

    const session = await begin(marker, model);
    const watcher = watchStream(`${service.url}/v1/sessions/${session}/events/stream`, { from: '0' });

    // Images and documents in, tools side by side, one of them asked for.
    await untilStopped(session, 'requires_action');
    const waiting = await eventsOf(session);
    expect(waiting.filter(({ type }) => type === 'agent.tool_use')).toHaveLength(3);
    expect(waiting.filter(({ type }) => type === 'agent.tool_result')).toHaveLength(2);
    expect(JSON.stringify(waiting)).not.toContain('"is_error":true');
    const asked = waiting.findLast(({ type }) => type === 'session.status_idle');
    const [toConfirm] =
      asked?.type === 'session.status_idle' && asked.stop_reason.type === 'requires_action'
        ? asked.stop_reason.event_ids
        : [];
    await client.beta.sessions.events.send(session, {
      events: [{ type: 'user.tool_confirmation', tool_use_id: toConfirm ?? '', result: 'allow' }],
    });

    // The worker is killed while the second answer streams.
    const ofSecond = () => models.ledger().filter(({ about, step }) => about.includes(marker) && step === 1);
    await until(async () => (ofSecond()[0]?.framesSent ?? 0) > 3);
    await service.kill('worker');
    await service.ready();
    await untilStopped(session, 'end_turn');
    // The answer counts as soon as the last thing it needs is there; what the vendor sends after that is read on beside the session.
    await until(async () => ofSecond().every(({ outcome }) => outcome !== 'streaming'));
    const attempts = ofSecond();
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['aborted', 'completed']);
    expect(attempts.map((attempt) => attempt.format)).toEqual([format, format]);
    // Both attempts asked the same: what the vendor has in its cache goes on being of use.
    expect(attempts[1]?.bodySha256).toBe(attempts[0]?.bodySha256);
    const messages = (await eventsOf(session)).filter(({ type }) => type === 'agent.message');
    expect(messages).toHaveLength(2);

    // What the agent left for its user.
    const { data: outputs } = await client.beta.files.list({ scope_id: session });
    const copy = outputs.find(({ filename, downloadable }) => filename === 'copy.csv' && downloadable);
    const download = await client.beta.files.download(copy?.id ?? '');
    expect(await download.text()).toBe('a,b\n1,2\n');
    expect(download.headers.get('content-disposition')).toContain('copy.csv');

    // An interrupt, and on.
    await say(session, 'wait a while');
    await until(async () => (await usesOf(session)) === 4);
    await client.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] });
    await untilStopped(session, 'end_turn');
    await say(session, 'what is there?');
    await untilStopped(session, 'end_turn');
    const events = await eventsOf(session);
    const results = events.filter(({ type }) => type === 'agent.tool_result');
    expect(results).toHaveLength(5);
    // The command ran once, and so did what was allowed.
    expect(JSON.stringify(results.at(-1)).split(marker)).toHaveLength(3);

    expect(models.violations()).toEqual([]);
    checkRequests(marker, format);
    await until(async () => watcher.received.length >= events.length);
    watcher.stop();
    expect(watcher.received.map(({ eventId }) => eventId)).toEqual(events.map(({ id }) => id));
  });

  /** Sends the first message: an image by its bytes, one that also lies in the workspace, a PDF, and a table. */
  async function begin(marker: string, model: string): Promise<string> {
    const picture = sharp({ create: { width: 40, height: 30, channels: 3, background: '#c81e28' } });
    const tiff = await picture.clone().tiff().toBuffer();
    const avif = await picture.clone().avif().toBuffer();
    const upload = async (name: string, bytes: Buffer) =>
      (await client.beta.files.upload({ file: new File([new Uint8Array(bytes)], name) })).id;
    const scan = await upload('scan.tiff', tiff);
    const table = await upload('table.csv', Buffer.from('a,b\n1,2\n'));
    const environment = await client.beta.environments.create({ name: marker });
    const agent = await client.beta.agents.create({
      name: marker,
      model,
      tools: [
        {
          type: 'agent_toolset_20260401',
          configs: [{ name: 'write', permission_policy: { type: 'always_ask' } }],
        },
      ],
    });
    const session = await client.beta.sessions.create({
      agent: agent.id,
      environment_id: environment.id,
      resources: [{ type: 'file', file_id: scan, mount_path: '/workspace/scan.tiff' }],
    });
    await client.beta.sessions.events.send(session.id, {
      events: [
        {
          type: 'user.message',
          content: [
            { type: 'text', text: marker },
            {
              type: 'image',
              source: { type: 'base64', media_type: 'image/avif', data: avif.toString('base64') },
            },
            { type: 'image', source: { type: 'file', file_id: scan } },
            {
              type: 'document',
              source: {
                type: 'base64',
                media_type: 'application/pdf',
                data: tinyPdf('Words of the document').toString('base64'),
              },
            },
            { type: 'document', source: { type: 'file', file_id: table } },
          ],
        },
      ],
    });
    return session.id;
  }

  /** What the vendor was shown: three images that it takes, the document and the table, the same in every request. */
  function checkRequests(marker: string, format: string): void {
    const requests = models.ledger().filter(({ about }) => about.includes(marker));
    expect(requests.length).toBeGreaterThanOrEqual(6);
    for (const { body, step } of requests) {
      const text = JSON.stringify(body);
      const shown = text.match(/(?:data:image\/|"(?:media_type|mimeType)":"image\/)(png|jpeg)/g) ?? [];
      expect([format, step, shown.length]).toEqual([format, step, step === 0 ? 2 : 3]);
      expect(text).toContain('a,b\\n1,2');
      expect(text).toMatch(/Words of the document|application\/pdf/);
      expect(text).toContain('lies in your sandbox at /mnt/session/uploads/');
    }
  }

  async function usesOf(session: string): Promise<number> {
    return (await eventsOf(session)).filter(({ type }) => type === 'agent.tool_use').length;
  }

  async function say(session: string, text: string): Promise<void> {
    await client.beta.sessions.events.send(session, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });
  }

  async function eventsOf(session: string) {
    const events = [];
    for await (const event of client.beta.sessions.events.list(session)) events.push(event);
    return events;
  }

  /** Waits until the session is idle for this reason, with nothing under way. */
  async function untilStopped(session: string, reason: string): Promise<void> {
    await until(async () => {
      const last = (await eventsOf(session)).at(-1);
      return last?.type === 'session.status_idle' && last.stop_reason.type === reason;
    });
  }
});

async function until(condition: () => Promise<boolean>, milliseconds = 90_000): Promise<void> {
  const end = Date.now() + milliseconds;
  for (;;) {
    try {
      if (await condition()) return;
    } catch (error) {
      if (!(error instanceof Anthropic.APIError) && !(error instanceof TypeError)) throw error;
    }
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
