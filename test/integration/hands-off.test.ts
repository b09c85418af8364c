import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startConversations, type Conversations, type SeenResult } from '../harness/conversations.ts';
import { startService, type RunningService } from '../harness/service.ts';

/** A mount namespace in which bubblewrap is an empty file that nobody may run, as on a host that does not have it. */
const WITHOUT_BUBBLEWRAP = [
  'unshare',
  '-m',
  'sh',
  '-c',
  'f=$(mktemp) && chmod 600 "$f" && mount --bind "$f" "$(readlink -f /usr/bin/bwrap)" && rm "$f"; exec "$@"',
  'sh',
];

describe('a service on a host that cannot run sandboxes', () => {
  let models: Conversations;
  let service: RunningService | undefined;

  beforeAll(async () => {
    models = await startConversations();
    if (process.getuid?.() !== 0) return;
    service = await startService(
      { MANAGED_AGENT_PROVIDERS_ANTHROPIC_BASE_URL: models.url, ANTHROPIC_API_KEY: 'scripted' },
      WITHOUT_BUBBLEWRAP,
    );
  });
  afterAll(async () => {
    await service?.stop();
    await models.close();
  });

  it('is ready with its hands off, and tells the model why a tool cannot be used', async ({ skip }) => {
    if (service === undefined) return skip('only root can hide a program from a service');
    const { url } = service;
    const client = new Anthropic({ baseURL: url, apiKey: 'unused', maxRetries: 10 });
    const environment = await client.beta.environments.create({ name: 'plain' });
    const agent = await client.beta.agents.create({
      name: 'plain',
      model: 'claude-scripted',
      tools: [{ type: 'agent_toolset_20260401' }],
    });
    const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
    const seen: SeenResult[] = models.plan('use bash', [
      () => ({ name: 'bash', input: { command: 'true' } }),
      () => 'I cannot.',
    ]);
    await client.beta.sessions.events.send(session.id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text: 'use bash' }] }],
    });
    await vi.waitUntil(async () => (await client.beta.sessions.retrieve(session.id)).status === 'idle', {
      timeout: 60_000,
      interval: 100,
    });
    expect(seen).toMatchObject([
      { tool: 'bash', isError: true, text: expect.stringContaining('This host cannot run sandboxes.') },
    ]);
    expect(seen[0]?.text).toContain('These programs are missing: bwrap.');
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${url}/status`)).json()).toMatchObject({
      status: 'down',
      parts: {
        brains: { state: 'ok' },
        hands: {
          state: 'down',
          detail: expect.stringContaining('hands off: bubblewrap cannot be used. These programs'),
        },
      },
    });
  });
});
