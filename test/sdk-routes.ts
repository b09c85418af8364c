import Anthropic from '@anthropic-ai/sdk';

/** Resources of the SDK that lie outside the API this service speaks. */
const OUTSIDE = new Set(['messages', 'tunnels', 'userProfiles', 'organization', 'compliance', 'webhooks']);
const ID = 'some-id';
/** Path parameters that the SDK takes as fields. */
const PARENTS = {
  agent_id: ID,
  environment_id: ID,
  session_id: ID,
  vault_id: ID,
  memory_store_id: ID,
  skill_id: ID,
};

/**
 * Every route that the official client asks for, found by calling all its methods: `METHOD /path`, ids as `{}`. Helpers that loop over
 * other methods are left out.
 */
export async function sdkRoutes(): Promise<Set<string>> {
  const seen = new Set<string>();
  const client = new Anthropic({
    apiKey: 'key',
    baseURL: 'http://service.invalid',
    maxRetries: 0,
    fetch: async (input, init) => {
      const { pathname } = new URL(input instanceof Request ? input.url : String(input));
      if (pathname.startsWith('/v1/'))
        seen.add(`${init?.method?.toUpperCase() ?? 'GET'} ${pathname.replaceAll(ID, '{}')}`);
      return Response.json({ data: [] });
    },
  });
  for (const resource of resourcesIn(client.beta)) {
    for (const call of callsOf(resource)) {
      for (const args of [[{ ...PARENTS }], [ID, { ...PARENTS }], [ID, ID]]) {
        // Arguments of the wrong shape are refused before anything is sent.
        await Promise.resolve()
          .then(async () => call.apply(resource, args))
          .catch(() => undefined);
      }
    }
  }
  return seen;
}

function resourcesIn(parent: object): object[] {
  return Object.entries(parent).flatMap(([name, value]: [string, unknown]) => {
    if (OUTSIDE.has(name) || typeof value !== 'object' || value === null || !('_client' in value)) return [];
    return [value, ...resourcesIn(value)];
  });
}

type Call = (...args: unknown[]) => unknown;

function callsOf(resource: object): Call[] {
  const methods = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(resource) as object);
  return Object.entries(methods).flatMap(([name, { value }]) =>
    ['constructor', 'poller', 'worker', 'toolRunner'].includes(name) || typeof value !== 'function'
      ? []
      : [value as Call],
  );
}
