import { z } from 'zod';
import type { Json, JsonObject } from '../core/json.ts';
import { defineStreamRoute, type Route } from './route.ts';

const KEY: JsonObject[] = [{ bearer: [] }, { apiKey: [] }];
/** An empty requirement: it may be left out. */
const SECURITY: Record<Route['access'], JsonObject[]> = { key: KEY, public: [], optional: [{}, ...KEY] };
const SCHEMAS = '#/components/schemas/';

/** The OpenAPI 3.1 document of these routes, made from the schemas that they validate with. */
export function toOpenApi(routes: readonly Route[], server: { version: string }): JsonObject {
  const schemas: JsonObject = {};
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const operations = (paths[route.path] ??= {});
    operations[route.method.toLowerCase()] = operationOf(route, schemas);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Managed Agent',
      version: server.version,
      description: 'Runs AI agents durably. Compatible with the Claude Managed Agents API.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths,
    components: {
      schemas: { ...schemas, Error: ERROR_SCHEMA },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
  };
}

/** The route that serves the document. `document` is made on the first request. */
export function openApiRoute(document: () => JsonObject): Route {
  let made: string | undefined;
  return defineStreamRoute({
    method: 'GET',
    path: '/openapi.json',
    operationId: 'getOpenApi',
    summary: 'This document',
    tag: 'Health',
    rate: 'none',
    access: 'public',
    content: 'application/json',
    response: z.looseObject({ openapi: z.literal('3.1.0') }),
    handle: async (_request, response) => {
      made ??= JSON.stringify(document());
      response.type('application/json').send(made);
    },
  });
}

function operationOf(route: Route, schemas: JsonObject): JsonObject {
  const { body, response } = route;
  const content: JsonObject =
    response.schema === null
      ? { [response.type]: {} }
      : { [response.type]: { schema: toSchema(response.schema, 'output', schemas) } };
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.tag],
    parameters: [...parameters(route.params, 'path', schemas), ...parameters(route.query, 'query', schemas)],
    ...(body === null
      ? {}
      : {
          requestBody: {
            required: true,
            content: { [body.type]: { schema: toSchema(body.schema, 'input', schemas) } },
          },
        }),
    responses: {
      [response.status ?? 200]: { description: 'Done', content },
      default: {
        description: 'An error',
        content: { 'application/json': { schema: { $ref: `${SCHEMAS}Error` } } },
      },
    },
    security: SECURITY[route.access],
  };
}

function parameters(object: z.ZodObject, place: 'path' | 'query', schemas: JsonObject): Json[] {
  return Object.entries(object.shape).map(([name, schema]) => {
    const json = toSchema(schema as z.ZodType, 'input', schemas);
    return {
      name: json['type'] === 'array' ? `${name}[]` : name,
      in: place,
      required: place === 'path',
      schema: json,
      ...(json['type'] === 'array' ? { style: 'form', explode: true } : {}),
    };
  });
}

/** A schema as JSON schema. Those with an id go into the components, and are referred to. */
function toSchema(schema: z.ZodType, io: 'input' | 'output', schemas: JsonObject): JsonObject {
  const {
    $defs,
    $schema: _dialect,
    ...json
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // The format says it in one word.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      // Answers may gain fields.
      if (io === 'output') delete jsonSchema.additionalProperties;
    },
  }) as JsonObject;
  for (const [name, definition] of Object.entries(($defs ?? {}) as JsonObject)) {
    schemas[name] ??= pointed(definition);
  }
  return pointed(json) as JsonObject;
}

/** The same schema, its references pointing into the components. */
function pointed(value: Json): Json {
  if (Array.isArray(value)) return value.map(pointed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]): [string, Json] => [
      key,
      key === '$ref' && typeof item === 'string' ? item.replace('#/$defs/', SCHEMAS) : pointed(item),
    ]),
  );
}

const ERROR_SCHEMA: JsonObject = {
  type: 'object',
  required: ['type', 'error', 'request_id'],
  properties: {
    type: { const: 'error' },
    error: {
      type: 'object',
      required: ['type', 'message'],
      properties: {
        type: { type: 'string' },
        message: { type: 'string' },
        details: { type: 'object' },
      },
    },
    request_id: { type: 'string' },
  },
};
