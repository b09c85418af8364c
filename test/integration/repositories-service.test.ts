import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../examples/connect.ts';
import { startGitServer, type GitServer } from '../harness/git-server.ts';
import { startService, type RunningService } from '../harness/service.ts';

const OLD = 'ghp_the-old-token-of-the-test';
const NEW = 'ghp_the-new-token-of-the-test';

/** Every file below a folder that holds a text. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const file = path.join(folder, name);
    try {
      return statSync(file).isFile() && readFileSync(file).includes(text);
    } catch {
      return false;
    }
  });
}

/** A private repository through the whole service, on the demo model. */
describe('a repository of a session of the service', () => {
  let git: GitServer;
  let service: RunningService;
  let client: Anthropic;

  beforeAll(async () => {
    git = await startGitServer();
    service = await startService({
      MANAGED_AGENT_SANDBOX_GITHUB_URL: git.origin,
      MANAGED_AGENT_SANDBOX_PRIVATE_NETWORKS: '["127.0.0.0/8"]',
      MANAGED_AGENT_WORKER_DRAIN_SECONDS: '1',
      MANAGED_AGENT_ENCRYPTION_KEYS: '[{"id":"k1","key_env":"KEY"}]',
      KEY: Buffer.alloc(32, 5).toString('base64'),
    });
    client = connect(service.url);
  });
  afterAll(async () => {
    await service.stop();
    await git.close();
  });

  async function ask(session_id: string, text: string): Promise<string> {
    const stream = await client.beta.sessions.events.stream(session_id);
    await client.beta.sessions.events.send(session_id, {
      events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    });
    const seen: string[] = [];
    for await (const event of stream) {
      seen.push(JSON.stringify(event));
      if (event.type === 'session.status_idle') break;
    }
    return seen.join('\n');
  }

  it('is told when its token is wrong, comes with the next token, survives its worker, and leaks none', async () => {
    const { main } = git.makeRepository('private/hello');
    git.tokens.add(NEW);
    const agent = await client.beta.agents.create({
      model: 'demo',
      name: 'Reader',
      tools: [{ type: 'agent_toolset_20260401' }],
    });
    const environment = await client.beta.environments.create({ name: 'Linux' });
    const session = await client.beta.sessions.create({
      agent: agent.id,
      environment_id: environment.id,
      resources: [
        {
          type: 'github_repository',
          url: 'https://github.com/private/hello',
          authorization_token: OLD,
          checkout: { type: 'branch', name: 'main' },
        },
      ],
    });
    const first = await ask(session.id, 'run `ls -A /workspace; echo listed`');
    expect(first).toContain('repository_authentication_error');
    expect(first).toContain('The repository https://github.com/private/hello is not at /workspace/hello');
    expect(first).toContain('listed');

    const [resource] = session.resources;
    const id = resource && 'id' in resource ? resource.id : '';
    await client.beta.sessions.resources.update(id, { session_id: session.id, authorization_token: NEW });
    const second = await ask(session.id, 'run `git -C /workspace/hello rev-parse HEAD; env`');
    expect(second).toContain(main);
    expect(second).not.toContain('session.error');

    await service.kill('worker');
    await service.ready();
    const third = await ask(session.id, 'run `cat /workspace/hello/README.md`');
    expect(third).toContain('# Hello');
    const requests = git.seen.length;
    await ask(session.id, 'run `cat /workspace/hello/README.md`');
    expect(git.seen.length).toBe(requests);

    for (const token of [OLD, NEW]) {
      const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
      for (const text of [token, basic]) {
        expect([first, second, third].join('\n')).not.toContain(text);
        expect(filesWith(service.dataDir, text)).toEqual([]);
      }
    }
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain('ghp_the');
  });
});
