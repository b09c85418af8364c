import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROUTE_MAP } from '../api/route-map.ts';
import { errorRow, type ErrorCode } from '../core/errors.ts';
import { sdkRoutes } from './sdk-routes.ts';
import { ID_PREFIXES } from '../core/ids.ts';

/** What clients rely on, written down a second time: a change here is a change of the API. */
describe('the API keeps', () => {
  it('the status and the type of each error', () => {
    const pinned: Partial<Record<ErrorCode, string>> = {
      invalid_request: '400 invalid_request_error never',
      unauthenticated: '401 authentication_error never',
      forbidden: '403 permission_error never',
      not_found: '404 not_found_error never',
      method_not_allowed: '405 invalid_request_error never',
      conflict: '409 conflict_error never',
      precondition_failed: '412 invalid_request_error never',
      too_large: '413 request_too_large never',
      rate_limited: '429 rate_limit_error later',
      internal: '500 api_error later',
      not_implemented: '501 api_error never',
      unavailable: '503 api_error later',
      commit_unknown: '503 api_error later',
    };
    for (const [code, expected] of Object.entries(pinned) as [ErrorCode, string][]) {
      const { http, type, retry } = errorRow(code);
      expect(`${http} ${type} ${retry}`, code).toBe(expected);
    }
  });

  it('the prefixes of ids', () => {
    expect(ID_PREFIXES).toMatchObject({
      agent: 'agent',
      environment: 'env',
      session: 'sesn',
      event: 'sevt',
      thread: 'sthr',
      resource: 'sesrsc',
      file: 'file',
      request: 'req',
    });
  });

  it('its routes', () => {
    expect(ROUTE_MAP).toHaveLength(97);
    expect(new Set(ROUTE_MAP).size).toBe(ROUTE_MAP.length);
    for (const resource of [
      'agents',
      'environments',
      'sessions',
      'files',
      'skills',
      'vaults',
      'memory_stores',
      'deployments',
      'dreams',
    ]) {
      expect(ROUTE_MAP).toContain(`POST /v1/${resource}`);
      expect(ROUTE_MAP).toContain(`GET /v1/${resource}`);
    }
  });
});

it('every route that the official client asks for has its place', async () => {
  const asked = await sdkRoutes();
  const known = new Set(ROUTE_MAP.map((entry) => entry.replace(/\{\w+\}/g, '{}')));
  expect(asked.size).toBeGreaterThan(80);
  expect([...asked].filter((route) => !known.has(route))).toEqual([]);
  expect([...known].filter((route) => !asked.has(route))).toEqual([]);
});

/** What this repository builds itself. */
const OWN_IMAGES = ['managed-agent', 'managed-agent-sandbox'];

it('every image that is pulled is pinned by digest', () => {
  const files = [
    'docker-compose.yml',
    'deploy/docker-sandboxes.yml',
    'deploy/Dockerfile',
    'sandboxd/Dockerfile',
  ];
  const images = files.flatMap((file) => {
    const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
    const stages = [...text.matchAll(/^FROM \S+ AS (\S+)/gm)].map(([, name]) => name);
    return [...text.matchAll(/^(?:\s*image:|FROM|COPY --from=) ?(\S+)/gm)]
      .map(([, image = '']) => image)
      .filter((image) => !OWN_IMAGES.includes(image) && !stages.includes(image));
  });
  expect(images.length).toBeGreaterThanOrEqual(8);
  expect(images.filter((image) => !/^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/.test(image))).toEqual([]);
});

it('compose publishes the port of the api and no other', () => {
  const { services } = parse(readFileSync(new URL('../docker-compose.yml', import.meta.url), 'utf8'), {
    merge: true,
  }) as { services: Record<string, { ports?: string[] }> };
  const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
    ports.map((port) => `${name} ${port}`),
  );
  expect(published).toEqual(['api 127.0.0.1:${API_PORT:-8080}:8080']);
});
