import { Keyboard } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { IconButton } from '../ui/icon-button.tsx';
import { Modal } from '../ui/modal.tsx';
import { isTyping } from './is-typing.ts';

const KEYS: [keys: string[], meaning: string][] = [
  [['n'], 'New session'],
  [['/'], 'Search, or write to the agent'],
  [['g', 's'], 'Sessions'],
  [['g', 'a'], 'Agents'],
  [['g', 'e'], 'Environments'],
  [['g', 'k'], 'Skills'],
  [['g', 'f'], 'Files'],
  [['g', 'm'], 'Models'],
  [['Enter'], 'Send the message; with Shift a new line'],
  [['Esc'], 'In the message: interrupt the agent'],
  [['?'], 'This list'],
];
const PLACES: Record<string, string> = {
  s: '/sessions',
  a: '/agents',
  e: '/environments',
  k: '/skills',
  f: '/files',
  m: '/models',
};
const SECOND_KEY_MS = 1_200;

/** The keys that work everywhere, and the list of them. */
export function Shortcuts() {
  const [isOpen, setOpen] = useState(false);
  const navigate = useNavigate();

  useEffect(() => {
    let wentAt = 0;
    function onKey(event: KeyboardEvent): void {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const place = PLACES[event.key];
      if (performance.now() - wentAt < SECOND_KEY_MS && place !== undefined) void navigate(place);
      else if (event.key === 'n') void navigate('/sessions?new=1');
      else if (event.key === '?') setOpen(true);
      else if (event.key === '/') document.querySelector<HTMLElement>('[data-slash]')?.focus();
      else if (event.key !== 'g') return;
      wentAt = event.key === 'g' ? performance.now() : 0;
      event.preventDefault();
    }
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [navigate]);

  return (
    <>
      <IconButton
        icon={Keyboard}
        label="Keyboard shortcuts"
        className="desktop-only"
        onClick={() => setOpen(true)}
      />
      <Modal isOpen={isOpen} onClose={() => setOpen(false)} title="Keyboard shortcuts">
        <dl className="shortcuts">
          {KEYS.map(([keys, meaning]) => (
            <div key={meaning}>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </Modal>
    </>
  );
}
