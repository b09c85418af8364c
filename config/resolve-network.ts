import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AppError } from '../core/errors.ts';
import { certificatesIn } from '../providers/network/outbound-network.ts';
import { splitNoProxy } from '../providers/network/no-proxy.ts';
import { parseProxyServer } from '../providers/network/proxy-server.ts';
import type { Environment } from './environment.ts';
import type { Settings } from './schema.ts';

/** The settings of the network, with what the environment says where they say nothing. */
export type ResolvedNetwork = Omit<Settings['network'], 'no_proxy'> & {
  no_proxy: string[];
  /** URLs, with credentials; null: no proxy. */
  https_proxy: string | null;
  http_proxy: string | null;
  /** What `ca_file` holds, in PEM. */
  authorities: string | null;
};

/** Settings win over the environment, and there the small letters over the capitals, as with curl. Throws `bad_config`. */
export function resolveNetwork(network: Settings['network'], environment: Environment): ResolvedNetwork {
  const { proxy, no_proxy: exceptions, ca_file: file } = network;
  const variable = (name: string): { from: string; value: string } | null => {
    for (const from of [name, name.toUpperCase()]) {
      const value = environment[from]?.trim();
      if (value) return { from: `The environment variable ${from}`, value };
    }
    return null;
  };
  const set = proxy === null || proxy.trim() === 'none' ? null : { from: 'network.proxy', value: proxy };
  const all = proxy === null ? variable('all_proxy') : null;
  const plain = proxy === null ? (variable('http_proxy') ?? all) : set;
  const secure = proxy === null ? (variable('https_proxy') ?? all ?? plain) : set;
  return {
    ...network,
    no_proxy: exceptions ?? splitNoProxy(variable('no_proxy')?.value ?? ''),
    https_proxy: checked(secure),
    http_proxy: checked(plain),
    authorities: file === null ? null : readAuthorities(file),
  };
}

function checked(given: { from: string; value: string } | null): string | null {
  if (given === null) return null;
  const proxy = parseProxyServer(given.value);
  if ('problem' in proxy) {
    throw new AppError('bad_config', `${given.from}: ${proxy.problem}; set it so, or unset it.`);
  }
  return given.value.trim();
}

function readAuthorities(file: string): string {
  const refuse = (what: string, cause?: unknown): never => {
    throw new AppError('bad_config', `network.ca_file: ${file} ${what}`, { cause });
  };
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    refuse(`cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  const certificates = certificatesIn(text);
  if (certificates.length === 0) {
    refuse(
      'holds no certificate in PEM (-----BEGIN CERTIFICATE-----); convert one in DER by `openssl x509 -inform der`.',
    );
  }
  for (const [index, certificate] of certificates.entries()) {
    try {
      void new X509Certificate(certificate);
    } catch (cause) {
      refuse(`: its certificate ${index + 1} is damaged.`, cause);
    }
  }
  return `${certificates.join('\n')}\n`;
}
