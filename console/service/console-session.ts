import type { ConsoleSession } from '../../api/console/console-session.ts';

const PATH = '/console/session';

/** Who uses this page. Resolves also when nobody is signed in. */
export async function readConsoleSession(signal?: AbortSignal): Promise<ConsoleSession> {
  return answerOf(await fetch(PATH, signal ? { signal } : {}));
}

/** Signs in with an API key. Rejects with the service's words when it does not know the key. */
export async function signIn(key: string): Promise<ConsoleSession> {
  const headers = { 'content-type': 'application/json' };
  return answerOf(await fetch(PATH, { method: 'POST', headers, body: JSON.stringify({ key }) }));
}

export async function signOut(): Promise<ConsoleSession> {
  return answerOf(await fetch(PATH, { method: 'DELETE' }));
}

async function answerOf(response: Response): Promise<ConsoleSession> {
  if (response.ok) return (await response.json()) as ConsoleSession;
  const body = (await response.json().catch(() => null)) as { error?: { message?: string } } | null;
  throw new Error(body?.error?.message ?? `The service answers ${response.status}.`);
}
