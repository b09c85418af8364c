import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CDPSession, Page } from 'playwright-core';

import { drawScript, FINISH_SCRIPT, setUpScript } from './encoder-script.ts';
import type { Tabs } from './tabs.ts';

const FRAMES_PER_SECOND = 8;
const LONGEST_MS = 10 * 60_000;
const SIZE = { width: 1280, height: 800 };

/** Makes a video of the current tab, encoded by the browser itself, so that nothing else need be installed. */
export interface Recorder {
  start(): Promise<string>;
  stop(): Promise<string>;
  status(): string;
}

export function createRecorder(tabs: Tabs, folder: string): Recorder {
  let running:
    | { page: Page; startedAt: number; frames: number; timer: NodeJS.Timeout; watched: Map<Page, CDPSession> }
    | undefined;
  let newest: string | undefined;

  /** Asks the current tab for its frames, also after the current tab changed. */
  async function watch(page: Page, watched: Map<Page, CDPSession>): Promise<void> {
    if (watched.has(page)) return;
    const session = await tabs.context.newCDPSession(page);
    watched.set(page, session);
    session.on('Page.screencastFrame', ({ data, sessionId }) => {
      newest = data;
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
  }

  async function step(recording: NonNullable<typeof running>): Promise<void> {
    const { page } = await tabs.current();
    await watch(page, recording.watched);
    if (newest === undefined) return;
    await recording.page.evaluate(drawScript(newest));
    recording.frames++;
  }

  async function stop(): Promise<string> {
    const recording = running;
    if (recording === undefined) return 'Nothing is being recorded.';
    running = undefined;
    clearTimeout(recording.timer);
    for (const session of recording.watched.values()) {
      await session.detach().catch(() => {
        // The tab is gone.
      });
    }
    const video = Buffer.from(await recording.page.evaluate<string>(FINISH_SCRIPT), 'base64');
    await recording.page.context().close();
    await mkdir(folder, { recursive: true });
    const file = join(
      folder,
      `recording-${new Date(recording.startedAt).toISOString().replace(/[:.]/g, '-')}.webm`,
    );
    await writeFile(file, video);
    const seconds = Math.round((Date.now() - recording.startedAt) / 1_000);
    return `The recording of ${seconds} s was saved at ${file} (${video.length} bytes, ${recording.frames} frames).`;
  }

  return {
    async start() {
      if (running !== undefined) return 'A recording is under way already.';
      const browser = tabs.context.browser();
      if (browser === null) throw new Error('this browser cannot record');
      const page = await (await browser.newContext()).newPage();
      await page.evaluate(setUpScript(SIZE));
      newest = undefined;
      const recording = {
        page,
        startedAt: Date.now(),
        frames: 0,
        timer: setTimeout(() => {}, 0),
        watched: new Map<Page, CDPSession>(),
      };
      running = recording;
      const loop = async (): Promise<void> => {
        if (running !== recording) return;
        await step(recording).catch(() => {
          // A tab that closes in the middle costs a frame.
        });
        if (Date.now() - recording.startedAt > LONGEST_MS) {
          await stop();
          return;
        }
        recording.timer = setTimeout(() => void loop(), 1_000 / FRAMES_PER_SECOND);
      };
      await loop();
      return 'Recording started. It ends after ten minutes at the latest; stop it to get the file.';
    },
    stop,
    status() {
      if (running === undefined) return 'Nothing is being recorded.';
      return `Recording for ${Math.round((Date.now() - running.startedAt) / 1_000)} s, ${running.frames} frames so far.`;
    },
  };
}
