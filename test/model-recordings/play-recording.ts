import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Recording } from './recording.ts';

/** Serves one recorded response, chunk by chunk without its pauses, to whatever is asked. */
export async function playRecording(recording: Recording): Promise<{ url: string; close(): Promise<void> }> {
  const { head, chunks } = recording;
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(head.status, { 'content-type': head.content_type });
    const play = async () => {
      for (const { chunk } of chunks) {
        response.write(chunk);
        await nextTurn();
      }
      response.end();
    };
    void play();
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
