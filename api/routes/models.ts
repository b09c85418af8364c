import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { toModelInfo } from '../../core/models/model-info.ts';
import type { OfferedModels } from '../../core/models/offered-models.ts';
import { ModelInfo, ModelListQuery, ModelPage } from '../../core/schema/model.ts';
import { defineRoute, type Route } from '../route.ts';

const tag = 'Models';

/** The routes of models. */
export function modelRoutes(deps: { models: OfferedModels }): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/models',
      operationId: 'listModels',
      summary: 'List the models that agents can use',
      tag,
      rate: 'read',
      query: ModelListQuery,
      response: ModelPage,
      handle: ({ query, warn }) => {
        const { caution } = deps.models;
        if (caution !== null) warn(caution);
        const now = new Date();
        const wanted = query.lifecycle ?? ['active', 'deprecated'];
        const listed = deps.models
          .list()
          .map((entry) => toModelInfo(entry, now))
          .filter(({ lifecycle }) => wanted.includes(lifecycle));
        const after = placeOf(listed, 'after_id', query.after_id);
        const before = placeOf(listed, 'before_id', query.before_id);
        const end = before ?? listed.length;
        const start = after !== null ? after + 1 : before === null ? 0 : Math.max(0, before - query.limit);
        const data = listed.slice(start, Math.min(end, start + query.limit));
        const hasMore = before !== null && after === null ? start > 0 : start + data.length < end;
        return {
          data,
          has_more: hasMore,
          first_id: data[0]?.id ?? null,
          last_id: data.at(-1)?.id ?? null,
        };
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/models/{model_id}',
      operationId: 'getModel',
      summary: 'Get a model',
      tag,
      rate: 'read',
      params: z.object({ model_id: z.string().min(1).max(256) }),
      response: ModelInfo,
      handle: async ({ params: { model_id: id } }) => {
        await deps.models.confirm(id, 'model_id');
        const entry = deps.models.resolve(id);
        if (!entry)
          throw new AppError('not_found', `model_id: there is no model ${JSON.stringify(id)} here.`);
        return toModelInfo(entry, new Date());
      },
    }),
  ];
}

function placeOf(listed: readonly { id: string }[], name: string, id: string | undefined): number | null {
  if (id === undefined) return null;
  const place = listed.findIndex((model) => model.id === id);
  if (place === -1)
    throw new AppError('invalid_request', `${name}: ${JSON.stringify(id)} is not in this list`);
  return place;
}
