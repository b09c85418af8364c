import type { ModelInfo } from '@anthropic-ai/sdk/resources/models';
import { Cpu } from 'lucide-react';
import { effortsOf } from '../agents/efforts-of.ts';
import { tokens } from '../format/tokens.ts';
import { Empty } from '../ui/empty.tsx';
import { Loading } from '../ui/loading.tsx';
import { Page } from '../ui/page.tsx';
import { Problem } from '../ui/problem.tsx';
import { useModels } from './use-models.ts';
import { ShortText } from '../text/short-text.tsx';

/** The models that agents can use here. */
export function ModelsPage() {
  const models = useModels();
  return (
    <Page title="Models">
      <p className="page-note">
        Models come from the service’s settings: <code>models</code> and <code>providers</code> in{' '}
        <code>config.yaml</code>. A model whose vendor has no key here is refused when an agent is saved.
      </p>
      {models.isPending && <Loading />}
      {models.error && <Problem error={models.error} onRetry={() => void models.refetch()} />}
      {models.data?.length === 0 && <Empty icon={Cpu} title="No models." />}
      {models.data && models.data.length > 0 && (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" className="cell-number">
                Context
              </th>
              <th scope="col" className="cell-number">
                Output
              </th>
              <th scope="col" className="cell-wide">
                Can
              </th>
            </tr>
          </thead>
          <tbody>
            {models.data.map((model) => (
              <tr key={model.id} className="row">
                <td className="cell-main">
                  <span>
                    <ShortText text={model.display_name} />
                  </span>
                  <span className="cell-sub">
                    <ShortText text={model.id} />
                  </span>
                </td>
                <td className="cell-number">
                  {model.max_input_tokens === null ? '–' : tokens(model.max_input_tokens)}
                </td>
                <td className="cell-number">{model.max_tokens === null ? '–' : tokens(model.max_tokens)}</td>
                <td className="cell-wide cell-quiet">
                  <ShortText text={abilitiesOf(model).join(', ') || 'text'} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Page>
  );
}

function abilitiesOf(model: ModelInfo): string[] {
  const { capabilities } = model;
  const efforts = effortsOf(model);
  return [
    capabilities?.image_input?.supported ? 'images' : '',
    capabilities?.pdf_input?.supported ? 'PDF' : '',
    capabilities?.thinking?.supported ? 'thinking' : '',
    efforts.length > 0 ? `effort ${efforts.join('/')}` : '',
  ].filter((ability) => ability !== '');
}
