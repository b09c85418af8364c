import { fileURLToPath } from 'node:url';
import type { Access } from '../api/access.ts';
import type { AppDeps } from '../api/app.ts';
import { createConsole } from '../api/console/console-mount.ts';
import type { SignIns } from '../api/console/sign-ins.ts';
import { createOperatorCheck } from '../api/operator-check.ts';
import type { ApiObservers } from './api-observers.ts';
import type { Config } from '../config.ts';
import { VERSION } from './version.ts';

const FOLDER = fileURLToPath(new URL('../console/dist', import.meta.url));

/** The console, as the api serves it. */
export function consoleMount(
  config: Config,
  access: Access,
  signIns: SignIns,
  { audit }: ApiObservers,
): NonNullable<AppDeps['mounts']>[number] {
  const handler = createConsole({
    folder: FOLDER,
    access,
    signIns,
    audit,
    mayOperate: createOperatorCheck(() => config.auth.keys),
    temporalNamespace: config.temporal.ui_url === null ? null : config.temporal.namespace,
    version: VERSION,
  });
  return { path: '/', handler };
}
