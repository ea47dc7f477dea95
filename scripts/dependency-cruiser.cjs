// The rules of dependency-cruiser, made from the table of layers. Run them with: npm run layers
// Imports of types count like any other import: a type from above ties as tightly as a function.

const { layers, exceptions, adapterPackages, coreFloors } = require('./layers.cjs')

const under = (paths) => paths.map((path) => `^src/${path}`)
const packagePath = (names) => `(^|/)node_modules/(${names.join('|')})/`

const forbidden = []

/** Adds one rule; `why` is what a person reads when it is broken. */
function forbid(name, why, from, to) {
  forbidden.push({ name, comment: why, severity: 'error', from, to })
}

/** Imports of one place: its own allowance, its types, and what it may load dynamically. */
function limitImports(name, from, allowed) {
  const { imports = [], typeImports = [], dynamicImports = [] } = allowed
  const always = under(imports)
  forbid(`${name}-imports`, `${name} may not import this at all`, from, {
    path: '^src/',
    pathNot: [...always, ...under(typeImports), ...under(dynamicImports)],
  })
  if (typeImports.length > 0) {
    forbid(`${name}-types-only`, `${name} may import only types from there`, from, {
      path: under(typeImports),
      pathNot: always,
      dependencyTypesNot: ['type-only'],
    })
  }
  if (dynamicImports.length > 0) {
    forbid(`${name}-dynamic-only`, `${name} may reach that by import() only`, from, {
      path: under(dynamicImports),
      pathNot: always,
      dynamic: false,
    })
  }
}

for (const [layer, { imports, typeImports, packages, node }] of Object.entries(layers)) {
  const special = exceptions.filter(({ from }) => from.startsWith(`${layer}/`))
  const from = { path: `^src/${layer}/`, pathNot: under(special.map((place) => place.from)) }
  limitImports(layer, from, { imports: [...imports, `${layer}/`], typeImports })
  for (const place of special) {
    limitImports(
      place.from,
      { path: `^src/${place.from}` },
      {
        imports: [...imports, `${layer}/`, ...(place.imports ?? [])],
        typeImports,
        dynamicImports: place.dynamicImports,
      },
    )
  }
  forbid(
    `${layer}-packages`,
    `${layer} may not use this package`,
    { path: `^src/${layer}/` },
    {
      path: '(^|/)node_modules/',
      ...(packages.length > 0 && { pathNot: packagePath(packages) }),
    },
  )
  if (node === true) continue
  const except = node === false ? {} : { pathNot: node }
  forbid(
    `${layer}-node`,
    `${layer} must run without Node`,
    { path: `^src/${layer}/`, ...except },
    { dependencyTypes: ['core'] },
  )
}

const adapters = Object.keys(adapterPackages)
forbid(
  'adapters-named',
  'an adapter needs a row in scripts/layers.cjs',
  { path: '^src/' },
  { path: '^src/adapters/', pathNot: under(adapters.map((adapter) => `adapters/${adapter}/`)) },
)
for (const [adapter, packages] of Object.entries(adapterPackages)) {
  const from = { path: `^src/adapters/${adapter}/` }
  forbid('adapters-siblings', 'adapters never import each other', from, {
    path: '^src/adapters/',
    pathNot: `^src/adapters/${adapter}/`,
  })
  forbid('adapters-technology', 'that package belongs to another adapter', from, {
    path: '(^|/)node_modules/',
    ...(packages.length > 0 && { pathNot: packagePath(packages) }),
  })
}

const folders = coreFloors.flat()
const coreRoot = (names) => `^src/core/(${names.join('|')})(/|\\.ts$)`
forbid(
  'core-folder-unknown',
  'a folder of the core needs a floor in scripts/layers.cjs',
  { path: '^src/core/' },
  { path: '^src/core/[^/]+/', pathNot: coreRoot(folders) },
)
forbid(
  'core-root-below-floors',
  'the words of the core (env, input, effect and the like) stand below all floors',
  { path: '^src/core/[^/]+\\.ts$', pathNot: coreRoot(folders) },
  { path: coreRoot(folders) },
)
for (const [floor, names] of coreFloors.entries()) {
  for (const name of names) {
    const above = folders.filter(
      (other) => other !== name && !coreFloors.slice(0, floor).flat().includes(other),
    )
    if (above.length === 0) continue
    forbid(
      `core-floor-${floor + 1}-${name}`,
      'a folder of the core imports lower floors only, never a neighbour or a higher floor',
      { path: coreRoot([name]) },
      { path: coreRoot(above) },
    )
  }
}

forbid(
  'surface',
  'the public surface is the library: no command line, lab or pages',
  {
    path: '^src/index\\.ts$',
  },
  { path: '^src/(cli|lab|web)/' },
)
forbid(
  'nobody-imports-surface',
  'inside, import the file that defines the thing',
  {
    path: '^src/',
  },
  { path: '^src/index\\.ts$' },
)
forbid('unresolvable', 'this import leads nowhere', { path: '^src/' }, { couldNotResolve: true })
forbid(
  'circle',
  'modules that need each other at run time are one module',
  { path: '^src/' },
  {
    circular: true,
    viaOnly: { dependencyTypesNot: ['type-only'] },
  },
)
forbid(
  'undeclared-package',
  'a package that is used must be a dependency in package.json',
  { path: '^src/' },
  { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
)

module.exports = {
  forbidden,
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node'] },
  },
}
