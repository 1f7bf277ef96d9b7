import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Correctness only: Prettier decides layout, `test/architecture.test.ts` decides who may import whom. */
export default defineConfig(
  {
    ignores: [
      '**/node_modules/',
      '.tenantry/',
      'build/',
      'coverage/',
      'packages/*/dist/',
      'web/build/',
      'web/.svelte-kit/',
      'test/fixtures/',
      '**/*.svelte',
    ],
  },
  eslint.configs.recommended,
  tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true },
      ],
      // A schema and the type made from it share their name: `Tenant` is both, one word for one thing.
      '@typescript-eslint/no-redeclare': 'off',
      'no-undef': 'off',
      'no-control-regex': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['**/*.ts'],
    ignores: ['web/**'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        // mocha registers suites by calling them; what they return is nobody's to await.
        { allowForKnownSafeCalls: ['describe', 'it', 'before', 'after', 'beforeEach', 'afterEach'] },
      ],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['test/browser/**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "CallExpression[callee.object.name='assert'] AwaitExpression CallExpression[callee.property.name=/^(inputValue|textContent|innerText|allInnerTexts|isVisible|isHidden|isChecked|isDisabled|isEnabled|count|getAttribute)$/]",
          message: 'A page follows its answers by moments: wait for what it shows, by `becomes` or `waitFor`.',
        },
      ],
    },
  },
);
