/** The table of layers (docs/design.md), enforced. Tests stand outside it. */
const room = name => `^src/${name}/`
const allowed = {
  contract: [],
  ports: ['contract'],
  access: ['contract', 'ports'],
  control: ['contract', 'ports'],
  datastore: ['ports'],
  jobs: ['contract', 'ports', 'control', 'datastore'],
  commands: ['contract', 'ports', 'control', 'datastore'],
  http: ['contract', 'ports', 'access', 'control', 'replica-wire'],
  adapters: ['contract', 'ports', 'nbd-wire', 'replica-wire'],
  'replica-wire': ['ports'],
  'nbd-wire': [],
  client: ['contract'],
  'client-commands': ['contract', 'client'],
  nbd: ['contract', 'ports', 'control', 'nbd-wire'],
}
const tests = '\\.test\\.ts$|/suite[^/]*\\.ts$'

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(allowed).map(([from, to]) => ({
      name: `direction-of-${from}`,
      severity: 'error',
      from: { path: room(from), pathNot: tests },
      to: { path: '^src/', pathNot: [from, ...to].map(room) },
    })),
    {
      name: 'operations-stand-alone',
      comment: 'an operation does not call another; what they share is in <noun>-rules.ts or <noun>-view.ts',
      severity: 'error',
      from: {
        path: '^src/control/.+/(add|create|delete|list|show|update|remove|restore|migrate|set|batch)-[^/]+$',
        pathNot: tests,
      },
      to: { path: '^src/control/.+/(add|create|delete|list|show|update|remove|restore|migrate|set|batch)-[^/]+$' },
    },
    {
      name: 'adapters-stand-alone',
      severity: 'error',
      from: { path: '^src/adapters/([^/]+)/', pathNot: tests },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/$1/' },
    },
    {
      name: 'packages-at-the-edge',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: `^src/(adapters|http|client-commands)/|^src/contract/check\\.ts$|^src/(main|config[^/]*|compose)\\.ts$|${tests}`,
      },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'rules-touch-no-machine',
      severity: 'error',
      from: { path: '^src/(contract|ports|access|control)/', pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.gen\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
