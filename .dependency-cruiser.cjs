/** The dependency arrows: which folder may import which. ARCHITECTURE.md draws them. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: '\\.test\\.ts$|/contract\\.ts$' },
  to: { pathNot: allowed, dependencyTypesNot: ['type-only'] },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    only(
      'core-is-pure',
      '^core/',
      '^(core/|node_modules/(zod|yaml)/)',
      'core has no I/O: it imports zod, yaml (text to data) and itself.',
    ),
    only(
      'workflows-are-sandboxed',
      '^workflows/',
      '^(core/|workflows/|node_modules/@temporalio/(workflow|common))',
      'Workflow code runs in the Temporal sandbox; activities may be imported as types only.',
    ),
    {
      name: 'entries-are-ends',
      severity: 'error',
      from: { pathNot: '^(test|bench|examples)/' },
      to: { path: '^(server|worker|start)\\.ts$' },
    },
    {
      name: 'wiring-is-for-entries',
      comment:
        'wiring/ makes the parts from the settings; parts themselves take what they need as arguments.',
      severity: 'error',
      from: { pathNot: '^(server|worker|start)\\.ts$|^(wiring|operations|supervisor|test|bench|examples)/' },
      to: { path: '^wiring/' },
    },
    {
      name: 'product-imports-no-tests',
      severity: 'error',
      from: {
        pathNot: '^(test|bench|examples)/|^vitest\\.config\\.ts$|\\.test\\.ts$|/contract\\.ts$|/contract/',
      },
      to: { path: '^(test|bench|examples)/|\\.test\\.ts$|/contract\\.ts$|/contract/' },
    },
    {
      name: 'api-and-worker-are-apart',
      severity: 'error',
      from: { path: '^api/' },
      to: { path: '^(activities|tools|sandboxd|supervisor)/' },
    },
    {
      name: 'providers-know-core-only',
      severity: 'error',
      from: { path: '^providers/([^/]+)/', pathNot: '\\.test\\.ts$|/contract\\.ts$' },
      to: {
        path: '^(api|activities|tools|workflows|supervisor|setup|operations|config\\.ts)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'config-reads-the-environment',
      comment: 'config.ts is the only reader of the environment; entries pass the parsed value on.',
      severity: 'error',
      from: { path: '^(core|workflows|activities|tools|providers|api|sandboxd)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^config\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'addresses-have-one-door',
      comment:
        'Names that agents and clients give are resolved and checked by public-hosts.ts, which cannot be had without any part of the check.',
      severity: 'error',
      from: {
        path: '^(core|workflows|activities|tools|providers|api|wiring|sandboxd)/',
        pathNot: '^providers/network/|\\.test\\.ts$',
      },
      to: {
        path: '^(providers/network/(public-address|special-networks|name-lookup|resolver-files|turns)\\.ts|(node:)?dns(/promises)?)$',
      },
    },
    {
      name: 'console-talks-to-the-api',
      comment: 'The console is a client like any other: of the rest of the repository it takes types only.',
      severity: 'error',
      from: { path: '^console/', pathNot: '\\.test\\.tsx?$' },
      to: {
        path: '^(core|api|activities|workflows|tools|providers|wiring|supervisor|setup|operations|sandboxd|config|test|bench|examples)[/.]',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'console-is-served-built',
      comment: 'What runs in the browser is built from console/; nothing on the server imports it.',
      severity: 'error',
      from: { pathNot: '^console/' },
      to: { path: '^console/' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        pathNot:
          '^workflows/encoded-failures\\.ts$|\\.(test|config|bench)\\.ts$|^\\.|\\.d\\.ts$|^(test|bench|examples|setup|sandboxd|skills)/|^console/public/',
      },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(node_modules|data|dist|console/dist[^/]*)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.json', '.css'] },
  },
};
