/** A small program that counts the words of `message.txt` beside it. */
export interface Program {
  language: string;
  file: string;
  command: string;
  source: string;
}

const PYTHON: Program = {
  language: 'Python',
  file: 'count_words.py',
  command: 'python3 count_words.py',
  source: `import collections
import re

text = open("message.txt", encoding="utf-8").read().strip()
words = re.findall(r"\\w+", text.lower())
print(f"{len(text)} characters, {len(words)} words")
for word, count in collections.Counter(words).most_common(3):
    print(f"{count} x {word}")
`,
};

const JAVASCRIPT: Program = {
  language: 'JavaScript',
  file: 'count_words.mjs',
  command: 'node count_words.mjs',
  source: `import { readFileSync } from 'node:fs';

const text = readFileSync('message.txt', 'utf8').trim();
const words = text.toLowerCase().match(/[\\p{L}\\p{N}_]+/gu) ?? [];
const counts = new Map();
for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
console.log(\`\${[...text].length} characters, \${words.length} words\`);
const top = [...counts].sort((first, second) => second[1] - first[1]).slice(0, 3);
for (const [word, count] of top) console.log(\`\${count} x \${word}\`);
`,
};

const AWK: Program = {
  language: 'awk',
  file: 'count_words.awk',
  command: 'awk -f count_words.awk message.txt',
  source: `{ characters += length($0); words += NF }
END { print characters " characters, " words " words" }
`,
};

const SHELL: Program = {
  language: 'shell',
  file: 'count_words.sh',
  command: 'sh count_words.sh',
  source: 'wc message.txt\n',
};

/** The program in a language that the sandbox has, judged by the paths among these lines. */
export function programFor(lines: readonly string[]): Program {
  const has = (tool: string) => lines.some((line) => line.startsWith('/') && line.endsWith(`/${tool}`));
  if (has('python3')) return PYTHON;
  if (has('node')) return JAVASCRIPT;
  return has('awk') ? AWK : SHELL;
}
