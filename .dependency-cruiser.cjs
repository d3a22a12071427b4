/**
 * Imports run one way: ui -> playground -> {projection, host} -> engine/world -> engine/machine -> engine/process ->
 * engine/{broker, controller, zookeeper, client} -> engine/{log, zookeeper-client, network-client} -> engine/protocol -> engine/kernel.
 * Tests may reach further: they may use npm packages, Node and src/testing.
 */
/** Tests, and what only tests import. */
const TEST = '(\\.test|test-support|/test-[a-z-]+|/disk-contract|/runs-suite)\\.tsx?$';

/** What each engine folder may import besides itself. */
const LIBRARIES = ['log', 'zookeeper-client', 'network-client'];
const PARTS = ['broker', 'controller', 'zookeeper', 'client'];
const ENGINE = {
  kernel: [],
  protocol: ['kernel'],
  log: ['protocol', 'kernel'],
  'zookeeper-client': ['protocol', 'kernel'],
  'network-client': ['protocol', 'kernel'],
  broker: [...LIBRARIES, 'protocol', 'kernel'],
  controller: [...LIBRARIES, 'protocol', 'kernel'],
  zookeeper: [...LIBRARIES, 'protocol', 'kernel'],
  client: [...LIBRARIES, 'protocol', 'kernel'],
  process: [...PARTS, ...LIBRARIES, 'protocol', 'kernel'],
  machine: ['process', ...PARTS, ...LIBRARIES, 'protocol', 'kernel'],
  world: ['machine', 'process', ...PARTS, ...LIBRARIES, 'protocol', 'kernel'],
  invariants: ['world', 'machine', 'process', ...PARTS, ...LIBRARIES, 'protocol', 'kernel'],
};

const engineRules = Object.entries(ENGINE).map(([folder, allowed]) => ({
  name: `engine-${folder}`,
  comment: `engine/${folder} imports only ${[...allowed, 'itself'].join(', ')}.`,
  severity: 'error',
  from: { path: `^src/engine/${folder}/`, pathNot: TEST },
  to: { path: '^src/', pathNot: `^src/engine/(${[folder, ...allowed].join('|')})/` },
}));

const LAYERS = {
  projection: ['engine'],
  host: ['engine'],
  playground: ['projection', 'host', 'engine'],
  ui: ['playground', 'projection', 'host', 'engine'],
  cli: ['playground', 'projection', 'host', 'testing', 'engine'],
};

const layerRules = Object.entries(LAYERS).map(([folder, allowed]) => ({
  name: `layer-${folder}`,
  comment: `${folder} imports only ${[...allowed, 'itself'].join(', ')}.`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: TEST },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...engineRules,
    ...layerRules,
    {
      name: 'engine-folder-unknown',
      comment: 'Every folder of the engine has its place in the order of imports.',
      severity: 'error',
      from: { path: '^src/engine/[^/]+/', pathNot: `^src/engine/(${Object.keys(ENGINE).join('|')})/` },
      to: {},
    },
    {
      name: 'engine-is-pure',
      comment: 'The engine imports no npm package and nothing of Node.',
      severity: 'error',
      from: { path: '^src/engine/', pathNot: [TEST, '^src/engine/protocol/generate/'] },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown', 'core'] },
    },
    {
      name: 'ui-knows-engine-and-host-by-type-only',
      severity: 'error',
      from: { path: '^src/ui/', pathNot: TEST },
      to: { path: '^src/(engine|host)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'react-in-ui-only',
      severity: 'error',
      from: { path: '^src/(engine|projection|host|playground|cli)/' },
      to: { path: 'node_modules/(react|react-dom|@xstate/react|d3-[a-z]+)/' },
    },
    {
      name: 'page-without-node',
      comment: 'What runs in the page imports nothing of Node.',
      severity: 'error',
      from: { path: '^src/(projection|host|playground|ui)/', pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'testing-for-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: [TEST, '^src/testing/', '^src/cli/', '^src/engine/protocol/generate/'] },
      to: { path: '^src/testing/' },
    },
    {
      name: 'nobody-imports-a-test',
      severity: 'error',
      from: {},
      to: { path: '\\.test\\.tsx?$' },
    },
    {
      name: 'test-support-for-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: [TEST, '^src/testing/'] },
      to: { path: TEST },
    },
    {
      name: 'no-cycles',
      comment: 'Types may refer to each other across files, code may not.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'only-declared-packages',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-development-packages-in-the-page',
      severity: 'error',
      from: { path: '^src/(engine|projection|host|playground|ui)/', pathNot: TEST },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
