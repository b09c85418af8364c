import { useId, useState, type KeyboardEvent } from 'react';
import type { Session } from '../service/wire.ts';
import { completionsFor, type Completion } from './skill-completion.ts';
import { useSkillCommands } from './use-skill-commands.ts';
import { ShortText } from '../text/short-text.tsx';

interface Props {
  skills: Session['agent']['skills'];
  text: string;
  onText: (text: string) => void;
  onSend: () => void;
  /** Null: nothing runs. */
  onInterrupt: (() => void) | null;
  placeholder: string;
}

const NONE: readonly Completion[] = [];

/** The text of a message; a slash at its beginning offers the session's skills. */
export function MessageField({ skills, text, onText, onSend, onInterrupt, placeholder }: Props) {
  const id = useId();
  const [chosen, setChosen] = useState(0);
  const [dismissed, setDismissed] = useState('');
  const commands = useSkillCommands(skills, text.startsWith('/'));
  const found = text === dismissed ? NONE : completionsFor(text, commands);
  const current = found[Math.min(chosen, found.length - 1)];

  function take(completion: Completion): void {
    onText(`/${completion.name} `);
    setChosen(0);
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    // While an input method composes a character, Enter ends that and nothing else.
    if (event.nativeEvent.isComposing) return;
    if (current !== undefined && ['ArrowDown', 'ArrowUp'].includes(event.key)) {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setChosen((Math.min(chosen, found.length - 1) + step + found.length) % found.length);
    } else if (current !== undefined && (event.key === 'Tab' || (event.key === 'Enter' && !event.shiftKey))) {
      event.preventDefault();
      take(current);
    } else if (event.key === 'Escape') {
      if (current !== undefined) setDismissed(text);
      else onInterrupt?.();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      onSend();
    }
  }

  return (
    <div className="message-field">
      {found.length > 0 && (
        <ul className="completions" role="listbox" id={`${id}-list`} aria-label="Skills">
          {found.map((completion) => (
            // The keys are those of the text field, which names the option in question.
            <li
              key={completion.name}
              id={`${id}-${completion.name}`}
              role="option"
              aria-selected={completion === current}
              className="completion"
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(completion)}
            >
              <span className="completion-name">
                /<ShortText text={completion.name} />
              </span>
              <span className="completion-about">
                <ShortText text={completion.about} />
              </span>
            </li>
          ))}
        </ul>
      )}
      <textarea
        className="message-text"
        aria-label="Message"
        aria-autocomplete="list"
        aria-controls={found.length > 0 ? `${id}-list` : undefined}
        aria-activedescendant={current === undefined ? undefined : `${id}-${current.name}`}
        data-slash
        rows={1}
        value={text}
        placeholder={placeholder}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}
