import { AioRefusal } from './bash.ts';

/** `/v1/browser/*` on a page in memory: elements that can be clicked and filled, tabs, a console. */
export interface AioBrowser {
  readonly done: string[];
  answer(method: string, route: string, body: object): unknown;
  picture(): Buffer;
}

const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);

export function createAioBrowser(): AioBrowser {
  const done: string[] = [];
  let url = 'about:blank';
  const elements = [
    { index: 0, tag: 'a', text: 'More', selector: '#more' },
    { index: 1, tag: 'input', text: '', selector: '#name' },
    { index: 2, tag: 'select', text: 'one two', selector: '#choice' },
  ];
  return {
    done,
    picture: () => PICTURE,
    answer(method, route, sent) {
      const body: Record<string, unknown> = { ...sent };
      const action = route.slice('/v1/browser/'.length);
      if (method !== 'GET') done.push(`${method} ${action} ${JSON.stringify(body)}`);
      switch (`${method} ${action}`) {
        case 'POST page/navigate':
          url = String(body['url']);
          return { url, title: 'A page' };
        case 'GET page/elements':
          return elements;
        case 'GET page/text':
          return `Text of ${url}`;
        case 'GET page/console':
          return [{ type: 'log', text: 'hello' }];
        case 'POST page/click':
        case 'POST page/fill':
          if (elements[Number(body['index'])] === undefined)
            throw new AioRefusal('Element index out of range');
          return {};
        case 'POST page/select_option':
          if (!elements.some(({ selector }) => selector === body['selector']))
            throw new AioRefusal('No such element');
          return {};
        case 'POST page/evaluate':
          return { expression: body['expression'] };
        case 'GET tabs':
          return [{ index: 0, url }];
        case 'POST page/back':
        case 'POST page/press_key':
        case 'POST page/hot_key':
        case 'POST page/scroll':
        case 'POST page/scroll_to_element':
        case 'POST page/record':
        case 'POST tabs':
          return {};
        default:
          return /^(?:PUT|DELETE) tabs\/\d+/.test(`${method} ${action}`) ? {} : undefined;
      }
    },
  };
}
