import Anser from 'anser';

/** A run of terminal text in one look. `classes` are those of the style sheet; nothing of the text becomes a style of its own. */
export interface TerminalRun {
  text: string;
  classes: string;
}

const COLORS = /^ansi-(?:bright-)?(?:black|red|green|yellow|blue|magenta|cyan|white)$/;
const DECORATIONS = new Set(['bold', 'dim', 'italic', 'underline', 'strikethrough']);

// Everything that moves the cursor, sets titles or links, or is no text at all: only colours are kept. OSC and DCS strings go whole.
const OTHER_SEQUENCES =
  // oxlint-disable-next-line no-control-regex
  /\u001b(?:[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\|$)|\[[0-?]*[ -/]*[@-ln-~]|[ -/]*[0-Z\\^-~])/g;

/** The runs of a terminal's output. Lines that a progress bar wrote over are shown in their last state. */
export function parseAnsi(output: string): TerminalRun[] {
  const text = settleLines(output.replaceAll(OTHER_SEQUENCES, ''));
  return Anser.ansiToJson(text, { use_classes: true, remove_empty: true }).map(
    ({ content, fg, bg, decorations }) => ({
      text: content,
      classes: [
        COLORS.test(fg ?? '') ? `fg-${fg}` : '',
        COLORS.test(bg ?? '') ? `bg-${bg}` : '',
        ...decorations.filter((name) => DECORATIONS.has(name)).map((name) => `ansi-${name}`),
      ]
        .filter((name) => name !== '')
        .join(' '),
    }),
  );
}

/** A carriage return begins its line anew, a backspace takes one character back. */
function settleLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => {
      const whole = line.replace(/\r+$/, '');
      return withoutErased(whole.slice(whole.lastIndexOf('\r') + 1));
    })
    .join('\n');
}

function withoutErased(line: string): string {
  if (!line.includes('\u0008')) return line;
  const kept: string[] = [];
  for (const character of line) {
    if (character === '\u0008') kept.pop();
    else kept.push(character);
  }
  return kept.join('');
}
