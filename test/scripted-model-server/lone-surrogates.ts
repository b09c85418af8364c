/** JSON text escapes half characters, and whole ones not. */
export function hasLoneSurrogate(body: unknown): boolean {
  return /(?<!\\)(?:\\\\)*\\ud[89a-f]/i.test(JSON.stringify(body));
}
