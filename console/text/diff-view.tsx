import { structuredPatch } from 'diff';
import { useMemo } from 'react';
import { Revealed } from './revealed.tsx';
import { spelled } from './spelled.ts';

const MAX_EDIT_LENGTH = 4_000;

/** What an edit takes away and puts in, line by line, with every hidden character shown by its code. */
export function DiffView({ before, after, label }: { before: string; after: string; label: string }) {
  const hunks = useMemo(() => {
    const patch = structuredPatch('', '', before, after, '', '', {
      context: 3,
      maxEditLength: MAX_EDIT_LENGTH,
    });
    return patch?.hunks ?? [wholesale(before, after)];
  }, [before, after]);
  return (
    // A region that scrolls must be reachable by keyboard.
    <pre className="diff" tabIndex={0} role="group" aria-label={spelled(label)}>
      {hunks.flatMap((hunk, place) => [
        ...(place > 0
          ? [
              <span key={`gap-${place}`} className="diff-gap">
                {'⋯\n'}
              </span>,
            ]
          : []),
        ...hunk.lines
          .filter((line) => !line.startsWith('\\'))
          .map((line, index) => (
            // Lines of one diff never change places.
            <span key={`${place}-${index}`} className={CLASSES[line.charAt(0)] ?? 'diff-same'}>
              <Revealed text={line} />
              {'\n'}
            </span>
          )),
      ])}
    </pre>
  );
}

const CLASSES: Record<string, string> = { '+': 'diff-added', '-': 'diff-removed' };

/** For texts that have nothing in common worth looking for. */
function wholesale(before: string, after: string): { lines: string[] } {
  return {
    lines: [...before.split('\n').map((line) => `-${line}`), ...after.split('\n').map((line) => `+${line}`)],
  };
}
