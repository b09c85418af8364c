import { Agent } from 'node:http';

/** Where the UI's server is, for the proxy and for requests of our own. */
export interface TemporalUiTarget {
  /** As the proxy takes it. */
  proxy: { target: string | object; agent?: Agent };
  /** The UI's root, on `socketPath` if there is one. */
  url: string;
  socketPath: string | null;
}

/**
 * @param url - an http URL of the UI with its path, or `unix:` and the absolute path of its socket.
 * @param path - under which a UI with a socket serves itself.
 */
export function temporalUiTarget(url: string, path: string): TemporalUiTarget {
  if (!url.startsWith('unix:')) return { proxy: { target: url }, url, socketPath: null };
  const socketPath = url.slice('unix:'.length).replace(/^\/+/, '/');
  return {
    proxy: {
      target: { protocol: 'http:', host: 'localhost', port: 80, pathname: path, socketPath },
      // Each connection is a process of the relay, and a page of the UI asks for some dozens of files.
      agent: new Agent({ keepAlive: true, maxSockets: 16 }),
    },
    url: `http://localhost${path}`,
    socketPath,
  };
}
