import type { BrowserAction } from '../../providers/sandbox/browser-action.ts';

/** One line to the browser process. */
export interface BrowserRequest {
  id: number;
  action: BrowserAction;
}

/** One line from it. */
export interface BrowserReply {
  id: number;
  text: string;
  isError: boolean;
  image?: { mediaType: string; base64: string };
}

/** The first argument of the browser process, as JSON. */
export interface BrowserSettings {
  executable: string;
  /** The proxy of the sandbox, or null where it has no network. */
  proxy: string | null;
  /** Where downloads go. */
  downloads: string;
  /** Where recordings go. */
  recordings: string;
  profile: string;
  /** The process ends after this long without an action. */
  idleMs: number;
}
