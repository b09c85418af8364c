import { z } from 'zod';
import { defineTool, type SandboxTool } from './tool.ts';

const ref = z
  .string()
  .regex(/^[a-z0-9]{1,32}$/, 'expected a reference such as e12')
  .describe('Reference of the element in the newest snapshot, such as e12.');

/** The tools of `browser_toolset_20261101`: a real browser in the session's sandbox, with tabs that stay from call to call. */
export const BROWSER_TOOLS: readonly SandboxTool[] = [
  defineTool({
    name: 'browser_navigate',
    description:
      'Open a URL in the current tab of the browser. Answers with a snapshot of the page: its elements, with references such as [ref=e12] that the other browser tools take. Servers that run in the sandbox are reached at localhost.',
    input: z.strictObject({ url: z.string().min(1).max(8_192).describe('Where to go.') }),
    operation: ({ url }) => ({ type: 'browser', browser: { action: 'navigate', url } }),
  }),
  defineTool({
    name: 'browser_back',
    description: 'Go back to the page before.',
    input: z.strictObject({}),
    operation: () => ({ type: 'browser', browser: { action: 'back' } }),
  }),
  defineTool({
    name: 'browser_snapshot',
    description: 'Take a snapshot of the page: its elements as text, with references.',
    input: z.strictObject({}),
    operation: () => ({ type: 'browser', browser: { action: 'snapshot' } }),
  }),
  defineTool({
    name: 'browser_click',
    description: 'Click an element.',
    input: z.strictObject({
      ref,
      button: z.enum(['left', 'right', 'middle']).optional().describe('Default: left.'),
      double: z.boolean().optional().describe('Click twice.'),
    }),
    operation: ({ ref: element, button = 'left', double }) => ({
      type: 'browser',
      browser: { action: 'click', ref: element, button, clicks: double === true ? 2 : 1 },
    }),
  }),
  defineTool({
    name: 'browser_type',
    description: 'Fill a field with text, replacing what is in it.',
    input: z.strictObject({
      ref,
      text: z.string().max(100_000).describe('The text.'),
      submit: z.boolean().optional().describe('Press Enter afterwards.'),
    }),
    operation: ({ ref: element, text, submit }) => ({
      type: 'browser',
      browser: { action: 'type', ref: element, text, submit: submit === true },
    }),
  }),
  defineTool({
    name: 'browser_press',
    description: 'Press a key or a combination, such as Enter, ArrowDown, Control+a.',
    input: z.strictObject({ key: z.string().min(1).max(100).describe('The key.') }),
    operation: ({ key }) => ({ type: 'browser', browser: { action: 'press', key } }),
  }),
  defineTool({
    name: 'browser_select',
    description: 'Choose options of a drop-down list.',
    input: z.strictObject({
      ref,
      values: z.array(z.string().max(1_000)).min(1).max(100).describe('Values or labels of the options.'),
    }),
    operation: ({ ref: element, values }) => ({
      type: 'browser',
      browser: { action: 'select', ref: element, values },
    }),
  }),
  defineTool({
    name: 'browser_scroll',
    description: 'Scroll the page, or bring an element into view.',
    input: z.strictObject({
      direction: z.enum(['up', 'down', 'left', 'right']).optional().describe('Default: down.'),
      pixels: z.int().min(1).max(100_000).optional().describe('How far; default 600.'),
      ref: ref.optional(),
    }),
    operation: ({ direction = 'down', pixels = 600, ref: element = null }) => ({
      type: 'browser',
      browser: { action: 'scroll', direction, pixels, ref: element },
    }),
  }),
  defineTool({
    name: 'browser_evaluate',
    description: 'Evaluate a JavaScript expression in the page and read its value.',
    input: z.strictObject({
      script: z.string().min(1).max(100_000).describe('The expression; it may be a promise.'),
    }),
    operation: ({ script }) => ({ type: 'browser', browser: { action: 'evaluate', script } }),
  }),
  defineTool({
    name: 'browser_console',
    description: 'Read what the page wrote to its console since the last time.',
    input: z.strictObject({}),
    operation: () => ({ type: 'browser', browser: { action: 'console' } }),
  }),
  defineTool({
    name: 'browser_tabs',
    description: 'List the tabs, open one, change to one, or close one. Tabs are counted from 0.',
    input: z.strictObject({
      action: z.enum(['list', 'new', 'select', 'close']).describe('What to do.'),
      index: z.int().min(0).max(1_000).optional().describe('The tab to select or close.'),
      url: z.string().min(1).max(8_192).optional().describe('What to open in a new tab.'),
    }),
    operation: ({ action, index = null, url = null }) => ({
      type: 'browser',
      browser: { action: 'tabs', do: action, index, url },
    }),
  }),
  defineTool({
    name: 'browser_screenshot',
    description: 'Take a picture of what the browser shows, and look at it.',
    input: z.strictObject({
      full_page: z.boolean().optional().describe('The whole page and not only the visible part.'),
    }),
    operation: ({ full_page: isFull }) => ({
      type: 'browser',
      browser: { action: 'screenshot', extent: isFull === true ? 'page' : 'viewport' },
    }),
  }),
  defineTool({
    name: 'browser_record',
    description:
      'Record what the browser shows as a video file in the outputs folder: start, stop, or ask for the status.',
    input: z.strictObject({ action: z.enum(['start', 'stop', 'status']).describe('What to do.') }),
    operation: ({ action }) => ({ type: 'browser', browser: { action: 'record', do: action } }),
  }),
];
