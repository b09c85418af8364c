import { Client } from 'pg';
import { SERVICE_ROLE } from './credentials.ts';

/** Makes the service's role and database where they are missing, and sets the role's password. Safe to repeat. */
export async function provision(adminUrl: string, servicePassword: string): Promise<void> {
  const client = new Client({
    connectionString: adminUrl,
    connectionTimeoutMillis: 10_000,
    query_timeout: 60_000,
  });
  // A server that ends meanwhile reports it as an event too.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const role = client.escapeIdentifier(SERVICE_ROLE);
    const password = client.escapeLiteral(servicePassword);
    const roles = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [SERVICE_ROLE]);
    const verb = roles.rowCount === 0 ? 'CREATE' : 'ALTER';
    await client.query(
      `${verb} ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD ${password}`,
    );
    const databases = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [SERVICE_ROLE]);
    if (databases.rowCount === 0) await client.query(`CREATE DATABASE ${role} OWNER ${role}`);
  } finally {
    await client.end();
  }
}
