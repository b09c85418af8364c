/** What can be done with the browser of a sandbox. `ref` names an element of the page's newest snapshot. */
export type BrowserAction =
  | { action: 'navigate'; url: string }
  | { action: 'back' }
  | { action: 'snapshot' }
  | { action: 'click'; ref: string; button: 'left' | 'right' | 'middle'; clicks: number }
  /** Replaces the content of a field. */
  | { action: 'type'; ref: string; text: string; submit: boolean }
  | { action: 'press'; key: string }
  | { action: 'select'; ref: string; values: string[] }
  /** Scrolls the page, or the element at `ref` into view. */
  | { action: 'scroll'; direction: 'up' | 'down' | 'left' | 'right'; pixels: number; ref: string | null }
  | { action: 'evaluate'; script: string }
  /** What the page wrote to its console since the last time. */
  | { action: 'console' }
  | { action: 'tabs'; do: 'list' | 'new' | 'select' | 'close'; index: number | null; url: string | null }
  | { action: 'screenshot'; extent: 'viewport' | 'page' }
  /** A video of what the browser shows. */
  | { action: 'record'; do: 'start' | 'stop' | 'status' };
