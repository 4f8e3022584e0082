import tseslint from 'typescript-eslint';

// What the compiler and test/tidy.test.ts don't see: promises that nobody waits for.
export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.tap/', 'tools/'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      // tap waits for its own tests.
      '@typescript-eslint/no-floating-promises': ['error', {
        allowForKnownSafeCalls: [{ from: 'package', name: 'test', package: '@tapjs/core' }],
      }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-unused-vars': ['error', {
        argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true,
      }],
      'no-console': ['error', { allow: ['error', 'warn'] }],
      eqeqeq: 'error',
      'prefer-const': 'error',
    },
  },
  { files: ['bin/**', 'bench/**', 'examples/**', 'test/**'], rules: { 'no-console': 'off' } },
  {
    // tap waits for its subtests itself.
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-floating-promises': ['error', {
        allowForKnownSafePromises: [
          { from: 'package', name: 'PromiseWithSubtest', package: '@tapjs/core' },
        ],
      }],
    },
  },
);
