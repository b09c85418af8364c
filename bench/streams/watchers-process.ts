import { connect } from 'node:net';

/** Opens many streams on bare sockets and counts what comes, as cheaply as it can. */
const [, , url = '', count = '1', path = ''] = process.argv;
const { hostname, port, host } = new URL(url);
const FRAME_END = '\n\n';
let frames = 0;
let bytes = 0;

for (let index = 0; index < Number(count); index++) {
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    for (let at = chunk.indexOf(FRAME_END); at !== -1; at = chunk.indexOf(FRAME_END, at + 2)) frames++;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
}

process.on('message', () => process.send?.({ frames, bytes }));
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
