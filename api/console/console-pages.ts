import { existsSync } from 'node:fs';
import path from 'node:path';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { AppError } from '../../core/errors.ts';
import type { Access } from '../access.ts';
import { CONSOLE_CONTENT_POLICY } from './content-policy.ts';

/** The console's own addresses. Nothing else is answered with its page, so that it never stands before a route of the API. */
const PAGES = /^\/(?:(?:sessions|agents|environments|skills|files|models|sign-ins)(?:\/[^/]+)?)?\/?$/;

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/**
 * The built console: its page at every address of {@link PAGES}, its assets under `/assets/`, which their names change with, so that
 * browsers keep them for ever. Everything else goes on to the next handler.
 *
 * @param folder - what the build wrote. When it is not there, the pages say how to make it.
 */
export function consolePages(folder: string, access: Pick<Access, 'admitAnybody'>): RequestHandler {
  const router = express.Router({ caseSensitive: true });
  const count: RequestHandler = (request, _response, next) => {
    access.admitAnybody(request, 'requests');
    next();
  };
  router.get(['/icon.svg', '/theme.js', PAGES], count);
  router.use('/assets', count);
  router.get('/assets/:name', (request, response, next) => {
    if (!sendCompressed(request, response, path.join(folder, 'assets'))) next();
  });
  router.use(
    '/assets',
    express.static(path.join(folder, 'assets'), {
      immutable: true,
      maxAge: '365d',
      index: false,
      fallthrough: true,
      setHeaders: protect,
    }),
  );
  router.get(['/icon.svg', '/theme.js'], (request, response, next) => {
    if (!existsSync(path.join(folder, request.path))) return next();
    protect(response);
    sendFresh(response, folder, request.path.slice(1));
  });
  router.get(PAGES, (_request, response) => {
    if (!existsSync(path.join(folder, 'index.html'))) {
      throw new AppError('unavailable', 'The console is not built yet. Build it: npm run console:build');
    }
    protect(response);
    response.setHeader('referrer-policy', 'same-origin');
    sendFresh(response, folder, 'index.html');
  });
  return router;
}

/** Sends an asset as the build compressed it, to a browser that takes that. False: there is none, and nothing was sent. */
function sendCompressed(request: Request, response: Response, assets: string): boolean {
  const name = String(request.params['name'] ?? '');
  const type = TYPES[path.extname(name)];
  if (type === undefined || !(request.headers['accept-encoding'] ?? '').includes('br')) return false;
  if (!/^[\w.-]+$/.test(name) || !existsSync(path.join(assets, `${name}.br`))) return false;
  protect(response);
  response.setHeader('vary', 'accept-encoding');
  response.sendFile(`${name}.br`, {
    root: assets,
    acceptRanges: false,
    immutable: true,
    maxAge: '365d',
    headers: { 'content-type': type, 'content-encoding': 'br' },
  });
  return true;
}

/** Sends a file that browsers ask for again each time, and get only when it changed. */
function sendFresh(response: Response, folder: string, file: string): void {
  response.sendFile(file, {
    root: folder,
    etag: true,
    cacheControl: false,
    headers: { 'cache-control': 'no-cache' },
  });
}

function protect(response: Response): void {
  response.setHeader('content-security-policy', CONSOLE_CONTENT_POLICY);
}
