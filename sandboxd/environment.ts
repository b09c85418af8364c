import { existsSync } from 'node:fs';

import { PROXY_PORT } from './egress-relay.ts';
import { PROCESS_MARK } from './processes.ts';
import type { Settings } from './settings.ts';

const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** Programs that bring a list of authorities of their own trust those of the system as well. */
function certificateEnvironment(): Record<string, string> {
  if (!existsSync(CERTIFICATES)) return {};
  return {
    NODE_EXTRA_CA_CERTS: CERTIFICATES,
    SSL_CERT_FILE: CERTIFICATES,
    REQUESTS_CA_BUNDLE: CERTIFICATES,
    PIP_CERT: CERTIFICATES,
    CURL_CA_BUNDLE: CERTIFICATES,
    GIT_SSL_CAINFO: CERTIFICATES,
  };
}

/** What makes programs use the proxy. Each of them reads its own spelling. */
function proxyEnvironment(): Record<string, string> {
  const proxy = `http://127.0.0.1:${PROXY_PORT}`;
  const none = 'localhost,127.0.0.1,::1';
  return {
    http_proxy: proxy,
    https_proxy: proxy,
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    ALL_PROXY: proxy,
    all_proxy: proxy,
    no_proxy: none,
    NO_PROXY: none,
    // Node's own fetch looks at these variables only when it is told to.
    NODE_USE_ENV_PROXY: '1',
    npm_config_update_notifier: 'false',
    ...certificateEnvironment(),
  };
}

/**
 * The environment of sandboxd's own programs, also of those that switch to the agent's user. No folder that the agent can write is on their
 * search path, and no variable of commands changes what they load.
 */
export function ownEnvironment(settings: Settings): Record<string, string> {
  return {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    ...(settings.processes === 'own' ? { [PROCESS_MARK]: settings.boot } : {}),
  };
}

/** The words that give a program an environment, for after the switch to the agent's user. */
export function environmentWords(environment: Record<string, string>): string[] {
  return ['env', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
}

/** The whole environment of commands: nothing is inherited, and programs are told that nobody answers their questions. */
export function commandEnvironment(
  settings: Pick<Settings, 'path' | 'home' | 'variables' | 'egressSocket' | 'processes' | 'boot'>,
): Record<string, string> {
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
    ...settings.variables,
    ...(settings.egressSocket === null ? {} : proxyEnvironment()),
    ...(settings.processes === 'own' ? { [PROCESS_MARK]: settings.boot } : {}),
  };
}

/** The same without what points programs to the proxy. */
export function withoutProxy(environment: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/proxy/i.test(name)));
}
