import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTE_MAP } from '../../../api/route-map.ts';
import { startApi, type TestApi } from '../../harness/start-api.ts';

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; parameters: { name: string; in: string }[] }>>;
  components: { schemas: Record<string, object> };
}

let api: TestApi;
let document: Document;
beforeAll(async () => {
  api = await startApi();
  document = (await (await fetch(`${api.url}/openapi.json`)).json()) as Document;
});
afterAll(async () => api.stop());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  );

describe('the OpenAPI document', () => {
  it('has every route of the API, whatever their parameters are called', () => {
    const plain = (method: string, path: string) =>
      `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, '{}')}`;
    const described = new Set(operations().map(({ method, path }) => plain(method, path)));
    for (const entry of ROUTE_MAP) {
      const [method, path] = entry.split(' ') as [string, string];
      expect(described).toContain(plain(method, path));
    }
    expect(document.openapi).toBe('3.1.0');
  });

  it('names each operation once, and each parameter of its path', () => {
    const ids = operations().map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, parameters } of operations()) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)).toEqual(
        named,
      );
    }
  });

  it('refers only to schemas that it has', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, target]) => target ?? '',
    );
    expect(references.length).toBeGreaterThan(50);
    for (const reference of new Set(references)) {
      expect(document.components.schemas).toHaveProperty(reference.replace('#/components/schemas/', ''));
    }
  });
});
