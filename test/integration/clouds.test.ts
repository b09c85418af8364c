import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBedrock } from '../cloud-doubles/bedrock.ts';
import type { CloudFront } from '../cloud-doubles/cloud-front.ts';
import { startTokenServer, SUBJECT, type TokenServer } from '../cloud-doubles/token-server.ts';
import { startVertex } from '../cloud-doubles/vertex.ts';
import { startService, type RunningService } from '../harness/service.ts';
import { startScriptedModelServer, type ScriptedModelServer } from '../scripted-model-server/index.ts';

const ACCOUNT = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'eu-central-1',
  service: 'bedrock',
};

describe('sessions whose models are asked at clouds, as an identity', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'managed-agent-clouds-'));
  const subjectFile = path.join(folder, 'subject');
  let models: ScriptedModelServer;
  let bedrock: CloudFront;
  let tokens: TokenServer;
  let vertex: CloudFront;
  let service: RunningService;
  let beta: Anthropic['beta'];
  let environment: string;

  beforeAll(async () => {
    models = await startScriptedModelServer();
    bedrock = await startBedrock(ACCOUNT);
    tokens = await startTokenServer();
    // So short that each request needs another.
    tokens.seconds = 60;
    vertex = await startVertex(tokens);
    bedrock.upstream = models.url;
    vertex.upstream = models.url;
    writeFileSync(subjectFile, SUBJECT);
    writeFileSync(path.join(folder, 'key.json'), JSON.stringify(tokens.federatedIdentity(subjectFile)));
    service = await startService({
      AWS_ACCESS_KEY_ID: ACCOUNT.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ACCOUNT.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      MANAGED_AGENT_PROVIDERS: JSON.stringify({
        aws: { protocol: 'bedrock', region: ACCOUNT.region, base_url: bedrock.url },
        gcp: {
          protocol: 'vertex',
          project: 'the-project',
          location: 'europe-west1',
          base_url: vertex.url,
          credentials_file: path.join(folder, 'key.json'),
        },
      }),
      MANAGED_AGENT_MODELS: JSON.stringify([
        { id: 'claude-at-work', provider: 'aws', vendor_model: 'eu.anthropic.claude-opus-5-5-v1:0' },
        { id: 'claude-at-google', provider: 'gcp', vendor_model: 'claude-opus-5-5' },
        { id: 'gemini-at-google', provider: 'gcp', vendor_model: 'gemini-4-argon' },
      ]),
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_API_DRAIN_SECONDS: '1',
    });
    ({ beta } = new Anthropic({ baseURL: service.url, apiKey: 'unused', maxRetries: 20 }));
    environment = (await beta.environments.create({ name: 'env' })).id;
  });
  afterAll(async () => {
    await service.stop();
    await Promise.all([bedrock.close(), vertex.close(), tokens.close(), models.close()]);
    rmSync(folder, { recursive: true });
  });

  type Event = Awaited<ReturnType<typeof eventsOf>>[number];
  async function eventsOf(session: string) {
    const events = [];
    for await (const event of beta.sessions.events.list(session)) events.push(event);
    return events;
  }

  async function begin(model: string, text: string): Promise<string> {
    const agent = await beta.agents.create({
      name: model,
      model,
      tools: [{ type: 'agent_toolset_20260401' }],
    });
    const session = await beta.sessions.create({ agent: agent.id, environment_id: environment });
    await say(session.id, text);
    return session.id;
  }

  const say = (session: string, text: string) =>
    beta.sessions.events.send(session, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });

  /** The events up to the end of turn number `turn`. */
  async function atRest(session: string, turn: number): Promise<Event[]> {
    return expect
      .poll(() => eventsOf(session), { timeout: 60_000 })
      .toSatisfy(
        (events: Event[]) => events.filter(({ type }) => type === 'session.status_idle').length === turn,
      )
      .then(() => eventsOf(session));
  }

  const use = {
    type: 'tool_use' as const,
    name: 'bash',
    input: { command: 'echo once >> ledger; cat ledger' },
  };
  const said = (events: Event[]) => events.filter(({ type }) => type === 'agent.message');

  it.each([['claude-at-work'], ['claude-at-google'], ['gemini-at-google']])(
    'use tools with %s, and go on when their worker is killed in the middle of an answer',
    async (model) => {
      const text = `clouds-${randomUUID()}`;
      models.scenario({
        when: text,
        steps: [
          { blocks: [{ type: 'thinking', text: 'A look.' }, use] },
          { blocks: [{ type: 'text', tokens: 60 }], gapMs: 50 },
        ],
      });
      const session = await begin(model, text);
      const second = () => models.ledger().find(({ about, step }) => about.includes(text) && step === 1);
      await expect.poll(() => second()?.framesSent ?? 0, { timeout: 60_000 }).toBeGreaterThan(3);
      await service.kill('worker');
      const events = await atRest(session, 1);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
      expect(JSON.stringify(events.find(({ type }) => type === 'agent.tool_result'))).toContain('"once"');
      expect(JSON.stringify(events)).not.toContain('once\\nonce');
      expect(said(events)).toHaveLength(1);
      expect(events.filter(({ type }) => type === 'session.error')).toEqual([]);
    },
  );

  it('say what to do when the identity is refused, and go on once it is not', async () => {
    const text = `clouds-${randomUUID()}`;
    models.scenario({
      when: text,
      steps: [{ blocks: [{ type: 'text', text: 'One.' }] }, { blocks: [{ type: 'text', text: 'Two.' }] }],
    });
    writeFileSync(subjectFile, 'somebody else');
    const session = await begin('claude-at-google', text);
    const failed = await atRest(session, 1);
    const error = failed.find(({ type }) => type === 'session.error');
    expect(error).toMatchObject({
      error: { message: expect.stringMatching(/Vertex AI.*(credentials|identity)/s) as string },
    });
    expect(JSON.stringify(failed)).not.toContain('somebody else');
    writeFileSync(subjectFile, SUBJECT);
    await say(session, 'again');
    const events = await atRest(session, 2);
    expect(said(events)).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
  });
});
