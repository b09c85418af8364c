import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Route } from '../../../api/route.ts';
import type { Json, JsonObject } from '../../../core/json.ts';
import { arbitraryFromSchema } from '../../harness/arbitrary-from-schema.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';

/** Requests to each route. */
const RUNS = 40;

interface Operation {
  operationId: string;
  parameters: { name: string; in: 'path' | 'query'; schema: JsonObject }[];
  requestBody?: { content: Record<string, { schema: JsonObject }> };
}

let api: TestApi;
let operations: Map<string, Operation>;
let components: JsonObject;
const known: Record<string, string[]> = {};

beforeAll(async () => {
  api = await startApi();
  const document = (await (await fetch(`${api.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: JsonObject };
  };
  operations = new Map(
    Object.values(document.paths).flatMap((path) =>
      Object.values(path).map((operation) => [operation.operationId, operation]),
    ),
  );
  components = document.components.schemas;
  const client = api.client();
  for (let index = 0; index < 3; index += 1) {
    const agent = (await client.beta.agents.create({ model: 'demo', name: 'A' })).id;
    const environment = (await client.beta.environments.create({ name: 'E' })).id;
    const file = (await client.beta.files.upload({ file: new File(['x'], 'x.txt') })).id;
    const session = await client.beta.sessions.create({
      agent,
      environment_id: environment,
      resources: [{ type: 'file', file_id: file }],
    });
    const threads = await client.beta.sessions.threads.list(session.id);
    const ids = {
      agent_id: agent,
      environment_id: environment,
      file_id: file,
      session_id: session.id,
      thread_id: threads.data[0]?.id,
      resource_id: session.resources[0] && 'id' in session.resources[0] ? session.resources[0].id : '',
      model_id: 'demo',
    };
    for (const [name, id] of Object.entries(ids)) (known[name] ??= []).push(id ?? '');
  }
});
afterAll(async () => api.stop());

/** Ids in bodies are real ones half of the time, so that requests get past the first look-up. */
function withRealIds(value: Json): Json {
  if (Array.isArray(value)) return value.map(withRealIds);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]): [string, Json] => {
      const real = known[key === 'agent' || key === 'id' ? 'agent_id' : key]?.[0];
      if (typeof item === 'string' && real !== undefined && item.length % 2 === 0) return [key, real];
      if (key === 'model' && typeof item === 'string') return [key, 'demo'];
      return [key, withRealIds(item)];
    }),
  );
}

/** Dots would make the client ask for another path. */
const isSegment = (text: string): boolean => text !== '.' && text !== '..';

function requestsTo(route: Route): fc.Arbitrary<{ path: string; body: Json | undefined }> {
  const operation = operations.get(route.operationId);
  if (!operation) throw new Error(`${route.operationId} is not in the document`);
  const params = operation.parameters.filter((parameter) => parameter.in === 'path');
  const query = operation.parameters.filter((parameter) => parameter.in === 'query');
  const paths = fc.tuple(
    ...params.map(({ name }) =>
      fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(...(known[name] ?? ['other_1'])) },
        {
          weight: 1,
          arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 90 }).filter(isSegment),
        },
        { weight: 1, arbitrary: fc.constantFrom('\0', '%', '/', 'sesn_', 'agent_1') },
      ),
    ),
  );
  const queries = fc.tuple(
    ...query.map(({ schema }) => fc.option(arbitraryFromSchema(schema, components), { freq: 2 })),
  );
  const schema = operation.requestBody?.content['application/json']?.schema;
  const bodies: fc.Arbitrary<Json | undefined> =
    schema === undefined ? fc.constant(undefined) : arbitraryFromSchema(schema, components).map(withRealIds);
  return fc.tuple(paths, queries, bodies).map(([names, values, body]) => {
    const search = new URLSearchParams();
    query.forEach(({ name }, index) => {
      const value = values[index];
      if (value === null || value === undefined) return;
      for (const item of [value].flat())
        search.append(name, typeof item === 'string' ? item.toWellFormed() : JSON.stringify(item));
    });
    let path = route.path;
    params.forEach(({ name }, index) => {
      path = path.replace(`{${name}}`, encodeURIComponent(names[index]?.toWellFormed() ?? ''));
    });
    return { path: `${path}?${search.toString()}`, body };
  });
}

it('no request that the document allows, and none beside it, fails inside; what is answered is what the document says', async () => {
  const routes = api.routes.filter(
    ({ response, body, tag }) =>
      response.type === 'application/json' && body?.type !== 'multipart/form-data' && tag !== 'Health',
  );
  const seen = new Map<number, number>();
  for (const route of routes) {
    // The ids that other routes need go last.
    if (route.method === 'DELETE') continue;
    await fc.assert(
      fc.asyncProperty(requestsTo(route), async ({ path, body }) => {
        const response = await fetch(`${api.url}${path}`, {
          method: route.method,
          ...(body === undefined
            ? {}
            : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        });
        seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
        if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
          // The stream of a turn, which nobody runs here.
          expect(response.status).toBe(200);
          await response.body?.cancel();
          return;
        }
        const answer = (await response.json()) as JsonObject;
        if (response.ok) {
          route.response.schema?.parse(answer);
          return;
        }
        expect(answer, `${response.status} ${path}`).toMatchObject({
          type: 'error',
          request_id: response.headers.get('request-id'),
        });
        expect([400, 404, 409, 413, 429, 431, 501]).toContain(response.status);
      }),
      { numRuns: route.tag === 'Not offered' ? 3 : RUNS },
    );
  }
  // Both kinds of answers must have been tried.
  expect(seen.get(200)).toBeGreaterThan(100);
  expect(seen.get(400)).toBeGreaterThan(100);
});
