import { describe, expect, it } from 'vitest';
import type { TranscriptMessage } from '../../core/session/content.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import type { StoredFile } from '../../providers/store/files.ts';
import { resolveFiles } from './resolve-files.ts';

async function makeFiles(...given: { id: string; mimeType: string; content: string }[]) {
  const blobs = createInMemoryBlobStore();
  const stored: StoredFile[] = [];
  for (const { id, mimeType, content } of given) {
    const { sha256, bytes } = await blobs.put('w', Buffer.from(content));
    const rest = { sessionId: null, downloadable: false, createdAt: 0, expiresAt: null };
    stored.push({ id, workspaceId: 'w', filename: `${id}.bin`, mimeType, bytes, sha256, ...rest });
  }
  return { blobs, files: { some: async () => stored } };
}

function userSays(...content: TranscriptMessage['content']): TranscriptMessage[] {
  return [{ role: 'user', content }];
}

describe('files in messages', () => {
  it('puts the bytes of an uploaded image in the place of its id', async () => {
    const deps = await makeFiles({ id: 'file_1', mimeType: 'image/png', content: 'png' });
    const messages = userSays({ type: 'image', source: { type: 'file', file_id: 'file_1' } });
    expect(await resolveFiles(deps, 'w', messages)).toEqual(
      userSays({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'cG5n' } }),
    );
  });

  it('gives text files as text and PDFs as they are, under their names', async () => {
    const deps = await makeFiles(
      { id: 'file_1', mimeType: 'text/csv', content: 'a,b' },
      { id: 'file_2', mimeType: 'application/pdf', content: '%PDF' },
    );
    const messages = userSays(
      { type: 'document', source: { type: 'file', file_id: 'file_1' } },
      { type: 'document', source: { type: 'file', file_id: 'file_2' }, title: 'Report' },
    );
    const [message] = await resolveFiles(deps, 'w', messages);
    expect(message?.content).toEqual([
      {
        type: 'document',
        title: 'file_1.bin',
        source: { type: 'text', media_type: 'text/plain', data: 'a,b' },
      },
      {
        type: 'document',
        title: 'Report',
        source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERg==' },
      },
    ]);
  });

  it('says so when a file is gone, and finds files inside tool results', async () => {
    const deps = await makeFiles();
    const image = { type: 'image', source: { type: 'file', file_id: 'file_9' } } as const;
    const messages = userSays({ type: 'tool_result', tool_use_id: 't', content: [image], is_error: false });
    const [message] = await resolveFiles(deps, 'w', messages);
    expect(JSON.stringify(message)).toContain('The file file_9 is no longer available.');
  });
});
