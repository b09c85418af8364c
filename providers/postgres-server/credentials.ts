import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Superuser of the cluster: makes the service's role and database, and backups. */
export const ADMIN_ROLE = 'managed_agent_admin';
/** Role of the service; no superuser. Its database has the same name. */
export const SERVICE_ROLE = 'managed_agent';

/** Passwords of the two roles. */
export interface PostgresCredentials {
  admin: string;
  service: string;
}

/** The passwords of the cluster in this data folder, generated at the first call into a file that only we can read. */
export function clusterCredentials(dataDir: string): PostgresCredentials {
  const file = path.join(dataDir, 'postgres-credentials.json');
  if (!existsSync(file)) {
    const generated: PostgresCredentials = {
      admin: randomBytes(24).toString('base64url'),
      service: randomBytes(24).toString('base64url'),
    };
    writeFileSync(`${file}.new`, JSON.stringify(generated), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as PostgresCredentials;
}

/** Connection URL over a socket folder, as `pg` and libpq read it. */
export function socketUrl(options: {
  role: string;
  password: string;
  database: string;
  socketDir: string;
}): string {
  const { role, password, database, socketDir } = options;
  return `postgresql://${role}:${password}@/${database}?host=${encodeURIComponent(socketDir)}`;
}
