import type { IncomingModelRequest } from '../../format.ts';
import { hasLoneSurrogate } from '../../lone-surrogates.ts';
import { conversationViolations } from './conversation-rules.ts';
import type { IssuedAnswers } from './issued.ts';
import { mediaViolations } from './media-rules.ts';
import { modelViolations } from './model-rules.ts';
import { AnthropicRequest } from './request-schema.ts';

const MAX_CACHE_MARKERS = 4;

/** Everything the Messages API would refuse about a request, and what this service should never send. */
export function anthropicViolations(incoming: IncomingModelRequest, issued: IssuedAnswers): string[] {
  const parsed = AnthropicRequest.safeParse(incoming.body);
  if (!parsed.success)
    return [
      ...headerViolations(incoming),
      ...parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
    ];
  const request = parsed.data;
  const names = (request.tools ?? []).map(({ name }) => name);
  const duplicates = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  const markers = JSON.stringify(request).split('"cache_control":').length - 1;
  return [
    ...headerViolations(incoming),
    ...(hasLoneSurrogate(incoming.body) ? ['body: lone surrogates'] : []),
    ...(markers > MAX_CACHE_MARKERS ? [`${String(markers)} cache markers, at most 4`] : []),
    ...[...duplicates].map((name) => `tools: two of the name ${name}`),
    ...conversationViolations(request),
    ...mediaViolations(request),
    ...modelViolations(request, incoming.headers),
    ...issued.violations(request.messages),
  ];
}

function headerViolations({ method, headers }: IncomingModelRequest): string[] {
  const violations: string[] = [];
  if (method !== 'POST') violations.push(`method ${method}`);
  if (headers['content-type']?.startsWith('application/json') !== true)
    violations.push('content-type is not application/json');
  if (!/^\d{4}-\d{2}-\d{2}$/.test(headers['anthropic-version'] ?? ''))
    violations.push('no anthropic-version header');
  if (headers['authorization'] === undefined && headers['x-api-key'] === undefined)
    violations.push('no credentials');
  return violations;
}
