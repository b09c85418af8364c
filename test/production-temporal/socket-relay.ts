import { connect, createServer } from 'node:net';
import path from 'node:path';

/** Makes a PostgreSQL that listens on a socket only reachable by TCP on loopback, for programs that know no sockets. */
export async function startSocketRelay(url: string): Promise<{ port: number; close(): void }> {
  const folder = new URL(url.replace('@/', '@socket/')).searchParams.get('host') ?? '';
  const server = createServer((incoming) => {
    const outgoing = connect(path.join(folder, '.s.PGSQL.5432'));
    incoming.pipe(outgoing).pipe(incoming);
    for (const end of [incoming, outgoing]) {
      end.on('error', () => {
        incoming.destroy();
        outgoing.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close: () => void server.close(),
  };
}
