import type { JsonObject } from '../../../core/json.ts';
import { readToolInput } from '../tool-input.ts';

/** What the demo model can be asked for in plain words. */
export type DemoRequest =
  | { kind: 'run'; command: string }
  | { kind: 'write'; path: string; content: string }
  | { kind: 'read'; path: string }
  | { kind: 'list'; path: string }
  | { kind: 'call'; tool: string; input: JsonObject }
  | { kind: 'help' };

/** Longer messages are more than a simple request; looking them over could also take very long. */
const CHARACTERS = 10_000;

/** The requests of a message, in order, one a line or joined by "then"; empty where it holds anything else. */
export function understand(text: string): DemoRequest[] {
  if (text.length > CHARACTERS) return [];
  const block = /^(?:please\s+)?(?:run|execute)\b[^\n`]*\n?```[a-z]*\n([\s\S]+?)\n?```\s*$/i.exec(
    text.trim(),
  );
  if (block?.[1] !== undefined) return [{ kind: 'run', command: block[1] }];
  const requests: DemoRequest[] = [];
  for (const sentence of sentencesOf(text)) {
    const request = PATTERNS.map(([pattern, toRequest]) => {
      const match = pattern.exec(sentence);
      return match === null ? undefined : toRequest(match);
    }).find((candidate) => candidate !== undefined);
    if (request === undefined) return [];
    requests.push(request);
  }
  return requests;
}

/** Splits at line ends and at "then", but not inside quotes or backticks. */
function sentencesOf(text: string): string[] {
  const quoted: string[] = [];
  const masked = text.replace(/`[^`]*`|"[^"]*"/g, (part) => `\ue000${String(quoted.push(part) - 1)}\ue000`);
  return masked
    .split(/\n+|[,;.]?\s+(?:and\s+)?then\s+/i)
    .map((part) => part.replace(/^\s*(?:[-*]|\d+[.)])\s+/, '').trim())
    .filter((part) => part !== '')
    .map((part) => part.replace(/\ue000(\d+)\ue000/g, (_mark, index) => quoted[Number(index)] ?? ''));
}

const VALUE = '(?:`([^`]+)`|"([^"]+)"|\'([^\']+)\')';
const PATH = `(?:${VALUE}|([\\w~/-][\\w./~-]*[./][\\w./~-]*|[\\w-]+\\.[\\w]+))`;
const PLEASE = '^(?:please\\s+|now\\s+|can you\\s+|could you\\s+)*';

type Matcher = [RegExp, (match: RegExpExecArray) => DemoRequest | undefined];

const PATTERNS: Matcher[] = [
  [/^\$\s+(\S[\s\S]*)$/, (match) => run(match[1])],
  [
    new RegExp(
      `${PLEASE}(?:run|execute)(?:\\s+(?:the|this))?(?:\\s+following)?(?:\\s+command)?:?\\s+${VALUE}[.!?]?$`,
      'i',
    ),
    (match) => run(first(match, 1, 3)),
  ],
  [
    new RegExp(
      `${PLEASE}(?:run|execute)\\s+(?:the|this)(?:\\s+following)?\\s+commands?:\\s*(\\S[\\s\\S]*)$`,
      'i',
    ),
    (match) => run(match[1]),
  ],
  [
    // Words that begin a description rather than a command are left to the general answer.
    new RegExp(`${PLEASE}(?:run|execute):?\\s+(?!(?:a|an|the|some|my|your|this|that|it)\\b)(\\S.*)$`, 'i'),
    (match) => run(match[1]),
  ],
  [
    new RegExp(
      `${PLEASE}(?:write|create|make|save)\\s+(?:a\\s+|the\\s+)?(?:new\\s+)?(?:text\\s+)?(?:file\\s+)?(?:called\\s+|named\\s+)?${PATH}\\s+` +
        `(?:with|containing|saying|that says)(?:\\s+the)?(?:\\s+(?:contents?|text|words?|line))?:?\\s+([\\s\\S]+)$`,
      'i',
    ),
    (match) => write(first(match, 1, 4), unquoted(match[5] ?? '')),
  ],
  [
    new RegExp(
      `${PLEASE}(?:write|save)\\s+${VALUE}\\s+(?:to|into|in)\\s+(?:the\\s+)?(?:file\\s+)?${PATH}[.!]?$`,
      'i',
    ),
    (match) => write(first(match, 4, 7), first(match, 1, 3) ?? ''),
  ],
  [
    new RegExp(
      `${PLEASE}(?:list|show)(?:\\s+me)?(?:\\s+all)?(?:\\s+the|\\s+my)?\\s+files(?:\\s+(?:in|under|of)\\s+${PATH})?[.!?]?$`,
      'i',
    ),
    (match) => ({ kind: 'list', path: first(match, 1, 4) ?? '.' }),
  ],
  [/^ls$/i, () => ({ kind: 'list', path: '.' })],
  [
    new RegExp(
      `${PLEASE}(?:read|show|open|print|cat|display)(?:\\s+me)?(?:\\s+the)?(?:\\s+file)?\\s+${PATH}[!?]?$`,
      'i',
    ),
    (match) => {
      const path = first(match, 1, 4);
      return path === undefined ? undefined : { kind: 'read', path };
    },
  ],
  [
    new RegExp(
      `${PLEASE}(?:call|use|invoke)\\s+(?:the\\s+)?(?:tool\\s+)?\`?([\\w.-]+)\`?(?:\\s+tool)?(?:\\s+with\\s+(\\{[\\s\\S]*\\}))?[.!]?$`,
      'i',
    ),
    (match) => {
      const { input } = readToolInput(match[2] ?? '');
      return match[1] === undefined || input === null ? undefined : { kind: 'call', tool: match[1], input };
    },
  ],
  [/^(?:help|what can you do)\b.*$/i, () => ({ kind: 'help' })],
];

function run(command: string | undefined): DemoRequest | undefined {
  return command === undefined ? undefined : { kind: 'run', command };
}

function write(path: string | undefined, content: string): DemoRequest | undefined {
  return path === undefined ? undefined : { kind: 'write', path, content };
}

function first(match: RegExpExecArray, from: number, to: number): string | undefined {
  return match.slice(from, to + 1).find((group) => group !== undefined);
}

function unquoted(text: string): string {
  const match = /^(?:`([\s\S]*)`|"([\s\S]*)"|'([\s\S]*)')[.!]?$/.exec(text.trim());
  return match === null ? text.trim() : (first(match, 1, 3) ?? '');
}
