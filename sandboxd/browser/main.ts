/**
 * The browser process of a sandbox. It runs as the agent, speaks with sandboxd in lines of JSON on standard input and output, and drives
 * one Chromium through Playwright. Pages are hostile: nothing that they can reach is worth more than the sandbox itself.
 */
import { createInterface } from 'node:readline';

import { performAction, type BrowserParts } from './perform.ts';
import type { BrowserReply, BrowserRequest, BrowserSettings } from './protocol.ts';
import { createReactions } from './reactions.ts';
import { createRecorder } from './recorder.ts';
import { openTabs } from './tabs.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as BrowserSettings;
let opened: Promise<BrowserParts> | undefined;
let idle: NodeJS.Timeout | undefined;

async function open(): Promise<BrowserParts> {
  const tabs = await openTabs(settings);
  tabs.context.once('close', () => process.exit(0));
  const reactions = await createReactions(tabs.context);
  return { tabs, reactions, recorder: createRecorder(tabs, settings.recordings), proxy: settings.proxy };
}

async function perform({ id, action }: BrowserRequest): Promise<BrowserReply> {
  let parts: BrowserParts | undefined;
  try {
    opened ??= open();
    parts = await opened;
    const done = await performAction(parts, action);
    return { id, isError: false, ...done, text: [...parts.tabs.takeNotices(), done.text].join('\n') };
  } catch (error) {
    // A browser that could not be started is tried again by the next action.
    if (parts === undefined) opened = undefined;
    // Playwright's messages go on with a log of what it tried; the model needs the first part.
    const message = error instanceof Error ? error.message : String(error);
    return {
      id,
      isError: true,
      text: message.split('\nCall log:')[0]?.replace(/^[a-zA-Z.]+: /, '') ?? message,
    };
  }
}

/** Ends the process after a while without an action, unless it records. */
function rest(): void {
  clearTimeout(idle);
  idle = setTimeout(() => {
    void (async () => {
      const parts = await opened?.catch(() => undefined);
      if (parts?.recorder.isRecording() === true) rest();
      else process.exit(0);
    })();
  }, settings.idleMs);
}

let queue: Promise<void> = Promise.resolve();
rest();
createInterface({ input: process.stdin })
  .on('line', (line) => {
    clearTimeout(idle);
    queue = queue.then(async () => {
      const reply = await perform(JSON.parse(line) as BrowserRequest);
      process.stdout.write(`${JSON.stringify(reply)}\n`);
      rest();
    });
  })
  .once('close', () => process.exit(0));
