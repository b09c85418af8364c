import { readdirSync, readFileSync } from 'node:fs';

/** O_CLOEXEC as /proc shows it. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Open files of this process that a child would inherit although nobody passes them on, by number: whoever started the service may have
 * left some open. Empty where there is no /proc: on macOS node has the kernel close them.
 */
export function strayDescriptors(): number[] {
  return names().filter((descriptor) => {
    if (descriptor <= 2) return false;
    try {
      const text = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
      const flags = /^flags:\s*([0-7]+)/m.exec(text)?.[1] ?? '0';
      return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
    } catch {
      // It was closed meanwhile.
      return false;
    }
  });
}

function names(): number[] {
  try {
    return readdirSync('/proc/self/fdinfo').map(Number);
  } catch {
    return [];
  }
}
