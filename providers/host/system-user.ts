import { execFileSync } from 'node:child_process';
import { AppError } from '../../core/errors.ts';

/** An account of the system. */
export interface SystemUser {
  name: string;
  uid: number;
  gid: number;
}

const NAME = 'managed-agent';

/**
 * The unprivileged account under which a service started by root runs programs that refuse root, or null when we are not root and they
 * simply run as ourselves. It is `managed-agent`: found or made; where it cannot be made, `postgres` if the system has it.
 * `say` gets a sentence when an account is made or another one taken. Throws `bad_config` when there is none.
 */
export function unprivilegedUser(say: (line: string) => void): SystemUser | null {
  if (process.geteuid?.() !== 0) return null;
  const found = findUser(NAME);
  if (found) return found;
  const made = makeUser();
  if (made) {
    say(`Made the system user ${NAME} (uid ${made.uid}): PostgreSQL refuses to run as root.`);
    return made;
  }
  const fallback = findUser('postgres');
  if (fallback) {
    say(`The system user ${NAME} cannot be made; PostgreSQL runs as postgres (uid ${fallback.uid}).`);
    return fallback;
  }
  throw new AppError(
    'bad_config',
    `Started as root, PostgreSQL needs an unprivileged system user. Make one (useradd --system ${NAME}), or start as an ordinary user.`,
  );
}

function findUser(name: string): SystemUser | null {
  const uid = idOf('-u', name);
  const gid = idOf('-g', name);
  return uid === null || gid === null || uid === 0 ? null : { name, uid, gid };
}

function idOf(option: '-u' | '-g', name: string): number | null {
  try {
    return Number(
      execFileSync('id', [option, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    return null;
  }
}

function makeUser(): SystemUser | null {
  const commands: [string, string[]][] = [
    [
      'useradd',
      ['--system', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', NAME],
    ],
    ['adduser', ['-S', '-D', '-H', '-h', '/nonexistent', '-s', '/sbin/nologin', NAME]],
  ];
  for (const [command, args] of commands) {
    try {
      execFileSync(command, args, { stdio: 'ignore' });
    } catch {
      // Another process may have made it at the same moment; whether it is there now is what counts.
    }
    const made = findUser(NAME);
    if (made) return made;
  }
  return null;
}
