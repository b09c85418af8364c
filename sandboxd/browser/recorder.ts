import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

import type { CDPSession, Page } from 'playwright-core';

import { drawScript, FINISH_SCRIPT, setUpScript, sliceScript } from './encoder-script.ts';
import type { Tabs } from './tabs.ts';

const FRAMES_PER_SECOND = 8;
const LONGEST_MS = 10 * 60_000;
const SIZE = { width: 1280, height: 800 };
const SLICE_BYTES = 1024 * 1024;

/** Makes a video of the current tab, encoded by the browser itself, so that nothing else need be installed. */
export interface Recorder {
  isRecording(): boolean;
  start(): Promise<string>;
  stop(): Promise<string>;
  status(): string;
}

interface Recording {
  /** The page that encodes. */
  page: Page;
  startedAt: number;
  frames: number;
  timer?: NodeJS.Timeout;
  watched: Map<Page, Watched>;
}

/** A tab that was the current one. It sends pictures only when it changes, so its newest is kept for when it is shown again. */
interface Watched {
  session: CDPSession;
  /** JPEG in base64. */
  newest?: string;
}

/** Writes the encoded video into a file; returns its size. */
async function save(page: Page, file: string): Promise<number> {
  const bytes = await page.evaluate<number>(FINISH_SCRIPT);
  const target = await open(file, 'wx');
  try {
    for (let start = 0; start < bytes; start += SLICE_BYTES) {
      const part = await page.evaluate<string>(sliceScript(start, start + SLICE_BYTES));
      await target.write(Buffer.from(part, 'base64'));
    }
  } finally {
    await target.close();
  }
  return bytes;
}

export function createRecorder(tabs: Tabs, folder: string): Recorder {
  let running: Recording | undefined;
  let lastResult = 'Nothing is being recorded.';

  /** Asks a tab for its frames, once. */
  async function watch(page: Page, recording: Recording): Promise<Watched> {
    const known = recording.watched.get(page);
    if (known !== undefined) return known;
    const session = await tabs.context.newCDPSession(page);
    const watched: Watched = { session };
    recording.watched.set(page, watched);
    session.on('Page.screencastFrame', ({ data, sessionId }) => {
      watched.newest = data;
      session.send('Page.screencastFrameAck', { sessionId }).catch(() => {
        // The tab is gone.
      });
    });
    await session.send('Page.startScreencast', {
      format: 'jpeg',
      quality: 70,
      maxWidth: SIZE.width,
      maxHeight: SIZE.height,
    });
    return watched;
  }

  async function step(recording: Recording): Promise<void> {
    const { page } = await tabs.current();
    const { newest } = await watch(page, recording);
    if (newest === undefined) return;
    await recording.page.evaluate(drawScript(newest));
    recording.frames++;
  }

  async function stop(): Promise<string> {
    const recording = running;
    if (recording === undefined) return lastResult;
    running = undefined;
    clearTimeout(recording.timer);
    for (const { session } of recording.watched.values()) {
      await session.detach().catch(() => {
        // The tab is gone.
      });
    }
    await mkdir(folder, { recursive: true });
    const name = new Date(recording.startedAt).toISOString().replace(/[:.]/g, '-');
    const file = join(folder, `recording-${name}.webm`);
    const bytes = await save(recording.page, file);
    await recording.page.context().close();
    const seconds = Math.round((Date.now() - recording.startedAt) / 1_000);
    const result = `The recording of ${seconds} s was saved at ${file} (${bytes} bytes, ${recording.frames} frames).`;
    lastResult = `Nothing is being recorded. ${result}`;
    return result;
  }

  /** Takes pictures until the recording was stopped, or is as long as it may be. */
  async function record(recording: Recording): Promise<void> {
    if (running !== recording) return;
    await step(recording).catch(() => {
      // A tab that closes in the middle costs a frame.
    });
    if (Date.now() - recording.startedAt > LONGEST_MS) {
      await stop().catch((error: unknown) => {
        lastResult = `Nothing is being recorded. The recording was lost: ${String(error)}`;
      });
      return;
    }
    recording.timer = setTimeout(() => void record(recording), 1_000 / FRAMES_PER_SECOND);
  }

  return {
    isRecording: () => running !== undefined,
    async start() {
      if (running !== undefined) return 'A recording is under way already.';
      const browser = tabs.context.browser();
      if (browser === null) throw new Error('this browser cannot record');
      const page = await (await browser.newContext()).newPage();
      await page.evaluate(setUpScript(SIZE));
      running = { page, startedAt: Date.now(), frames: 0, watched: new Map() };
      await record(running);
      return 'Recording started. It ends after ten minutes at the latest; stop it to get the file.';
    },
    stop,
    status() {
      if (running === undefined) return lastResult;
      return `Recording for ${Math.round((Date.now() - running.startedAt) / 1_000)} s, ${running.frames} frames so far.`;
    },
  };
}
