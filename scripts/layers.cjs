// The table of layers: what each folder of src/ may import, from us and from others.
// Imports point one way only, from the bottom of this table to the top; the core has floors of its own.
// `dependency-cruiser.cjs` turns the table into rules; test/architecture.test.ts shows that they bite.

/** Folders of src/, their allowed imports (regular expressions under src/), packages, Node modules. */
const layers = {
  base: { imports: [], packages: [], node: false },
  crypto: { imports: ['base/'], packages: ['@noble/[^/]+'], node: 'native\\.ts$' },
  codec: { imports: ['base/'], packages: [], node: false },
  core: { imports: ['base/', 'crypto/', 'codec/'], packages: [], node: false },
  ports: { imports: ['base/'], typeImports: ['core/'], packages: [], node: false },
  adapters: {
    imports: ['base/', 'crypto/', 'codec/', 'ports/'],
    typeImports: ['core/'],
    packages: ['.+'],
    node: true,
  },
  node: {
    imports: ['base/', 'crypto/', 'codec/', 'core/', 'ports/', 'adapters/'],
    packages: ['yaml', 'zod'],
    node: true,
  },
  api: {
    imports: ['base/', 'node/'],
    packages: ['hono', '@hono/node-server', 'ws', 'zod'],
    node: true,
  },
  cli: { imports: ['base/', 'api/contract'], packages: ['commander'], node: true },
  lab: {
    imports: [
      'base/',
      'crypto/',
      'codec/',
      'core/',
      'ports/',
      'adapters/memory/',
      'node/driver',
      'api/contract',
    ],
    packages: ['yaml', 'zod', 'vega', 'vega-lite', '@noble/[^/]+', 'ws'],
    node: true,
  },
  web: { imports: [], typeImports: ['api/contract'], packages: ['.+'], node: false },
}

/** What narrower places may import on top of their layer; `dynamic` ones by import() only. */
const exceptions = [
  { from: 'cli/commands/', dynamicImports: ['node/', 'api/', 'core/', 'lab/'] },
  {
    from: 'lab/engine/inproc/',
    dynamicImports: [
      'node/',
      'api/daemon',
      'adapters/libp2p/libp2p',
      'adapters/system/clock',
      'adapters/telemetry/',
    ],
  },
  {
    from: 'lab/engine/bent/',
    dynamicImports: ['adapters/libp2p/libp2p', 'adapters/system/clock'],
  },
]

/** The technology of each adapter: no other adapter may use it. */
const adapterPackages = {
  libp2p: ['libp2p', '@libp2p/[^/]+', '@chainsafe/[^/]+', '@multiformats/[^/]+', 'uint8arraylist'],
  level: ['level'],
  memory: ['memory-level'],
  system: [],
  telemetry: ['pino', 'prom-client'],
}

/** Floors of the core from below: a folder imports lower floors only, never a neighbour. */
const coreFloors = [
  ['identity', 'message', 'presence'],
  ['constitution', 'transcript'],
  ['membership', 'epoch', 'attestation', 'anti-entropy', 'meta', 'evidence'],
  ['validity', 'order', 'election', 'equivocation', 'key-share'],
  ['replica', 'export'],
  ['endpoint'],
]

module.exports = { layers, exceptions, adapterPackages, coreFloors }
