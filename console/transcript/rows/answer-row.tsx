import type { AgentMessage } from '../../service/wire.ts';
import { MarkdownText } from '../../text/markdown.tsx';
import { ShortText } from '../../text/short-text.tsx';

/** What the agent says. `isLive`: it is being written. */
export function AnswerRow({ event, isLive }: { event: AgentMessage; isLive: boolean }) {
  return (
    <div className="answer" data-live={isLive || undefined}>
      {event.content.map((block, index) =>
        block.type === 'text' ? (
          // Blocks of one message never change places.
          <MarkdownText key={index} text={block.text} />
        ) : (
          <p key={index} className="quiet">
            [<ShortText text={block.type} />]
          </p>
        ),
      )}
    </div>
  );
}
