import type { ModelProvider, ModelStreamPart } from '../../providers/model/model-provider.ts';
import type { ToolResult, ToolRunner } from '../../tools/tool-runner.ts';
import { startSessionLab } from './session-lab.ts';
import type { TestServices } from './start-test-services.ts';

/** What `spawnLabWorker` passes on. */
export interface LabWorkerSettings {
  services: Omit<TestServices, 'stop'>;
  name: string;
  stageUrl: string;
}

/** A worker in a process of its own: the lab's pieces, the model and the sandbox of the test that started it. Ends when it is killed. */
const settings = JSON.parse(process.argv[2] ?? '') as LabWorkerSettings;

async function ask<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const init = { method: 'POST', body: JSON.stringify(body), ...(signal ? { signal } : {}) };
  const response = await fetch(`${settings.stageUrl}${path}`, init);
  if (!response.ok) throw new Error(await response.text());
  const { value } = (await response.json()) as { value: T };
  return value;
}

const provider: ModelProvider = {
  name: 'test',
  async *stream(request, signal) {
    yield* await ask<ModelStreamPart[]>('/model', request, signal);
  },
};

const runner: ToolRunner = {
  async run(call, mode, signal) {
    if (call.input['command'] === 'hold') await ask('/hold', { toolUseId: call.toolUseId });
    try {
      return await ask<ToolResult>('/run', { call, mode }, signal);
    } catch (error) {
      if (signal.aborted) await ask('/kill', call);
      throw error;
    }
  },
  async kill(call) {
    await ask('/kill', call);
  },
};

const services = { ...settings.services, stop: async () => undefined };
const lab = await startSessionLab({ provider, runner, services, name: settings.name });
await lab.registry.join();
await lab.startWorker();
lab.takeover.start();
process.stdout.write('ready\n');
