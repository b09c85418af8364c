import type { Access } from '../api/access.ts';
import { createOperatorCheck } from '../api/operator-check.ts';
import { createTemporalUi, TEMPORAL_UI_PATH } from '../api/temporal-ui.ts';
import type { AppDeps } from '../api/app.ts';
import type { ApiObservers } from './api-observers.ts';
import type { Config } from '../config.ts';

/** Temporal's UI, as the api serves it. */
export function temporalUi(
  config: Config,
  access: Access,
  { audit, operatorReads }: ApiObservers,
): NonNullable<AppDeps['mounts']>[number] {
  const handler = createTemporalUi({
    target: config.temporal.ui_url?.replace(/\/+$/, '') ?? null,
    access,
    mayOperate: createOperatorCheck(() => config.auth.keys),
    encrypted: config.encryption.keys.length > 0,
    audit,
    reads: operatorReads,
  });
  return { path: TEMPORAL_UI_PATH, handler };
}
