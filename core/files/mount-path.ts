import { AppError } from '../errors.ts';

const UPLOADS = '/mnt/session/uploads';
/** Below these a path is taken as it is. */
const KEPT = [`${UPLOADS}/`, '/uploads/', '/workspace/'];

/**
 * Where a file lies in the sandbox. Without a path: under the uploads folder by its id. A relative path: under `/uploads`, which is
 * another name of that folder. An absolute one outside the folders meant for files: under the uploads folder.
 *
 * @throws `invalid_request`, naming `where`.
 */
export function mountPathOf(path: string | null | undefined, fileId: string, where: string): string {
  if (path == null) return `${UPLOADS}/${fileId}`;
  const refuse = (what: string): never => {
    throw new AppError('invalid_request', `${where}: ${what}`);
  };
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(path)) refuse('must not contain control characters');
  const segments = path.replace(/^\.?\/+/, '').split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    refuse('must name a file, without empty segments, "." and ".."');
  }
  const normal = segments.join('/');
  if (!path.startsWith('/')) return `/uploads/${normal}`;
  return KEPT.some((folder) => `/${normal}`.startsWith(folder)) ? `/${normal}` : `${UPLOADS}/${normal}`;
}

/** Two names of one place. */
export function samePlace(first: string, second: string): boolean {
  return placeOf(first) === placeOf(second);
}

/** Whether one of two places is the other or lies in it, so that both cannot be files. */
export function overlap(first: string, second: string): boolean {
  const [one, other] = [placeOf(first), placeOf(second)];
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}

function placeOf(path: string): string {
  return path.startsWith('/uploads/') ? `/mnt/session${path}` : path;
}
