import { writeFileSync } from 'node:fs';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { BundleOrder } from './workflow-bundle.ts';

/**
 * Bundles the workflow code, as a process of its own: the bundler keeps about 180 MB for as long as its process lives, which a worker
 * would hold for good. The order is its only argument, as JSON.
 */
const order = JSON.parse(process.argv[2] ?? '') as BundleOrder;
const { code } = await bundleWorkflowCode({
  workflowsPath: order.workflowsPath,
  logger: new DefaultLogger('WARN'),
  ...(order.failureConverterPath !== undefined && { failureConverterPath: order.failureConverterPath }),
});
writeFileSync(order.target, code);
