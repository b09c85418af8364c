import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { listSettings } from '../config/setting-list.ts';
import { Settings } from '../config/schema.ts';
import { LISTED_EVENT_TYPES } from '../core/schema/event-list.ts';

const ROOT = path.join(import.meta.dirname, '..');
const SETTINGS = new Set(
  listSettings().flatMap(({ path: words }) => words.map((_, end) => words.slice(0, end + 1).join('.'))),
);
const SECTIONS = Object.keys(Settings.shape);
const SCRIPTS = Object.keys(
  (JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
    .scripts,
);
/** Pages for people who run the service; decisions tell of designs that were not taken, too. */
const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('decisions/'))
    .map((name) => `docs/${name}`),
];

/** Entry files, logs and events have names like those of settings. */
const EVENTS = new Set<string>([...LISTED_EVENT_TYPES, 'session.deleted']);
const isOther = (name: string): boolean => /\.(ts|log)$/.test(name) || EVENTS.has(name);

/** What stands in backticks. */
function codeOf(page: string): string[] {
  const text = readFileSync(path.join(ROOT, page), 'utf8').replaceAll(/^```[^]*?^```/gm, '');
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

describe.each(PAGES)('%s names', (page) => {
  it('settings that exist', () => {
    const named = codeOf(page).flatMap((code) => {
      const found = /^([a-z_]+)\.([a-z_0-9.]+)(?=$|:|=| )/.exec(code);
      return found !== null && SECTIONS.includes(found[1] ?? '') ? [found[0]] : [];
    });
    expect(named.filter((name) => !SETTINGS.has(name) && !isOther(name))).toEqual([]);
  });

  it('commands that exist', () => {
    const text = readFileSync(path.join(ROOT, page), 'utf8');
    const named = [...text.matchAll(/npm run (?:--silent )?([a-z][a-z:-]*)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !SCRIPTS.includes(name))).toEqual([]);
  });

  it('files that exist', () => {
    const named = codeOf(page).filter((code) =>
      /^(?:api|bench|config|console|core|deploy|docs|operations|providers|sandboxd|setup|supervisor|test|tools|wiring|workflows|activities)\/[\w./-]+\.\w+$/.test(
        code,
      ),
    );
    expect(named.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([]);
  });

  it('pages and headings that exist', () => {
    const text = readFileSync(path.join(ROOT, page), 'utf8');
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [file = '', heading] = link.split('#');
      const target = file === '' ? path.join(ROOT, page) : path.join(ROOT, path.dirname(page), file);
      return !existsSync(target) || (heading !== undefined && !headingsOf(target).includes(heading));
    });
    expect(broken).toEqual([]);
  });
});

/** The addresses of a page's headings, as Markdown's readers make them. */
function headingsOf(file: string): string[] {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
