// Lint rules: the recommended ones that know types, and what the layers forbid by habit.
// From base to core nothing reads a clock, draws randomness, waits, prints or touches the process:
// all of that arrives as input, or the same history could not be replayed.

import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

const pureLayers = ['base', 'crypto', 'codec', 'core'].map((layer) => `src/${layer}/**/*.ts`)

const impureGlobals = [
  'Date',
  'Promise',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'queueMicrotask',
  'process',
  'console',
  'Buffer',
  'crypto',
  'fetch',
  'globalThis',
].map((name) => ({
  name,
  message: 'This layer is pure: let it arrive as input or leave as effect.',
}))

const impureSyntax = [
  ':function[async=true]',
  'AwaitExpression',
  'ForOfStatement[await=true]',
  'ImportExpression',
  'TSTypeReference[typeName.name=/^(Promise|PromiseLike)$/]',
].map((selector) => ({ selector, message: 'This layer is synchronous: nothing here waits.' }))

const noRandom = {
  object: 'Math',
  property: 'random',
  message: 'Randomness comes from the environment, or a run could not be repeated.',
}

export default defineConfig(
  { ignores: ['dist/', 'coverage/', 'node_modules/'] },
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-restricted-properties': ['error', noRandom],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/output/**', 'src/cli/output.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    files: pureLayers,
    rules: {
      'no-restricted-globals': ['error', ...impureGlobals],
      'no-restricted-syntax': ['error', ...impureSyntax],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: ['**/*.js', '**/*.cjs'], ...tseslint.configs.disableTypeChecked },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
)
