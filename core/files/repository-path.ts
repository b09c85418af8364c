import { AppError } from '../errors.ts';

const WORKSPACE = '/workspace';

/**
 * Where a repository lies in the sandbox: `/workspace/<name>` unless a path is given. A given one lies below `/workspace` too: what the
 * agent may change lies there.
 *
 * @param url - `https://github.com/<owner>/<name>`.
 * @throws `invalid_request`, naming `where`.
 */
export function repositoryPathOf(path: string | null | undefined, url: string, where: string): string {
  const given = path ?? url.slice(url.lastIndexOf('/') + 1);
  const refuse = (what: string): never => {
    throw new AppError('invalid_request', `${where}: ${what}`);
  };
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(given)) refuse('must not contain control characters');
  const segments = given
    .replace(/^\/(workspace(\/|$))?/, '')
    .replace(/\/$/, '')
    .split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    refuse('must name a folder below /workspace, without empty segments, "." and ".."');
  }
  return `${WORKSPACE}/${segments.join('/')}`;
}
