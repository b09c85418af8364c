import { writeFileSync } from 'node:fs';
import { renderExample } from './render-example.ts';
import { listSettings } from './setting-list.ts';

/** `npm run config:example`: writes `config.example.yaml` anew after a change to the settings. */
writeFileSync('config.example.yaml', renderExample(listSettings()));
