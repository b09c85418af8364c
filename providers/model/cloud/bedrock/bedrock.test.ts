import { afterAll, beforeAll } from 'vitest';
import { claudeModel } from '../../../../core/models/claude-models.ts';
import { startBedrock } from '../../../../test/cloud-doubles/bedrock.ts';
import type { CloudFront } from '../../../../test/cloud-doubles/cloud-front.ts';
import { modelProviderContract } from '../../contract.ts';
import { LIMITS } from '../../contract/subject.ts';
import { createBedrockProvider } from './bedrock.ts';

const ACCOUNT = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'eu-central-1',
  service: 'bedrock',
};

let signed: CloudFront;
beforeAll(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = ACCOUNT.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = ACCOUNT.secretAccessKey;
  signed = await startBedrock(ACCOUNT);
});
afterAll(async () => {
  await signed.close();
});

modelProviderContract({
  name: 'Claude on Bedrock',
  model: 'claude-opus-5-5',
  keepsThinking: true,
  countsEarly: true,
  countsTokens: false,
  streamsArguments: true,
  reportsCacheWrites: true,
  stops: ['end_turn', 'tool_use', 'max_tokens', 'refusal', 'context_overflow'],
  make({ url, limits }) {
    signed.upstream = url;
    return createBedrockProvider({
      entry: { ...claudeModel('claude-opus-5-5'), fastMode: false },
      connection: {
        protocol: 'bedrock',
        baseUrl: signed.url,
        apiKey: null,
        timeoutSeconds: 30,
        stallSeconds: 10,
        cloud: { at: 'bedrock', region: ACCOUNT.region, profile: null },
      },
      through: 'aws',
      baseUrl: signed.url,
      apiKey: null,
      limits: { ...LIMITS, ...limits },
      extraHeaders: {},
      extraBody: {},
    });
  },
});
