import { readFileSync } from 'node:fs';
import { maxHeaderSize } from 'node:http';
import path from 'node:path';
import { expect, it } from 'vitest';

it('nginx passes headers as large as the service takes, and the host with its port', () => {
  const nginx = readFileSync(path.join(import.meta.dirname, '../deploy/proxies/nginx.conf'), 'utf8');
  const [, kilobytes = '0'] = /^\s*large_client_header_buffers \d+ (\d+)k;/m.exec(nginx) ?? [];
  expect(Number(kilobytes) * 1024).toBeGreaterThanOrEqual(maxHeaderSize);
  expect(nginx).toContain('proxy_set_header Host $http_host;');
});
