import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

import type { Archives } from './archive.ts';

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/**
 * `GET ?since=&max_bytes=&max_files=` answers an archive, described by its `archive-*` headers; 204 when nothing changed since the mark;
 * 413 with what there is when it is too much. `PUT ?max_bytes=` puts an archive back, `POST ?mark=` names what is there now.
 */
export async function serveArchives(
  archives: Archives,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const maxBytes = Number(query.get('max_bytes') ?? 0);
  try {
    switch (request.method ?? '') {
      case 'GET': {
        const maxFiles = Number(query.get('max_files') ?? 0);
        const saved = await archives.save({ since: query.get('since'), maxBytes, maxFiles });
        if (saved.state === 'unchanged') {
          response.writeHead(204).end();
          return;
        }
        if (saved.state === 'too_large') return answer(response, 413, saved);
        response.writeHead(200, {
          'content-type': 'application/zstd',
          'archive-mark': saved.mark,
          'archive-kind': saved.kind,
          'archive-bytes': saved.bytes,
          'archive-files': saved.files,
        });
        await pipeline(saved.content, response);
        return;
      }
      case 'PUT':
        await archives.restore(request, maxBytes);
        return answer(response, 200, {});
      case 'POST':
        await archives.note(query.get('mark') ?? '');
        return answer(response, 200, {});
      default:
        return answer(response, 405, { error: 'method not allowed' });
    }
  } catch (error) {
    if (response.headersSent) response.destroy();
    else answer(response, 409, { error: error instanceof Error ? error.message : 'failed' });
    // What is left of the body has nowhere to go.
    request.resume();
  }
}
