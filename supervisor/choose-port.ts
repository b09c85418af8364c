import { AppError } from '../core/errors.ts';
import { isPortFree, pickFreePort } from '../providers/host/free-port.ts';
import { identifyProcess } from '../providers/host/process-identity.ts';
import type { RunFile } from './run-file.ts';

/**
 * The port of the api: the configured one, or for 0 the one of the run before, so that a restart keeps its address, else a free one.
 *
 * @throws `bad_config` when somebody else has the configured port.
 */
export async function choosePort(
  api: { host: string; port: number },
  before: RunFile | null,
  say: (line: string) => void,
): Promise<number> {
  const earlier = before?.api_port ?? 0;
  const left = before?.pids.api;
  // An api left by a killed supervisor holds its port itself, and is adopted or replaced later.
  const isOurs = (port: number): boolean =>
    port === earlier && left !== undefined && identifyProcess(left) !== null;
  if (api.port !== 0) {
    if (isOurs(api.port) || (await isPortFree(api.port, api.host))) return api.port;
    throw new AppError(
      'bad_config',
      `api.port: port ${api.port} of ${api.host} is taken by another program. Set another one; 0 picks a free one.`,
    );
  }
  if (earlier > 0 && (isOurs(earlier) || (await isPortFree(earlier, api.host)))) return earlier;
  const port = await pickFreePort(api.host);
  say(`api.port is 0: picked ${port}.`);
  return port;
}
