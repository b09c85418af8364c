import { startConfinedProcess, type ConfinedProcess } from './confined-process.ts';
import type { Confinement, Isolation } from './confinement.ts';
import type { DecoderProbe } from './decoder.ts';

/** What holds decoder processes on this host, and a first process that is held so. */
export interface FoundIsolation {
  confinement: Confinement;
  detail: string;
  first: ConfinedProcess;
}

const WORDS = 300;

function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.replace(/\s+/g, ' ').slice(0, WORDS);
}

const SUBJECT = 'Images, documents and archives are read in processes of their own without keys';

/**
 * Starts a process in the strongest way that works here. It has read nothing when this is decided, so that nobody's bytes can have a say.
 * Rejects, with what each attempt said, when none starts.
 *
 * @param isolations - in the order in which they are tried.
 */
export async function findIsolation(
  request: Omit<Confinement, 'isolation'>,
  isolations: readonly Isolation[],
): Promise<FoundIsolation> {
  const failures: string[] = [];
  for (const isolation of isolations) {
    if (isolation === 'bubblewrap' && request.runtime.filter === null) {
      failures.push('bubblewrap: it is for Linux on x86-64 and arm64');
      continue;
    }
    const confinement = { ...request, isolation };
    try {
      const first = await startConfinedProcess(confinement);
      return { confinement, detail: detailOf(isolation, failures), first };
    } catch (error) {
      failures.push(`${isolation}: ${wordsOf(error)}`);
    }
  }
  throw new Error(failures.join('; '));
}

function detailOf(isolation: Isolation, failures: readonly string[]): string {
  if (isolation === 'bubblewrap')
    return `${SUBJECT}, network, files of the host and the right to start others (bubblewrap).`;
  const why = failures.length === 0 ? '' : ` Not used: ${failures.join('; ')}`;
  return `${SUBJECT}, under the permission model of Node.js; machine code that is taken over in one reaches the network and what its user can read.${why}`;
}

/** What is told of a host where no process starts. */
export function noIsolation(error: unknown): DecoderProbe {
  return { isolation: 'none', detail: `Images, documents and archives cannot be read: ${wordsOf(error)}` };
}
