import {
  Bot,
  Boxes,
  Cpu,
  FileText,
  KeyRound,
  LogOut,
  MessagesSquare,
  Monitor,
  Moon,
  Puzzle,
  Sun,
} from 'lucide-react';
import { Suspense } from 'react';
import { NavLink, Outlet } from 'react-router';
import { signOut } from '../service/console-session.ts';
import { ShortText } from '../text/short-text.tsx';
import { spelled } from '../text/spelled.ts';
import { IconButton } from '../ui/icon-button.tsx';
import { Loading } from '../ui/loading.tsx';
import { Shortcuts } from './shortcuts.tsx';
import { changeUser } from './query-client.ts';
import { useConsoleSession } from './use-console-session.ts';
import { useTheme, type Theme } from './use-theme.ts';

const PLACES = [
  { to: '/sessions', label: 'Sessions', icon: MessagesSquare },
  { to: '/agents', label: 'Agents', icon: Bot },
  { to: '/environments', label: 'Environments', icon: Boxes },
  { to: '/skills', label: 'Skills', icon: Puzzle },
  { to: '/files', label: 'Files', icon: FileText },
  { to: '/models', label: 'Models', icon: Cpu },
];

const NEXT_THEME: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const THEME_ICONS = { system: Monitor, light: Sun, dark: Moon };

/** What all pages share: the way around, the theme, and who is signed in. */
export function Shell() {
  const [theme, setTheme] = useTheme();
  const session = useConsoleSession();
  return (
    <div className="shell">
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <nav className="sidebar" aria-label="Main">
        <div className="brand">
          <img src="/icon.svg" alt="" width={24} height={24} />
          <span>Managed Agent</span>
        </div>
        <ul>
          {PLACES.map(({ to, label, icon: Icon }) => (
            <li key={to}>
              <NavLink to={to} className="nav-link">
                <Icon size={18} aria-hidden="true" />
                <span>{label}</span>
              </NavLink>
            </li>
          ))}
        </ul>
        <div className="sidebar-foot">
          <span className="workspace" title={spelled(`Workspace ${session.workspace ?? ''}`)}>
            <ShortText text={session.workspace ?? ''} />
          </span>
          <Shortcuts />
          <IconButton
            icon={THEME_ICONS[theme]}
            label={`Theme: ${theme}`}
            onClick={() => setTheme(NEXT_THEME[theme])}
          />
          {session.key_required && (
            <NavLink to="/sign-ins" className="icon-button" aria-label="Sign-ins" title="Sign-ins">
              <KeyRound size={16} aria-hidden="true" />
            </NavLink>
          )}
          {session.key_required && (
            <IconButton
              icon={LogOut}
              label="Sign out"
              onClick={() => {
                void signOut().then(changeUser);
              }}
            />
          )}
        </div>
      </nav>
      {/* It scrolls, so the keyboard must reach it. */}
      <main id="main" className="main" tabIndex={0}>
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </main>
    </div>
  );
}
