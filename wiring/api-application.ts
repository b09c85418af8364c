import type { Express } from 'express';
import type { Access } from '../api/access.ts';
import { createApp } from '../api/app.ts';
import { createBodyBudget } from '../api/bodies/body-budget.ts';
import type { ConnectionLimiter } from '../api/door/connection-limiter.ts';
import type { StreamHub } from '../api/sse/stream-hub.ts';
import { apiAccess } from './access.ts';
import type { ApiObservers } from './api-observers.ts';
import { apiRoutes, type ApiParts } from './api-routes.ts';
import { consoleMount } from './console.ts';
import { rateLimiter } from './rate-limiter.ts';
import { trustedProxies } from './trusted-proxies.ts';
import { temporalUi } from './temporal-ui.ts';

/** All that the api serves, behind the rules for who may have it; the streams that end first when it stops; who may connect. */
export function apiApplication(
  parts: Omit<ApiParts, 'signIns' | 'operatorReads'>,
  observers: ApiObservers,
  newRequestId: () => string,
): { application: Express; hub: StreamHub; connections: ConnectionLimiter; access: Access } {
  const { config, log, database } = parts;
  const proxies = trustedProxies(config);
  const { access, signIns, connections } = apiAccess(config, database, proxies);
  const { routes, hub } = apiRoutes({ ...parts, signIns, operatorReads: observers.operatorReads });
  const application = createApp({
    routes,
    mounts: [temporalUi(config, access, observers), consoleMount(config, access, signIns, observers)],
    access,
    limiter: rateLimiter(config),
    bodies: createBodyBudget(config.api.body_bytes),
    proxies,
    log,
    observers,
    newRequestId,
  });
  return { application, hub, connections, access };
}
