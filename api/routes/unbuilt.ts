import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { ROUTE_MAP } from '../route-map.ts';
import { defineStreamRoute, type Route, type RouteDescription } from '../route.ts';

/** The routes of the API's definition that are not among `built`: they answer 501. */
export function unbuiltRoutes(built: readonly Route[]): Route[] {
  const served = new Set(built.map(({ method, path }) => keyOf(method, path)));
  return ROUTE_MAP.flatMap((entry) => {
    const [method, path] = entry.split(' ') as [RouteDescription['method'], string];
    if (served.has(keyOf(method, path))) return [];
    return defineStreamRoute({
      method,
      path,
      operationId: operationIdOf(method, path),
      summary: 'Not offered by this service: answers 501',
      tag: 'Not offered',
      rate: 'none',
      params: paramsOf(path),
      content: 'application/json',
      handle: async () => {
        throw new AppError('not_implemented', `This service does not offer ${method} ${path}.`);
      },
    });
  });
}

/** Routes are the same when they differ in the names of their parameters only. */
function keyOf(method: string, path: string): string {
  return `${method} ${path.replace(/\{\w+\}/g, '{}')}`;
}

function paramsOf(path: string): z.ZodObject {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  return z.object(Object.fromEntries(names.map((name) => [name, z.string().max(256)])));
}

function operationIdOf(method: string, path: string): string {
  const words = path
    .replace('/v1/', '')
    .split(/[/_{}]+/)
    .filter((word) => word !== '');
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
