import { PROCESS_MARK } from './processes.ts';
import type { Settings } from './settings.ts';

/** The whole environment of commands: nothing is inherited, and programs are told that nobody answers their questions. */
export function commandEnvironment(settings: Settings): Record<string, string> {
  return {
    PATH: settings.path,
    HOME: settings.home,
    USER: 'agent',
    LOGNAME: 'agent',
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    TERM: 'dumb',
    CI: '1',
    PAGER: 'cat',
    GIT_PAGER: 'cat',
    GIT_TERMINAL_PROMPT: '0',
    DEBIAN_FRONTEND: 'noninteractive',
    PIP_NO_INPUT: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PYTHONUNBUFFERED: '1',
    ...(settings.processes === 'own' ? { [PROCESS_MARK]: settings.boot } : {}),
  };
}
