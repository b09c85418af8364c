import type { IncomingHttpHeaders } from 'node:http';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { Caller } from './access.ts';
import type { Rate } from './rate-limiter.ts';
import { FULL_BODY, readJsonBody, SMALL_BODY } from './read-body.ts';
import { validate } from './validate.ts';

/** What every route says about itself; `openapi.ts` makes the document of it. */
export interface RouteDescription {
  method: 'GET' | 'POST' | 'DELETE';
  /** With `{name}` for parameters. */
  path: string;
  operationId: string;
  summary: string;
  tag: string;
  rate: Rate;
  /** Whether a caller must be known. `optional`: whoever shows a key is known by it, and others are nobody (`workspaceId` is empty). */
  access: 'key' | 'public' | 'optional';
  params: z.ZodObject;
  query: z.ZodObject;
  body: { schema: z.ZodType; type: 'application/json' | 'multipart/form-data' } | null;
  response: { schema: z.ZodType | null; type: string; status?: 201 };
  /** Also routes that answer something else may turn into an event stream; they count as one then. */
  mayStream?: true;
}

export interface Route extends RouteDescription {
  /** Validates and answers. Errors are thrown; whoever mounted the route translates them. */
  serve(request: Request, response: Response, context: RouteContext): Promise<void>;
}

export interface RouteContext {
  caller: Caller;
  requestId: string;
  /** Aborts when the client is gone. */
  signal: AbortSignal;
  /** The answer goes out when `work`, which never rejects, is done too. */
  hold(work: Promise<void>): void;
}

/** A validated request. */
export interface RouteRequest<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  caller: Caller;
  requestId: string;
  headers: IncomingHttpHeaders;
  /** Adds a sentence in ASCII to the answer's `warning` header: what was asked for is done, and something about it should be known. */
  warn(sentence: string): void;
  /** The answer goes out when `work`, which never rejects, is done too. */
  hold(work: Promise<void>): void;
}

type Empty = z.ZodObject<Record<string, never>>;

interface Described<Params extends z.ZodObject, Query extends z.ZodObject> {
  method: RouteDescription['method'];
  path: string;
  operationId: string;
  summary: string;
  tag: string;
  rate: Rate;
  access?: RouteDescription['access'];
  /** Parameters that do not parse answer 404: there is nothing of that name. */
  params?: Params;
  query?: Query;
}

/**
 * A route that takes and answers JSON. `handle` gets what the schemas give and returns the answer; it is not told when the client goes
 * away, since what was accepted is finished.
 */
export function defineRoute<
  Answer,
  Params extends z.ZodObject = Empty,
  Query extends z.ZodObject = Empty,
  Body extends z.ZodType = z.ZodUndefined,
>(
  definition: Described<Params, Query> & {
    body?: Body;
    response: z.ZodType;
    handle: (
      request: RouteRequest<z.output<Params>, z.output<Query>, z.output<Body>>,
    ) => Answer | Promise<Answer>;
  },
): Route {
  const { body, response, handle, ...described } = definition;
  return {
    ...description(described),
    body: body === undefined ? null : { schema: body, type: 'application/json' },
    response: { schema: response, type: 'application/json' },
    async serve(request, answer, context) {
      const { params, query } = parse(request, described);
      const sent = await bodyOf(request, answer, definition);
      const parsedBody = body === undefined ? undefined : validate(body, sent ?? {});
      answer.json(
        await handle({
          params,
          query,
          body: parsedBody as z.output<Body>,
          caller: context.caller,
          requestId: context.requestId,
          headers: request.headers,
          hold: (work) => context.hold(work),
          warn: (sentence) => answer.append('warning', `299 managed-agent ${JSON.stringify(sentence)}`),
        }),
      );
    },
  };
}

/**
 * A route that writes its answer itself: event streams, downloads, and uploads. An error before the headers were sent becomes the
 * envelope; later ones end the connection.
 */
export function defineStreamRoute<
  Params extends z.ZodObject = Empty,
  Query extends z.ZodObject = Empty,
  Body extends z.ZodType = z.ZodUndefined,
>(
  definition: Described<Params, Query> & {
    /** A JSON body, read and validated before `handle`. */
    body?: Body;
    /** Documentation of a multipart body, if the route takes one. */
    form?: z.ZodType;
    response?: z.ZodType;
    content: string;
    status?: 201;
    mayStream?: true;
    handle: (
      request: Omit<RouteRequest<z.output<Params>, z.output<Query>, z.output<Body>>, 'warn' | 'hold'> & {
        raw: Request;
      },
      response: Response,
      signal: AbortSignal,
    ) => Promise<void>;
  },
): Route {
  const { body, form, response: schema, content, status, mayStream, handle, ...described } = definition;
  return {
    ...description(described),
    ...(mayStream === undefined ? {} : { mayStream }),
    body: describedBody(body, form),
    response: { schema: schema ?? null, type: content, ...(status === undefined ? {} : { status }) },
    async serve(request, response, { caller, requestId, signal }) {
      const { params, query } = parse(request, described);
      const { headers } = request;
      const sent =
        body === undefined ? undefined : validate(body, (await readJsonBody(request, response)) ?? {});
      await handle(
        { params, query, body: sent as z.output<Body>, caller, requestId, headers, raw: request },
        response,
        signal,
      );
    },
  };
}

/** What a client sent as JSON. Nothing is read of what only asks, nor of anybody whom nobody knows. */
async function bodyOf(
  request: Request,
  response: Response,
  { method, access, body }: { method: string; access?: RouteDescription['access']; body?: z.ZodType },
): Promise<Json | undefined> {
  if (method === 'GET' || access === 'public') return undefined;
  return readJsonBody(request, response, body === undefined ? SMALL_BODY : FULL_BODY);
}

function describedBody(json: z.ZodType | undefined, form: z.ZodType | undefined): RouteDescription['body'] {
  if (json !== undefined) return { schema: json, type: 'application/json' };
  return form === undefined ? null : { schema: form, type: 'multipart/form-data' };
}

function description<Params extends z.ZodObject, Query extends z.ZodObject>(
  described: Described<Params, Query>,
): Omit<RouteDescription, 'body' | 'response'> {
  const { method, path, operationId, summary, tag, rate, access = 'key' } = described;
  const none = z.object({});
  return {
    method,
    path,
    operationId,
    summary,
    tag,
    rate,
    access,
    params: described.params ?? none,
    query: described.query ?? none,
  };
}

function parse<Params extends z.ZodObject, Query extends z.ZodObject>(
  request: Request,
  described: Described<Params, Query>,
): { params: z.output<Params>; query: z.output<Query> } {
  const params = (described.params ?? z.object({})).safeParse(request.params);
  if (!params.success) {
    const name = String(params.error.issues[0]?.path[0] ?? 'path');
    const value = String(request.params[name] ?? '').slice(0, 100);
    throw new AppError('not_found', `${name}: there is no ${JSON.stringify(value)} here.`);
  }
  return {
    params: params.data as z.output<Params>,
    query: validate(described.query ?? z.object({}), request.query, undefined, 'query') as z.output<Query>,
  };
}
