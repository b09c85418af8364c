import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { AppError } from '../core/errors.ts';
import type { Upkeep } from '../providers/store/upkeep.ts';

/**
 * Sees to it that this store's sessions go on in the Temporal namespace that they started in. A Temporal that `npm start` runs itself
 * may be a new one, since its database can be set aside: it is taken over, and the sessions go on from the journal. A configured
 * address with another identity is refused until an operator says that it is meant.
 *
 * @throws `bad_config` naming both identities and the command.
 */
export async function checkTemporalIdentity(
  config: Config,
  log: Logger,
  client: Client,
  upkeep: Upkeep,
): Promise<void> {
  const { clusterId } = await client.workflowService.getClusterInfo({});
  const { namespaceInfo } = await client.workflowService.describeNamespace({
    namespace: client.options.namespace,
  });
  const identity = `${clusterId}/${namespaceInfo?.id ?? client.options.namespace}`;
  const known = await upkeep.temporalIdentity(identity, 'keep');
  if (known === identity) return;
  if (!config.temporal.managed) {
    throw new AppError(
      'bad_config',
      `temporal.address: this store belongs to the Temporal namespace ${known}, and ${config.temporal.address ?? ''} is ${identity}. ` +
        'If the move is meant, run: npm run adopt-temporal',
    );
  }
  await upkeep.temporalIdentity(identity, 'replace');
  log.warn({ was: known, is: identity }, 'a new Temporal is taken over; sessions go on from the journal');
}
