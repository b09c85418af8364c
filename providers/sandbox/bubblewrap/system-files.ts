import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';

import { certificatesIn } from '../../network/outbound-network.ts';
import { seccompFilter, type SeccompVariant } from './seccomp.ts';

/** Files that every sandbox of this host sees instead of the host's own, and the system call filter. */
export interface SystemFiles {
  folder: string;
  /** The file of the filter for a host that bounds so much by other means. */
  seccomp(variant: SeccompVariant): string;
  empty: string;
  /** The authorities of the system and the operator's own, as the sandbox sees them under /etc; null: those of the host, as they are. */
  authorities: string | null;
}

/** For what runs a program of the service, and none of the agent's. */
export const STRICTEST: SeccompVariant = { isMemoryCounted: false, isDiskSized: false };

const VARIANTS: readonly SeccompVariant[] = [false, true].flatMap((isMemoryCounted) =>
  [false, true].map((isDiskSized) => ({ isMemoryCounted, isDiskSized })),
);

function fileOf({ isMemoryCounted, isDiskSized }: SeccompVariant): string {
  return `seccomp${isMemoryCounted ? '-counted' : ''}${isDiskSized ? '-sized' : ''}.bpf`;
}

const CONTENTS: Record<string, string> = {
  passwd: [
    'root:x:0:0:sandbox keeper:/:/usr/sbin/nologin',
    'agent:x:1000:1000:agent:/home/agent:/bin/bash',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    '',
  ].join('\n'),
  group: 'root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n',
  hosts: '127.0.0.1 localhost sandbox\n::1 localhost\n',
  'nsswitch.conf':
    'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n',
  'resolv.conf': '',
  hostname: 'sandbox\n',
  'chromium-policy.json': '{"EncryptedClientHelloEnabled": false}\n',
  'firefox-policy.json': '{"policies": {"DisableEncryptedClientHello": true}}\n',
  empty: '',
};

/** Names in the folder that appear in /etc of the sandbox. */
export const SYNTHETIC_ETC = [
  'passwd',
  'group',
  'hosts',
  'nsswitch.conf',
  'resolv.conf',
  'hostname',
] as const;

/**
 * Where browsers find what they are told of the machine: that they must not hide the server name of TLS (ECH), or seem to, since limited
 * networks let only those connections through of which they see where they lead.
 */
export const BROWSER_POLICIES: readonly { file: string; place: string }[] = [
  ...['chromium', 'opt/chrome', 'opt/chrome_for_testing'].map((name) => ({
    file: 'chromium-policy.json',
    place: `/etc/${name}/policies/managed/sandbox.json`,
  })),
  { file: 'firefox-policy.json', place: '/etc/firefox/policies/policies.json' },
];

/** Where programs of a Debian system, and those that are told by variables, find the authorities. */
export const AUTHORITIES_PLACE = '/etc/ssl/certs/ca-certificates.crt';

/** As Chromium takes it in a policy: DER in base64. */
const derOf = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '');

/** What differs where the operator has authorities of their own. */
function withAuthorities(pem: string): Record<string, string> {
  const chromium = { EncryptedClientHelloEnabled: false, CACertificates: certificatesIn(pem).map(derOf) };
  const system = existsSync(AUTHORITIES_PLACE)
    ? readFileSync(AUTHORITIES_PLACE, 'utf8')
    : rootCertificates.join('\n');
  return {
    'chromium-policy.json': `${JSON.stringify(chromium)}\n`,
    [AUTHORITIES]: `${system.trimEnd()}\n${pem}`,
  };
}

const AUTHORITIES = 'authorities.pem';

/**
 * Writes the files once; `version` changes when the contents of this module do.
 *
 * @param pem - authorities that the operator trusts besides the system's.
 */
export function prepareSystemFiles(base: string, pem: string | null = null): SystemFiles {
  const version = 'system-5';
  const own = pem === null ? {} : withAuthorities(pem);
  const suffix =
    pem === null ? '' : `-${createHash('sha256').update(JSON.stringify(own)).digest('hex').slice(0, 16)}`;
  const folder = join(base, 'runtime', `${version}-${process.arch}${suffix}`);
  const files: SystemFiles = {
    folder,
    seccomp: (variant) => join(folder, fileOf(variant)),
    empty: join(folder, 'empty'),
    authorities: pem === null || !existsSync(AUTHORITIES_PLACE) ? null : join(folder, AUTHORITIES),
  };
  if (existsSync(folder)) return files;
  const building = `${folder}.${process.pid}-${Date.now()}`;
  mkdirSync(building, { recursive: true, mode: 0o755 });
  for (const [name, content] of Object.entries({ ...CONTENTS, ...own }))
    writeFileSync(join(building, name), content, { mode: 0o644 });
  for (const variant of VARIANTS)
    writeFileSync(join(building, fileOf(variant)), seccompFilter(process.arch, variant), { mode: 0o644 });
  try {
    renameSync(building, folder);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return files;
}
