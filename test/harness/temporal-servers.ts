import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '@temporalio/client';
import { readHostEnvironment } from '../../config.ts';
import { openConnection } from '../../providers/temporal-server/client-connection.ts';
import { findTemporalCli } from '../../providers/temporal-server/find-cli.ts';
import {
  startTemporal,
  type TemporalServer,
  type TemporalServerOptions,
} from '../../providers/temporal-server/start-temporal.ts';

export const host = readHostEnvironment();
export const cli = await findTemporalCli(host);

/** Folders with embedded Temporal servers, for the tests of one file; `end` after each. */
export function temporalServers() {
  const started: TemporalServer[] = [];
  const folders: string[] = [];
  /** What the last start said. */
  const said: string[] = [];
  return {
    folders,
    said,
    newFolder(): string {
      const folder = mkdtempSync(path.join(tmpdir(), 'temporal-server-'));
      folders.push(folder);
      return folder;
    },
    async start(dataDir: string, changes: Partial<TemporalServerOptions> = {}): Promise<TemporalServer> {
      said.length = 0;
      const server = await startTemporal({
        cli,
        dataDir,
        logFile: path.join(dataDir, 'logs', 'temporal.log'),
        runtimeDir: host.runtimeDir,
        tempDir: host.tempDir,
        port: 0,
        uiPort: 0,
        namespace: 'default',
        retentionDays: 30,
        environment: host.variables,
        say: (line) => said.push(line),
        ...changes,
      });
      started.push(server);
      return server;
    },
    async withClient<T>(server: TemporalServer, use: (client: Client) => Promise<T>): Promise<T> {
      const connection = await openConnection({ address: server.address });
      try {
        return await use(new Client({ connection }));
      } finally {
        await connection.close();
      }
    },
    async end(): Promise<void> {
      for (const server of started.splice(0)) await server.stop();
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
      said.length = 0;
    },
  };
}
