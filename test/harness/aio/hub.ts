import { AioRefusal } from './bash.ts';
import type { AioContainer } from './container.ts';

/** `/v1/mcp/*`: a hub of MCP servers, answering as MCP's own lists and calls do. */
export interface AioHub {
  servers(): string[];
  tools(server: string): object;
  call(server: string, tool: string, given: Record<string, unknown>): Promise<object>;
}

const PICTURE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

interface HubTool {
  description: string;
  properties: Record<string, object>;
  run(given: Record<string, unknown>): Promise<object>;
}

const text = (words: string): object => ({ type: 'text', text: words });

export function createAioHub(container: AioContainer): AioHub {
  const shell = async (script: string, ...words: string[]): Promise<string> =>
    (await container.pipe(['sh', '-c', script, 'sh', ...words])).stdout.toString();

  const offered: Record<string, Record<string, HubTool>> = {
    notes: {
      add_note: {
        description: 'Adds a line to the notes.\nReturns how many there are.',
        properties: { line: { type: 'string' } },
        async run({ line }) {
          const script = 'echo "$1" >> /workspace/notes; wc -l < /workspace/notes';
          return { content: [text((await shell(script, String(line))).trim())] };
        },
      },
      add_slowly: {
        description: 'Adds a line, and answers seconds later.',
        properties: { line: { type: 'string' }, seconds: { type: 'number' } },
        async run({ line, seconds }) {
          await shell('echo "$1" >> /workspace/notes; sleep "$2"', String(line), String(seconds));
          return { content: [text('added')] };
        },
      },
      long: {
        description: '',
        properties: {},
        run: async () => ({ content: [text('x'.repeat(200_000))] }),
      },
    },
    pictures: {
      show: {
        description: 'Shows what there is.',
        properties: {},
        run: async () => ({
          content: [
            text('two pictures'),
            { type: 'image', data: PICTURE, mimeType: 'image/png' },
            { type: 'image', data: PICTURE, mimeType: 'image/png' },
            { type: 'image', data: 'AAAA', mimeType: 'image/x-icon' },
            { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
            {
              type: 'resource',
              resource: { uri: 'file:///a.txt', mimeType: 'text/plain', text: 'of a file' },
            },
            { type: 'resource_link', uri: 'file:///b.bin', name: 'b' },
          ],
        }),
      },
      measure: {
        description: 'Answers with data.',
        properties: {},
        run: async () => ({ content: [], structuredContent: { width: 1 }, isError: false }),
      },
      lose: {
        description: 'Fails.',
        properties: {},
        run: async () => ({ content: [text('the picture is lost')], isError: true }),
      },
    },
    broken: {},
  };

  function serverOf(name: string): Record<string, HubTool> {
    const server = offered[name];
    if (server === undefined) throw new AioRefusal(`MCP server '${name}' not found`);
    if (name === 'broken') throw new AioRefusal('Failed to connect to MCP server');
    return server;
  }

  return {
    servers: () => Object.keys(offered),
    tools: (server) => ({
      _meta: null,
      nextCursor: null,
      tools: Object.entries(serverOf(server)).map(([name, { description, properties }]) => ({
        name,
        title: null,
        description,
        inputSchema: { type: 'object', properties, required: Object.keys(properties) },
        outputSchema: null,
        annotations: null,
      })),
    }),
    async call(server, name, given) {
      const tool = serverOf(server)[name];
      if (tool === undefined) throw new AioRefusal(`Unknown tool: ${name}`);
      return { _meta: null, structuredContent: null, isError: false, ...(await tool.run(given)) };
    },
  };
}
