import { createHmac } from 'node:crypto';

/** The same in every process, so that thinking survives a restart of the server. */
const KEY = 'scripted-model-server';

export function signatureOf(thinking: string): string {
  return createHmac('sha256', KEY).update(thinking).digest('base64');
}

export function hiddenThinking(n: number): string {
  const body = `hidden-${String(n)}`;
  return `${body}.${signatureOf(body)}`;
}

/** Whether hidden thinking is what the server gave out. */
export function isHiddenThinking(data: string): boolean {
  const [body = '', signature] = data.split('.');
  return signature === signatureOf(body);
}
