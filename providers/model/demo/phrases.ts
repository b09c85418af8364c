/** Also how the model recognises that it has introduced itself. */
export const INTRODUCTION = 'I am the demo model that ships with Managed Agent';

export const THINGS_TO_ASK = [
  'What you can ask me:',
  '- run `uname -a`',
  '- write the file notes.txt with "buy milk"',
  '- read notes.txt',
  '- list the files',
  '- call get_weather with {"city": "Oslo"} (any tool that the agent has)',
  '',
  'For a model that thinks, put an API key into the configuration (see docs/models.md) and name that model in your agent.',
].join('\n');

/** Output as a fenced block, cut for reading. */
export function fenced(text: string): string {
  const lines = text.trimEnd().split('\n');
  const shown = lines.slice(0, 40).map((line) => line.slice(0, 400));
  const rest = lines.length - shown.length;
  const body = [...shown, ...(rest > 0 ? [`… ${String(rest)} more lines`] : [])].join('\n');
  // A fence longer than any in the text keeps the text inside.
  const ticks = Math.max(2, ...[...body.matchAll(/`+/g)].map(([run]) => run.length)) + 1;
  const fence = '`'.repeat(ticks);
  return `${fence}\n${body === '' ? '(no output)' : body}\n${fence}`;
}

/** Whether an error result says that a person said no. */
export function isDenial(text: string): boolean {
  return /\b(?:reject|den(?:y|ied)|declin|not allowed|refused by)/i.test(text);
}
