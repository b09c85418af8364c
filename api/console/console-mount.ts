import express, { type RequestHandler } from 'express';
import { consolePages } from './console-pages.ts';
import { CONSOLE_SESSION_PATH, consoleSession } from './console-session.ts';

/** The console: its pages, and the one question that they ask beside the API's own routes. */
export function createConsole(
  deps: { folder: string } & Parameters<typeof consoleSession>[0],
): RequestHandler {
  const router = express.Router({ caseSensitive: true });
  router.use(CONSOLE_SESSION_PATH, consoleSession(deps));
  router.use(consolePages(deps.folder, deps.access));
  return router;
}
