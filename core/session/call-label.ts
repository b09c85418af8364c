import type { JsonObject } from '../json.ts';

const LENGTH = 80;

/** One line for people about a tool call: the tool and the first thing it was given, such as `bash · npm test`. */
export function callLabel(name: string, input: JsonObject): string {
  const texts = Object.values(input).filter((value) => typeof value === 'string');
  const line = (texts.find((text) => text !== '') ?? '')
    // Control and format characters could hide what is shown, or be refused by a database.
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
    .trim();
  const characters = Array.from(line);
  const cut = characters.length > LENGTH ? `${characters.slice(0, LENGTH - 1).join('')}…` : line;
  const tool = name.replace(/[^\w.-]+/g, '_').slice(0, LENGTH);
  return cut === '' ? tool : `${tool} · ${cut}`;
}
