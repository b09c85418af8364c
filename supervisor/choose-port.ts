import { isPortFree, pickFreePort } from '../providers/host/free-port.ts';
import type { RunFile } from './run-file.ts';

/**
 * The port of the api: the configured one, or for 0 the one of the run before, so that a restart keeps its address, else a free one.
 * The api itself reports a port that somebody else has.
 */
export async function choosePort(
  api: { host: string; port: number },
  before: RunFile | null,
  say: (line: string) => void,
): Promise<number> {
  if (api.port !== 0) return api.port;
  const earlier = before ? Number(new URL(before.urls.api).port) : 0;
  if (earlier > 0 && ((await isPortFree(earlier)) || before?.pids.api !== undefined)) return earlier;
  const port = await pickFreePort();
  say(`api.port is 0: picked ${port}.`);
  return port;
}
