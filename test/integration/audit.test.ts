import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditHash } from '../../providers/store/audit/audit-hash.ts';
import { AuditRecord, fromAuditRecord } from '../../providers/store/audit/audit-record.ts';
import { startService, type RunningService } from '../harness/service.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const sha256 = (key: string) => createHash('sha256').update(key).digest('hex');
const KEYS = [
  { id: 'ops', workspace: 'default', sha256: sha256('secret-ops'), operator: true },
  { id: 'user', workspace: 'default', sha256: sha256('secret-user') },
];

interface Page {
  data: AuditRecord[];
  next_page: string | null;
}

describe('the audit log of a running service', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService({
      MANAGED_AGENT_AUTH_KEYS: JSON.stringify(KEYS),
      MANAGED_AGENT_API_TRUSTED_PROXIES: '["127.0.0.1"]',
    });
    for (let at = 0; at < 7; at += 1) await makeEnvironment(`environment ${at}`, `203.0.113.${at}`);
  });
  afterAll(async () => service.stop());

  /** As a reverse proxy on the same machine passes it on. */
  async function makeEnvironment(name: string, client: string): Promise<string> {
    const answer = await fetch(`${service.url}/v1/environments`, {
      method: 'POST',
      headers: {
        'x-api-key': 'secret-user',
        'content-type': 'application/json',
        'x-forwarded-for': `192.0.2.66, ${client}`,
      },
      body: JSON.stringify({ name }),
    });
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { id: string }).id;
  }

  async function get(what: string, key = 'secret-ops'): Promise<Response> {
    return fetch(`${service.url}${what}`, { headers: { 'x-api-key': key } });
  }

  async function list(query: string): Promise<Page> {
    const answer = await get(`/audit?${query}`);
    expect(answer.status).toBe(200);
    return (await answer.json()) as Page;
  }

  async function command(
    name: string,
    ...rest: string[]
  ): Promise<{ status: number; said: string; output: string }> {
    return new Promise((resolve) => {
      const env = {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'],
        MANAGED_AGENT_DATA_DIR: service.dataDir,
      };
      const words = ['--disable-warning=ExperimentalWarning', `operations/${name}.ts`, ...rest];
      const child = execFile(process.execPath, words, { cwd: ROOT, env }, (_error, output, problems) =>
        resolve({ status: child.exitCode ?? -1, output, said: output + problems }),
      );
    });
  }

  it('is read in pages, by who and what and when, and shows the clients behind the proxy', async () => {
    const created = await list('operation=createEnvironment&key_id=user');
    expect(created.data.map(({ address }) => address)).toEqual(
      [6, 5, 4, 3, 2, 1, 0].map((at) => `203.0.113.${at}`),
    );
    expect(created.data[0]).toMatchObject({
      type: 'audit_entry',
      workspace_id: 'default',
      method: 'POST',
      path: '/v1/environments',
      status: 200,
    });
    const pages: AuditRecord[] = [];
    for (let page = ''; ;) {
      const some = await list(`operation=createEnvironment&limit=3${page}`);
      pages.push(...some.data);
      if (some.next_page === null) break;
      page = `&page=${some.next_page}`;
    }
    expect(pages).toEqual(created.data);
    const [newest] = created.data;
    expect((await list(`resource=${newest?.resource}`)).data).toEqual([newest]);
    expect((await list('address=203.0.113.2')).data).toHaveLength(1);
    expect((await list('status=409')).data).toEqual([]);
    const since = encodeURIComponent(created.data[2]?.created_at ?? '');
    const later = await list(`operation=createEnvironment&created_at[gte]=${since}&order=asc`);
    expect(later.data.at(-1)).toEqual(newest);
    expect(later.data.length).toBeLessThan(7);
    expect((await list(`created_at[lt]=2020-01-01T00:00:00Z`)).data).toEqual([]);
    expect((await get('/audit?keyid=user')).status).toBe(400);
    expect((await get('/audit?page=x')).status).toBe(400);
  });

  it('is for keys of operators, and each use of it leaves an entry', async () => {
    for (const what of ['/audit', '/audit/export', '/audit/verification']) {
      expect((await get(what, 'secret-user')).status).toBe(403);
      expect((await get(what, 'nobody')).status).toBe(401);
      expect((await get(what)).status).toBe(200);
    }
    for (const operation of ['listAuditEntries', 'exportAuditLog', 'verifyAuditLog']) {
      await expect
        .poll(async () => (await list(`operation=${operation}`)).data.at(-1))
        .toMatchObject({ key_id: 'ops', method: 'GET', status: 200 });
    }
    const refused = await list('operation=refusedRequest&status=403');
    expect(refused.data.at(-1)).toMatchObject({ key_id: 'user' });
  });

  it('is exported whole as lines of JSON, which anybody can check without the service', async () => {
    const answer = await get('/audit/export');
    expect(answer.headers.get('content-type')).toMatch(/^application\/x-ndjson/);
    const text = await answer.text();
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => AuditRecord.parse(JSON.parse(line)));
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_line, at) => at + 1));
    for (const [at, line] of lines.entries()) {
      expect(line.previous_hash).toBe(lines[at - 1]?.hash ?? '');
      expect(auditHash(line.previous_hash ?? '', fromAuditRecord(line))).toBe(line.hash);
    }
    const rest = await (await get('/audit/export?after=3')).text();
    expect(rest.split('\n')[0]).toBe(text.split('\n')[3]);

    const file = path.join(service.dataDir, 'export.jsonl');
    writeFileSync(file, text);
    const mark = `${lines[4]?.seq}:${lines[4]?.hash}`;
    const good = await command('verify-audit', '--file', file, '--mark', mark);
    expect(good.said).toContain(
      `All ${lines.length} entries, 1 to ${lines.length}, are as they were written.`,
    );
    expect(good.status).toBe(0);
    writeFileSync(file, text.replace('203.0.113.3', '203.0.113.33'));
    const changed = await command('verify-audit', '--file', file);
    expect(changed.said).toMatch(/^Entry \d+: The entry is not what was written\.$/m);
    expect(changed.status).toBe(1);
    expect((await command('verify-audit', '--file', `${file}.none`)).status).toBe(3);
  });

  it('is verified by a request', async () => {
    const { data } = await list('limit=1&order=asc');
    const mark = `${data[0]?.seq}:${data[0]?.hash}`;
    const verified = (await (await get(`/audit/verification?mark=${mark}`)).json()) as object;
    expect(verified).toMatchObject({
      type: 'audit_verification',
      intact: true,
      mark_compared: true,
      problem_count: 0,
      problems: [],
      newest: { seq: expect.any(Number) as number },
    });
    const other = await get(`/audit/verification?mark=1:${'0'.repeat(64)}`);
    expect(await other.json()).toMatchObject({ intact: false, problem_count: 1, problems: [{ seq: 1 }] });
    expect((await get('/audit/verification?mark=x')).status).toBe(400);
  });

  it('ends its verification by what it found, though nobody reads on', async () => {
    const read = promisify(execFile)(
      'bash',
      ['-c', `"${process.execPath}" operations/verify-audit.ts 2>/dev/null | true; echo "\${PIPESTATUS[0]}"`],
      { cwd: ROOT, env: { ...process.env, MANAGED_AGENT_DATA_DIR: service.dataDir } },
    );
    expect((await read).stdout.trim()).toBe('0');
  });

  it('is read and exported by a command, beside the service', async () => {
    const shown = await command('audit', '--operation', 'createEnvironment', '--last', '2');
    expect(shown.output.trimEnd().split('\n')).toHaveLength(2);
    expect(shown.output).toMatch(
      /^\d+ {2}\S+Z {2}200 {2}user@default {2}203\.0\.113\.6 {2}createEnvironment POST \/v1\/environments env_\w+$/m,
    );
    const file = path.join(service.dataDir, 'by-command.jsonl');
    const exported = await command('audit', '--export', file);
    const [, count] = /^(\d+) entries are in/.exec(exported.said) ?? [];
    const [, mark] = /^The last is (\S+)$/m.exec(exported.said) ?? [];
    expect(exported.status).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(Number(count));
    expect((await command('audit', '--export', file)).said).toContain('exists already');

    const id = await makeEnvironment('one more', '203.0.113.99');
    const [seq = ''] = (mark ?? '').split(':');
    const more = await command('audit', '--export', `${file}.2`, '--after', seq);
    expect(more.status).toBe(0);
    expect(readFileSync(`${file}.2`, 'utf8')).toContain(id);
    const both = await command('verify-audit', '--file', file, '--file', `${file}.2`, '--mark', mark ?? '');
    expect(both.status).toBe(0);
    const lines = await command('audit', '--export', '-', '--resource', id);
    expect(AuditRecord.parse(JSON.parse(lines.output))).toMatchObject({
      resource: id,
      address: '203.0.113.99',
    });
    writeFileSync(`${file}.3`, lines.output);
    expect((await command('verify-audit', '--file', `${file}.3`, '--filtered')).status).toBe(0);
    expect((await command('audit', '--from', 'yesterday')).status).toBe(2);
    expect((await command('audit', '--last', '0')).status).toBe(2);
    expect((await command('audit', '--status', '99999999999')).status).toBe(2);
    const nowhere = await command('audit', '--export', '/nowhere/audit.jsonl');
    expect(nowhere).toMatchObject({ status: 1, said: expect.stringContaining('ENOENT') as string });
    expect(nowhere.said).not.toContain('errno');
    for (const name of ['audit', 'verify-audit', 'backup', 'restore', 'rebuild-journal', 'migrate']) {
      const helped = await command(name, '--help');
      expect([helped.status, helped.output]).toEqual([0, expect.stringContaining('Usage: npm run')]);
      const wrong = await command(name, '--no-such-option');
      expect([wrong.status, wrong.said.includes('    at ')]).toEqual([2, false]);
    }
    expect(existsSync(`${file}.new`)).toBe(false);
  });
});
