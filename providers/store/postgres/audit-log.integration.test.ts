import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServices, type TestServices } from '../../../test/harness/start-test-services.ts';
import type { AuditLog } from '../audit-log.ts';
import { auditEntry, auditLogContract } from '../contract/audit-log.ts';
import { createPostgresAuditLog } from './audit-log.ts';
import { openDatabase, type Database } from './database.ts';
import { migrate } from './migrate.ts';

async function open() {
  const services = await startTestServices();
  const database = openDatabase({ url: services.postgresUrl });
  await migrate(database);
  return {
    services,
    database,
    log: createPostgresAuditLog(database),
    close: async () => {
      await database.close();
      await services.stop();
    },
  };
}

auditLogContract('on PostgreSQL', open);

describe('the audit log on PostgreSQL', () => {
  let services: TestServices;
  let database: Database;
  let log: AuditLog;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ services, database, log, close } = await open());
    await log.append([auditEntry(), auditEntry({ operation: 'deleteSession' }), auditEntry()]);
  });
  afterEach(() => close());

  it('refuses to be changed or emptied', async () => {
    for (const statement of [
      `UPDATE audit_log SET key_id = 'other' WHERE seq = 2`,
      'DELETE FROM audit_log WHERE seq = 2',
      'TRUNCATE audit_log',
    ]) {
      await expect(database.query(statement)).rejects.toThrow('append-only');
    }
    expect(await log.verify()).toMatchObject({ intact: true, entries: 3 });
  });

  it.each([
    ['a changed entry', `UPDATE audit_log SET key_id = 'other' WHERE seq = 2`, 2],
    ['a changed time', `UPDATE audit_log SET at = at + interval '1 second' WHERE seq = 2`, 2],
    ['a removed entry', 'DELETE FROM audit_log WHERE seq = 2', 2],
    ['a removed beginning', 'DELETE FROM audit_log WHERE seq = 1', 1],
    ['a removed end', 'DELETE FROM audit_log WHERE seq = 3', 3],
    [
      'an entry from before the first',
      `INSERT INTO audit_log (seq, at, workspace_id, request_id, operation, method, path, status, hash)
        VALUES (-5, now(), 'w', 'r', 'o', 'POST', '/', 200, decode('00', 'hex'))`,
      -5,
    ],
    ['a changed hash', `UPDATE audit_log SET hash = decode('00', 'hex') WHERE seq = 3`, 3],
    ['another head', `UPDATE audit_head SET hash = decode('00', 'hex')`, 3],
    ['a head set back', 'UPDATE audit_head SET seq = 2', 2],
  ])('notices %s, by whoever may switch the guards off', async (_what, statement, seq) => {
    const admin = new Client({ connectionString: services.postgresAdminUrl });
    await admin.connect();
    await admin.query("SET session_replication_role = 'replica'");
    await admin.query(statement);
    await admin.end();
    expect(await log.verify()).toMatchObject({ intact: false, seq });
  });

  async function tamper(...statements: string[]): Promise<void> {
    const admin = new Client({ connectionString: services.postgresAdminUrl });
    await admin.connect();
    await admin.query("SET session_replication_role = 'replica'");
    for (const statement of statements) await admin.query(statement);
    await admin.end();
  }
  const SET_BACK = `UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_log WHERE seq = 2)`;

  it('names everything that is wrong, and goes on behind it', async () => {
    await log.append([auditEntry(), auditEntry(), auditEntry()]);
    await tamper(
      `UPDATE audit_log SET status = 500 WHERE seq = 1`,
      'DELETE FROM audit_log WHERE seq IN (3, 4)',
      `UPDATE audit_log SET path = '/other' WHERE seq = 6`,
    );
    const found: number[] = [];
    expect(await log.verify(undefined, ({ seq }) => found.push(seq))).toMatchObject({
      intact: false,
      seq: 1,
    });
    expect(found).toEqual([1, 3, 6]);
  });

  it('notices entries behind its head, and a cut end with a head that fits by what was kept elsewhere', async () => {
    const mark = await log.append([]);
    await tamper(SET_BACK);
    expect(await log.verify()).toMatchObject({ intact: false, seq: 3 });
    await tamper('DELETE FROM audit_log WHERE seq = 3');
    expect(await log.verify()).toMatchObject({ intact: true, entries: 2 });
    expect(await log.verify(mark)).toMatchObject({ intact: false, seq: 3 });
    await log.append([auditEntry({ operation: 'another' }), auditEntry()]);
    expect(await log.verify(mark)).toMatchObject({ intact: false, seq: 3 });
  });

  it('notices a cut beginning with a head that fits: no entry says that it was removed', async () => {
    await tamper(
      `UPDATE audit_head SET base_seq = 2, base_hash = (SELECT hash FROM audit_log WHERE seq = 2)`,
      'DELETE FROM audit_log WHERE seq <= 2',
    );
    expect(await log.verify()).toMatchObject({ intact: false, seq: 2 });
  });

  it('says when what was kept is from before its beginning', async () => {
    const mark = await log.append([]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await log.append([auditEntry()]);
    await log.prune(Date.now() + 60_000);
    expect(await log.verify(mark)).toMatchObject({ intact: true, isCompared: false });
    expect(await log.verify({ seq: 4, hash: '0'.repeat(64) })).toMatchObject({ intact: false, seq: 4 });
  });
});
