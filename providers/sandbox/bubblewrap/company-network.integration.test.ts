import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  makeAuthority,
  startCorporateProxy,
  type CorporateProxy,
} from '../../../test/doubles/corporate-proxy.ts';
import { NO_NETWORK_SETTINGS } from '../../network/proxy-route.ts';
import { createSandboxLab } from '../testing/sandbox-lab.ts';
import { findChromium } from './find-chromium.ts';

describe('a bubblewrap sandbox behind a company’s proxy that inspects TLS', () => {
  const company = makeAuthority();
  const site = createServer((request, response) =>
    response.end(`<title>served</title>served ${request.url}`),
  );
  let proxy: CorporateProxy;
  let lab: ReturnType<typeof createSandboxLab>;
  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      site.listen(0, '127.0.0.1', resolve);
    });
    const { port } = site.address() as AddressInfo;
    proxy = await startCorporateProxy({
      hosts: { 'site.example.com': port },
      credentials: 'me:s3cr3tword',
      inspectsWith: company,
    });
    lab = createSandboxLab({
      environmentOf: () => Promise.resolve({ network: { mode: 'limited', hosts: ['site.example.com'] } }),
      wayOut: {
        ...NO_NETWORK_SETTINGS,
        httpsProxy: proxy.url,
        httpProxy: proxy.url,
        proxyResolves: true,
        authorities: company.pem,
      },
    });
  });
  afterAll(async () => {
    site.close();
    await lab.close();
    proxy.close();
    company.remove();
  });

  it('lets its programs through, and they trust the company’s authority', async () => {
    const sandbox = lab.sandbox();
    const url = 'https://site.example.com';
    const run = async (command: string): Promise<string> => (await lab.bash(sandbox, command)).text;
    expect(await run(`curl -sS ${url}/curl`)).toContain('served /curl');
    expect(await run(`curl -sS http://site.example.com/plain`)).toContain('served /plain');
    expect(await run(`node -e "fetch('${url}/node').then((r) => r.text()).then(console.log)"`)).toContain(
      'served /node',
    );
    expect(
      await run(`python3 -c "import urllib.request as u; print(u.urlopen('${url}/python').read().decode())"`),
    ).toContain('served /python');
    expect(await run(`git ls-remote ${url}/x 2>&1; echo git $?`)).toContain('git 0');
    expect(
      await run(`grep -ra s3cr3[t]word /proc/*/cmdline /proc/*/environ 2>/dev/null | wc -l; echo counted`),
    ).toMatch(/^0\ncounted/);
    const chromium = findChromium();
    if (chromium !== null) {
      expect(
        await run(
          `${chromium} --headless=new --no-sandbox --disable-gpu --proxy-server=$https_proxy --dump-dom ${url}/chromium 2>/dev/null`,
        ),
      ).toContain('served /chromium');
    }
    expect(proxy.inspected).toContain('site.example.com');
  });
});
