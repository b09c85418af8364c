import type { Config } from '../config.ts';
import { AppError } from '../core/errors.ts';
import type { SandboxDriver } from '../providers/sandbox/sandbox.ts';
import { createLogger } from '../providers/telemetry/logger.ts';
import { lockSandboxFolder } from './claim-host-folder.ts';
import { sandboxDriver } from './sandbox-driver.ts';

/**
 * Ends the sandboxes of this host and their proxy, for a service that stops as a whole. Their files stay, and what ran is reported as lost
 * when the service is there again. Sandboxes that live apart from this host are other hosts' too and are left alone.
 *
 * @throws `unavailable` when a worker of another container has their folder, or naming the sandboxes that could not be ended; the others are.
 */
export async function endSandboxes(config: Config): Promise<void> {
  const driver = sandboxDriver(config, createLogger(config.log, 'supervisor'), () =>
    Promise.reject(new AppError('internal', 'No sandbox is started by a service that stops.')),
  );
  if (driver === null || driver.apart !== undefined) return;
  const folder = config.sandbox.folder ?? config.data_dir;
  const lock = await lockSandboxFolder(folder);
  if (!lock.isOurs) {
    await driver.close();
    throw new AppError('unavailable', `${folder} is in use by ${lock.user?.name ?? 'another container'}.`);
  }
  await endAll(driver).finally(() => lock.release());
}

async function endAll(driver: SandboxDriver): Promise<void> {
  const failed: string[] = [];
  await Promise.all(
    (await driver.list())
      .filter(({ state }) => state === 'running')
      .map(({ sessionId }) =>
        driver.stop(sessionId).catch((error: unknown) => failed.push(`${sessionId} (${String(error)})`)),
      ),
  );
  if (failed.length === 0) await driver.endShared?.();
  await driver.close();
  if (failed.length > 0)
    throw new AppError('unavailable', `These sandboxes could not be ended: ${failed.join(', ')}.`);
}
