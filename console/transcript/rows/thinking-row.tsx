import { Brain } from 'lucide-react';
import type { EventOf } from '../../service/wire.ts';
import { Revealed } from '../../text/revealed.tsx';

/** A mark that the model thought. The API does not tell what. */
export function ThinkingRow({ event }: { event: EventOf<'agent.thinking'> | null }) {
  const text = event !== null && 'content' in event ? JSON.stringify(event.content, null, 2) : null;
  const label = event === null ? 'Thinking …' : 'Thought';
  if (text === null) {
    return (
      <p className="thinking" data-live={event === null || undefined}>
        <Brain size={14} aria-hidden="true" /> {label}
      </p>
    );
  }
  return (
    <details className="thinking">
      <summary>
        <Brain size={14} aria-hidden="true" /> {label}
      </summary>
      <pre>
        <Revealed text={text} />
      </pre>
    </details>
  );
}
