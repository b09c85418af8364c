import { setTimeout as delay } from 'node:timers/promises';
import { Client, type Connection, type WorkflowClientInterceptor } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { AppError } from '../core/errors.ts';
import { SEARCH_ATTRIBUTES } from '../core/search-attributes.ts';
import { temporalDataConverter } from '../providers/encryption/data-converter.ts';
import type { Upkeep } from '../providers/store/upkeep.ts';
import { keyRing } from './key-ring.ts';
import { checkTemporalIdentity } from './temporal-identity.ts';
import { addSearchAttributes } from '../providers/temporal-server/prepare-namespace.ts';
import { lazyConnection, openConnection } from '../providers/temporal-server/client-connection.ts';
import { openWorkerConnection } from '../providers/temporal-server/worker-connection.ts';
import {
  temporalConnectionOptions,
  type TemporalAccess,
} from '../providers/temporal-server/connection-options.ts';

const RETRY_MS = 500;

function access(config: Config): TemporalAccess {
  const { address } = config.temporal;
  if (address === null) {
    throw new AppError(
      'bad_config',
      'temporal.address: expected the address of a Temporal server; only npm start runs one itself.',
    );
  }
  return { ...config.temporal, address };
}

/** A client that connects at its first call, and again whenever it must: Temporal may be down now. */
export function temporalClient(config: Config, interceptors: WorkflowClientInterceptor[] = []): Client {
  return clientOn(connectionOf(config), config, interceptors);
}

/** The key may change while the process runs. */
function connectionOf(config: Config): Connection {
  return lazyConnection(temporalConnectionOptions(access(config)), () => config.temporal.api_key);
}

/** Shows Temporal the key that the settings have now, at a worker's requests too. */
export function renewTemporalKey({ temporal }: Config, log: Logger, native: NativeConnection): void {
  if (temporal.api_key === null) return;
  native.setApiKey(temporal.api_key).catch((error: unknown) => {
    log.error({ err: error }, 'the new key of Temporal could not be taken on; restart the worker for it');
  });
}

function clientOn(connection: Connection, config: Config, workflow: WorkflowClientInterceptor[]): Client {
  const dataConverter = temporalDataConverter(keyRing(config));
  return new Client({
    connection,
    namespace: config.temporal.namespace,
    dataConverter,
    interceptors: { workflow },
  });
}

/**
 * A worker's two connections, once the server answers and is the one that the store belongs to. Waits for it, or until `signal`
 * aborts.
 */
export async function connectTemporal(
  config: Config,
  log: Logger,
  upkeep: Upkeep,
  signal: AbortSignal,
): Promise<{ client: Client; connection: Connection; native: NativeConnection }> {
  const native = await nativeConnection(config, log, signal);
  const connection = connectionOf(config);
  const client = clientOn(connection, config, []);
  await checkTemporalIdentity(config, log, client, upkeep);
  if (!config.temporal.managed) await prepareSearchAttributes(config, log);
  return { client, connection, native };
}

/** A server of the user's own may keep its operator service to itself, as Temporal Cloud does; then a person adds them. */
async function prepareSearchAttributes(config: Config, log: Logger): Promise<void> {
  const connection = await openConnection(temporalConnectionOptions(access(config)));
  try {
    await addSearchAttributes(connection, config.temporal.namespace);
  } catch (error) {
    log.warn(
      { err: error, needed: SEARCH_ATTRIBUTES },
      'the search attributes could not be added; add those that the namespace lacks, or sessions cannot start',
    );
  } finally {
    await connection.close();
  }
}

async function nativeConnection(config: Config, log: Logger, signal: AbortSignal): Promise<NativeConnection> {
  const options = temporalConnectionOptions(access(config));
  for (;;) {
    try {
      return await openWorkerConnection(options);
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ err: error, address: config.temporal.address }, 'waiting for Temporal');
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}
