import { TriangleAlert } from 'lucide-react';
import { problemText } from '../service/problem-text.ts';
import { Button } from './button.tsx';
import { ShortText } from '../text/short-text.tsx';

/** Something that did not work, in the service's words. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div className="problem" role="alert">
      <TriangleAlert size={16} aria-hidden="true" />
      <span className="problem-text">
        <ShortText text={problemText(error)} />
      </span>
      {onRetry && (
        <Button size="small" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
