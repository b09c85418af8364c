import { between } from '../../format/duration.ts';
import { tokens } from '../../format/tokens.ts';
import type { EventOf } from '../../service/wire.ts';
import type { RequestEnd } from '../transcript-item.ts';

/** The heading of a model request: how long it took and what it read and wrote. */
export function RequestRow({
  start,
  end,
}: {
  start: EventOf<'span.model_request_start'>;
  end: RequestEnd | null;
}) {
  const took = between(start.processed_at, end?.processed_at);
  const usage = end?.model_usage;
  const cached = usage?.cache_read_input_tokens ?? 0;
  const read = (usage?.input_tokens ?? 0) + cached + (usage?.cache_creation_input_tokens ?? 0);
  return (
    <p className="request" data-bad={end?.is_error === true || undefined}>
      <span className="request-dot" aria-hidden="true" />
      <span>Model request</span>
      {end === null && <span className="spinner" aria-hidden="true" />}
      {end?.is_error === true && <span className="request-bad">did not finish</span>}
      {usage !== undefined && end?.is_error !== true && (
        <span title={`${read} tokens read (${cached} from the cache), ${usage.output_tokens} written`}>
          {tokens(read)} → {tokens(usage.output_tokens)} tokens
        </span>
      )}
      {took !== null && <span>{took}</span>}
    </p>
  );
}
