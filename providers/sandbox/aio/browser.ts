import { z } from 'zod';

import { cutHead } from '../../../sandboxd/clean-text.ts';
import type { BrowserAction } from '../browser-action.ts';
import type { OperationResult } from '../operation.ts';
import { AioFailure } from './api.ts';
import type { AioOperationDeps } from './operation-deps.ts';

const anything = z.unknown();
/** AIO says nothing of what is in its lists. An empty one may be null. */
const list = z
  .array(z.unknown())
  .nullable()
  .transform((rows) => rows ?? []);
const textSchema = z.string().nullish();

const NAVIGATE_SECONDS = 30;
const ACTION_MS = 60_000;
const TEXT_CHARACTERS = 8_000;

/** The number in a reference such as `e12`: AIO numbers the interactive elements of a page. */
function indexOf(ref: string): number {
  const index = /^e(\d{1,6})$/.exec(ref)?.[1];
  if (index === undefined) throw new AioFailure(`the page has no element ${ref}; take a new snapshot`, null);
  return Number(index);
}

/** AIO's own number of an element, or its place in the list. */
function numberOf(element: unknown, place: number): number {
  const isNumbered = typeof element === 'object' && element !== null && 'index' in element;
  return isNumbered && typeof element.index === 'number' ? element.index : place;
}

function lineOf(element: unknown, place: number): string {
  const ref = `[ref=e${numberOf(element, place)}]`;
  if (typeof element !== 'object' || element === null) return `- ${String(element)} ${ref}`;
  const said = Object.entries(element)
    .filter(
      ([name, value]) => name !== 'index' && value !== null && value !== '' && typeof value !== 'object',
    )
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `- ${said.join(' ')} ${ref}`;
}

/**
 * The browser tools on AIO's browser. Its elements come as a numbered list of what can be used on the page, so references are `e` and the
 * number; where AIO wants a CSS selector, the one that it named for the element is taken.
 */
export async function performBrowser(
  { api, outputCharacters, sessionId }: AioOperationDeps,
  action: BrowserAction,
  signal: AbortSignal,
): Promise<OperationResult> {
  const options = { signal, timeoutMs: ACTION_MS };
  const post = (path: string, body: object = {}): Promise<unknown> =>
    api.call('POST', `/v1/browser/${path}`, anything, body, options);
  const done = (text: string): OperationResult => ({ text: cutHead(text, outputCharacters), isError: false });

  async function snapshot(): Promise<OperationResult> {
    const [elements, text] = await Promise.all([
      api.call('GET', '/v1/browser/page/elements', list, undefined, options),
      api.call('GET', '/v1/browser/page/text', textSchema, undefined, options),
    ]);
    const lines = elements.map((element, place) => lineOf(element, place)).join('\n');
    return done(`${cutHead(text ?? '', TEXT_CHARACTERS)}\n\n${lines}`);
  }
  async function selectorOf(ref: string): Promise<string> {
    const elements = await api.call('GET', '/v1/browser/page/elements', list, undefined, options);
    const wanted = indexOf(ref);
    const element = elements.find((candidate, place) => numberOf(candidate, place) === wanted);
    if (typeof element === 'object' && element !== null && 'selector' in element) {
      if (typeof element.selector === 'string') return element.selector;
    }
    throw new AioFailure(`AIO names no selector for ${ref}; use browser_evaluate`, null);
  }

  async function perform(): Promise<OperationResult> {
    switch (action.action) {
      case 'navigate': {
        const url = /^[a-z][a-z0-9+.-]*:/i.test(action.url) ? action.url : `https://${action.url}`;
        await post('page/navigate', { url, timeout: NAVIGATE_SECONDS });
        return snapshot();
      }
      case 'back':
        await post('page/back');
        return snapshot();
      case 'snapshot':
        return snapshot();
      case 'click':
        await post('page/click', {
          index: indexOf(action.ref),
          button: action.button,
          click_count: action.clicks,
        });
        return snapshot();
      case 'type':
        await post('page/fill', { index: indexOf(action.ref), text: action.text });
        if (action.submit) await post('page/press_key', { key: 'Enter' });
        return snapshot();
      case 'press': {
        const keys = action.key.length > 1 ? action.key.split('+') : [action.key];
        if (keys.length > 1) await post('page/hot_key', { keys });
        else await post('page/press_key', { key: action.key });
        return snapshot();
      }
      case 'select': {
        const [value, ...others] = action.values;
        if (others.length > 0) throw new AioFailure('AIO selects one option at a time', null);
        await post('page/select_option', { selector: await selectorOf(action.ref), value });
        return snapshot();
      }
      case 'scroll':
        if (action.ref === null) {
          await post('page/scroll', { direction: action.direction, amount: action.pixels });
        } else await post('page/scroll_to_element', { selector: await selectorOf(action.ref) });
        return snapshot();
      case 'evaluate': {
        const value = await post('page/evaluate', { expression: action.script });
        return done(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined'));
      }
      case 'console': {
        const rows = await api.call('GET', '/v1/browser/page/console?clear=true', list, undefined, options);
        const lines = rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row)));
        return done(lines.length === 0 ? 'the console is empty' : lines.join('\n'));
      }
      case 'tabs':
        return tabs(action);
      case 'screenshot': {
        const query = `full_page=${action.extent === 'page'}&format=png`;
        const { type, content } = await api.bytes(`/v1/browser/page/screenshot?${query}`, signal);
        if (!type.startsWith('image/')) throw new AioFailure('AIO sent no picture', null);
        const image = { mediaType: type, base64: content.toString('base64') };
        return { ...done(`screenshot (${content.length} bytes)`), image };
      }
      case 'record': {
        const save = `/mnt/session/outputs/recordings/${sessionId}-${Date.now()}.mp4`;
        const answer = await post('page/record', {
          action: action.do,
          ...(action.do === 'stop' ? { save_path: save } : {}),
        });
        return done(JSON.stringify(answer) ?? action.do);
      }
    }
  }
  async function tabs(asked: Extract<BrowserAction, { action: 'tabs' }>): Promise<OperationResult> {
    const { index, url } = asked;
    if (asked.do === 'new') await post('tabs', url === null ? {} : { url });
    if (asked.do === 'select')
      await api.call('PUT', `/v1/browser/tabs/${index ?? 0}/activate`, anything, {}, options);
    if (asked.do === 'close') {
      await api.call('DELETE', `/v1/browser/tabs/${index ?? 0}`, anything, undefined, options);
    }
    const rows = await api.call('GET', '/v1/browser/tabs', list, undefined, options);
    return done(
      rows.map((row, at) => `${at}: ${typeof row === 'string' ? row : JSON.stringify(row)}`).join('\n'),
    );
  }

  try {
    return await perform();
  } catch (error) {
    if (error instanceof AioFailure) return { text: error.message, isError: true };
    if (signal.aborted) {
      return { text: 'The browser was interrupted.', isError: true, exit: { code: null, endedBy: 'kill' } };
    }
    throw error;
  }
}
