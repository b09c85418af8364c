import Anthropic from '@anthropic-ai/sdk';
import { expect, it } from 'vitest';
import type { Session } from '../service/wire.ts';
import { attachmentBlocks } from './attachment-blocks.ts';

/** A service that places each file once, as the real one does. */
function placingService() {
  const taken = new Set<string>();
  const answer = async (_url: unknown, init?: RequestInit) => {
    const { mount_path: path } = JSON.parse(init?.body as string) as { mount_path: string };
    if (taken.has(path)) return Response.json({ error: { message: `${path} is taken` } }, { status: 400 });
    taken.add(path);
    return Response.json({ type: 'file', mount_path: `/uploads/${path}` });
  };
  return new Anthropic({ baseURL: 'http://service.example', apiKey: 'x', fetch: answer });
}

const sessionWith = (tools: object[]) => ({ id: 'sesn_1', agent: { tools } }) as unknown as Session;
const table = {
  key: 'a',
  name: 'table.csv',
  type: 'text/csv',
  size: 8,
  preview: null,
  state: { step: 'ready', fileId: 'file_1' },
} as const;

it('places a file once, however often its message is sent', async () => {
  const client = placingService();
  const session = sessionWith([{ type: 'agent_toolset_20260401' }]);
  const placed = new Map<string, string>();
  const first = await attachmentBlocks(client, session, [table], placed);
  expect(first).toEqual([{ type: 'text', text: 'Attached files:\n/uploads/file_1/table.csv' }]);
  expect(await attachmentBlocks(client, session, [table], placed)).toEqual(first);
});

it('gives an agent without a sandbox the file as a document', async () => {
  const blocks = await attachmentBlocks(placingService(), sessionWith([]), [table], new Map());
  expect(blocks).toEqual([
    { type: 'document', source: { type: 'file', file_id: 'file_1' }, title: 'table.csv' },
  ]);
});
