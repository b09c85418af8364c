import { randomUUID } from 'node:crypto';
import { z } from 'zod';

import { cutHead } from '../../../sandboxd/clean-text.ts';
import type { McpAction, OperationImage, OperationResult } from '../operation.ts';
import { AioFailure, AioStatusError } from './api.ts';
import { putFile } from './files.ts';
import type { AioOperationDeps } from './operation-deps.ts';

const serversSchema = z.array(z.string());
const toolsSchema = z.object({
  tools: z.array(z.object({ name: z.string(), description: z.string().nullish(), inputSchema: z.unknown() })),
  nextCursor: z.string().nullish(),
});
type Tools = z.infer<typeof toolsSchema>;
const partSchema = z.looseObject({
  type: z.string(),
  text: z.string().nullish(),
  data: z.string().nullish(),
  mimeType: z.string().nullish(),
  uri: z.string().nullish(),
  name: z.string().nullish(),
  resource: z
    .looseObject({
      uri: z.string().nullish(),
      mimeType: z.string().nullish(),
      text: z.string().nullish(),
      blob: z.string().nullish(),
    })
    .nullish(),
});
type Part = z.infer<typeof partSchema>;
const calledSchema = z.object({
  content: z.array(partSchema),
  structuredContent: z.unknown(),
  isError: z.boolean().nullish(),
});

/** The connection may end a little later than the call. */
const SLACK_MS = 5_000;
const SHORT = 160;
/** What models take; other pictures are named and not shown. */
const IMAGES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

const failed = (text: string): OperationResult => ({ text, isError: true });

/** A name as a part of a path. Rejects those that would mean another path. */
function segment(name: string): string {
  if (name === '.' || name === '..') throw new AioFailure(`There is no ${JSON.stringify(name)}.`, null);
  return encodeURIComponent(name);
}

function inShort({ tools, nextCursor }: Tools): string {
  if (tools.length === 0) return '  (no tools)';
  const rows = tools.map(({ name, description }) => {
    const [line = ''] = (description ?? '').trim().split('\n');
    const shown = line.length > SHORT ? `${cutHead(line, SHORT)}…` : line;
    return shown === '' ? `  ${name}` : `  ${name}: ${shown}`;
  });
  if (nextCursor) rows.push('  [and more, which the hub does not show]');
  return rows.join('\n');
}

function inFull(server: string, { tools, nextCursor }: Tools): string {
  if (tools.length === 0) return `The server ${server} offers no tools.`;
  const rows = tools.map(({ name, description, inputSchema }) =>
    [`## ${name}`, (description ?? '').trim(), `input: ${JSON.stringify(inputSchema ?? {})}`]
      .filter((line) => line !== '')
      .join('\n'),
  );
  if (nextCursor) rows.push('[the server has more tools, which the hub does not show]');
  return rows.join('\n\n');
}

/** One part of an answer: what is said of it, and the picture that it is. */
function shownPart(part: Part): { text?: string; image?: OperationImage } {
  const type = part.mimeType ?? 'application/octet-stream';
  switch (part.type) {
    case 'text':
      return { text: part.text ?? '' };
    case 'image':
      if (part.data && IMAGES.has(type)) return { image: { mediaType: type, base64: part.data } };
      return { text: `[a picture of the type ${type}, which cannot be shown]` };
    case 'resource': {
      const { uri, text, blob, mimeType } = part.resource ?? {};
      if (typeof text === 'string') return { text: `[${uri ?? 'resource'}]\n${text}` };
      if (blob && mimeType && IMAGES.has(mimeType)) return { image: { mediaType: mimeType, base64: blob } };
      return { text: `[${uri ?? 'resource'}: binary data of the type ${mimeType ?? 'unknown'}, not shown]` };
    }
    case 'resource_link':
      return { text: `[${part.name ?? 'resource'}: ${part.uri ?? ''}]` };
    default:
      return { text: `[${part.type} of the type ${type}, not shown]` };
  }
}

function resultOf({ content, structuredContent, isError }: z.infer<typeof calledSchema>): OperationResult {
  const parts = content.map(shownPart);
  const texts = parts.flatMap(({ text }) => (text === undefined ? [] : [text]));
  const [image, ...moreImages] = parts.flatMap((part) => (part.image === undefined ? [] : [part.image]));
  const isOnlyStructured = parts.length === 0 && structuredContent != null;
  const text = isOnlyStructured ? JSON.stringify(structuredContent) : texts.join('\n');
  return {
    text: text.toWellFormed(),
    isError: isError === true,
    ...(image === undefined ? {} : { image }),
    ...(moreImages.length === 0 ? {} : { moreImages }),
  };
}

/**
 * Uses AIO's MCP hub by its own endpoints. What a server or the hub refuses is a result; a call that does not answer in time, or whose
 * connection breaks, rejects: nobody knows how far it came.
 */
export async function performMcp(
  deps: AioOperationDeps,
  action: McpAction,
  signal: AbortSignal,
): Promise<OperationResult> {
  const { api } = deps;
  const toolsOf = (server: string): Promise<Tools> =>
    api.call('GET', `/v1/mcp/${segment(server)}/tools`, toolsSchema, undefined, { signal });

  /** The whole of a long text goes to a file. */
  async function bounded(result: OperationResult): Promise<OperationResult> {
    if (result.text.length <= deps.outputCharacters) return result;
    const path = `${deps.toolOutputs}/mcp-${randomUUID()}.txt`;
    await putFile(deps, path, result.text);
    const shown = cutHead(result.text, Math.floor(deps.outputCharacters * 0.3));
    const notice = `[${result.text.length} characters in all, shown is the beginning; the whole is saved at ${path}]`;
    return { ...result, text: `${shown}\n\n${notice}` };
  }

  async function list(): Promise<string> {
    const servers = await api.call('GET', '/v1/mcp/servers', serversSchema, undefined, { signal });
    if (servers.length === 0) return 'The sandbox has no MCP servers.';
    const rows = servers.map(async (server) => {
      try {
        return `${server}\n${inShort(await toolsOf(server))}`;
      } catch (error) {
        // One server that does not start must not hide the others.
        if (!(error instanceof AioFailure) && !(error instanceof AioStatusError)) throw error;
        return `${server}\n  (cannot be used: ${error.message})`;
      }
    });
    return (await Promise.all(rows)).join('\n');
  }

  async function call(wanted: Extract<McpAction, { do: 'call' }>): Promise<OperationResult> {
    const late = AbortSignal.timeout(wanted.timeoutMs);
    try {
      const answer = await api.call(
        'POST',
        `/v1/mcp/${segment(wanted.server)}/tools/${segment(wanted.tool)}`,
        calledSchema,
        wanted.arguments,
        { signal: AbortSignal.any([signal, late]), timeoutMs: wanted.timeoutMs + SLACK_MS },
      );
      return resultOf(answer);
    } catch (error) {
      if (!signal.aborted && late.aborted)
        throw new Error(`it did not answer within ${wanted.timeoutMs} ms`, { cause: error });
      throw error;
    }
  }

  try {
    if (action.do === 'call') return await bounded(await call(action));
    const text = action.server === null ? await list() : inFull(action.server, await toolsOf(action.server));
    return await bounded({ text, isError: false });
  } catch (error) {
    if (error instanceof AioFailure) return failed(error.message);
    // What is refused did nothing; where the hub itself broke, nobody knows.
    if (error instanceof AioStatusError && error.status < 500) return failed(error.message);
    throw error;
  }
}
