import { useMemo } from 'react';
import type { FeedSnapshot } from '../feed/session-feed.ts';
import { duration } from '../format/duration.ts';
import { toolUsage } from './tool-usage.ts';
import { ShortText } from '../text/short-text.tsx';

/** Which tools were called how often, how many calls failed, and how long they usually took. */
export function ToolStatistics({ log }: { log: FeedSnapshot }) {
  const rows = useMemo(() => toolUsage(log.events), [log.events]);
  if (rows.length === 0) return <p className="quiet">No tool was called yet.</p>;
  return (
    <>
      {!log.isWhole && <p className="quiet">Of the {log.events.length} newest events; scroll up for more.</p>}
      <table className="table small-table">
        <thead>
          <tr>
            <th scope="col">Tool</th>
            <th scope="col" className="cell-number">
              Calls
            </th>
            <th scope="col" className="cell-number">
              Failed
            </th>
            <th scope="col" className="cell-number">
              Median
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, calls, failed, medianMs }) => (
            <tr key={name}>
              <td>
                <code>
                  <ShortText text={name} />
                </code>
              </td>
              <td className="cell-number">{calls}</td>
              <td className="cell-number">{failed}</td>
              <td className="cell-number">{medianMs === null ? '–' : duration(medianMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
