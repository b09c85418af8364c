import { useMemo, useState } from 'react';
import { keepDirection } from './keep-direction.ts';
import { parseAnsi } from './parse-ansi.ts';
import { spelled } from './spelled.ts';

const SHOWN_LINES = 24;

/** Output as a terminal shows it. Long output is folded to its end, where results and errors are. */
export function Terminal({
  output,
  label,
  isBad = false,
}: {
  output: string;
  label: string;
  isBad?: boolean;
}) {
  const [isOpen, setOpen] = useState(false);
  const lines = useMemo(() => output.replace(/\n$/, '').split('\n'), [output]);
  const hidden = isOpen ? 0 : Math.max(0, lines.length - SHOWN_LINES);
  const runs = useMemo(() => parseAnsi(keepDirection(lines.slice(hidden).join('\n'))), [lines, hidden]);
  return (
    <div className="terminal" data-bad={isBad || undefined}>
      {hidden > 0 && (
        <button type="button" className="terminal-more" onClick={() => setOpen(true)}>
          Show {hidden} earlier lines
        </button>
      )}
      {/* A region that scrolls must be reachable by keyboard. */}
      <pre tabIndex={0} role="group" aria-label={spelled(label)}>
        {runs.map(({ text, classes }, index) => (
          // Runs of one output never change places.
          <span key={index} className={classes || undefined}>
            {text}
          </span>
        ))}
      </pre>
    </div>
  );
}
