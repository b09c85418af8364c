import type { LostUsage } from '../core/journal/span-detail.ts';
import { textTokens } from '../core/session/context/estimate-tokens.ts';
import type { ModelStreamPart, ModelUsage } from '../providers/model/model-provider.ts';
import { sumUsage } from '../providers/model/sum-usage.ts';
import type { PreparedRequest } from './request/build-model-request.ts';
import { stepUsage } from './step-usage.ts';

/** Follows what the requests of an attempt use, so that it is counted also where no answer comes of them. */
export interface RequestMeter {
  /** Begins with a request; what it returns takes each part of its stream. */
  begin(prepared: PreparedRequest): (part: ModelStreamPart) => void;
  /** What all of them have used by now, as far as the vendor said; null: it said nothing. */
  lost(): LostUsage | null;
}

interface Metered {
  prepared: PreparedRequest;
  usage: ModelUsage | null;
  /** What the model has written since the vendor's count began, as far as it shows. */
  text: string[];
}

export function createRequestMeter(): RequestMeter {
  const requests: Metered[] = [];
  return {
    begin(prepared) {
      const metered: Metered = { prepared, usage: null, text: [] };
      requests.push(metered);
      return (part) => {
        if (part.type === 'usage') metered.usage = part.usage;
        if (part.type === 'text-delta') metered.text.push(part.text);
        if (part.type === 'finish') {
          metered.usage = part.response.usage;
          metered.text = [];
        }
      };
    },
    lost() {
      const used = requests.flatMap((metered) => usageSoFar(metered));
      const [first] = requests;
      if (first === undefined || used.length === 0) return null;
      const { usage, priced, speed } = stepUsage(first.prepared, used.reduce(sumUsage));
      return { usage, priced, speed };
    },
  };
}

/** Some vendors count the prompt at the start and the answer at the end only: what came of it until then is an estimate. */
function usageSoFar({ usage, text }: Metered): ModelUsage[] {
  if (usage === null) return [];
  return [{ ...usage, output_tokens: Math.max(usage.output_tokens, textTokens(text.join(''))) }];
}
